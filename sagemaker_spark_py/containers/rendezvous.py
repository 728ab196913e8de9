"""How the hosts of one local training job bring their data together.

On AWS the hosts of a job share a network and exchange gradients or centers. Here each host is a process,
and all of them see one folder (``SAGEMAKER_LOCAL_RENDEZVOUS``). A host puts its part of a sharded channel
there as one ``.npz`` file and is done; the first host of the sorted list waits for all parts and trains on
them. So every row counts once, as on AWS.
"""

from __future__ import annotations

import logging
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sagemaker_spark_py.containers.job import Job
from sagemaker_spark_py.errors import ContainerError

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.02

Arrays = Mapping[str, np.ndarray]


def hand_over(job: Job, name: str, arrays: Arrays) -> None:
    """Put this host's part where the leading host looks for it; it appears there at once and whole."""
    path = _part(job, name, job.host)
    unfinished = path.with_suffix(".unfinished")
    save_arrays(unfinished, arrays)
    unfinished.replace(path)


def collect(job: Job, name: str) -> list[Arrays]:
    """Wait for the parts of all other hosts and return them in the order of `job.hosts`.

    A host that fails never delivers; the local SageMaker then stops the whole job, this process included.
    """
    others = [host for host in job.hosts if host != job.host]
    _LOG.info("%s waits for channel '%s' of %s", job.host, name, ", ".join(others))
    return [_load_when_there(_part(job, name, host)) for host in others]


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write `arrays` as an uncompressed ``.npz`` under exactly this name; arrays of objects are refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # not by np.savez, which pickles objects in NumPy before 2.2
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read what `save_arrays` wrote; files with pickled objects are refused."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _part(job: Job, name: str, host: str) -> Path:
    if job.rendezvous is None:
        raise ContainerError(
            f"The {len(job.hosts)} hosts of the job cannot meet: SAGEMAKER_LOCAL_RENDEZVOUS is not set; "
            "expected a folder that all of them see"
        )
    return job.rendezvous / f"{name}-{host}.npz"


def _load_when_there(path: Path) -> dict[str, np.ndarray]:
    while not path.exists():
        time.sleep(_POLL_SECONDS)
    return load_arrays(path)
