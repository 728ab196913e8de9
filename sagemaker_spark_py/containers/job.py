"""The view of ``/opt/ml`` that a training container has.

Layout and file contents are those of AWS's developer guide, "How Amazon SageMaker Runs Your Training Image".
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FAILURE_CHARACTERS = 1024  # SageMaker reads no more of the failure file
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Channel:
    """One input channel: what inputdataconfig.json says of it, and where its data is.

    Attributes
    ----------
    name : str
        Channel name.
    content_type : str
        As in the job's request; ``""`` where the request has none.
    input_mode : str
        ``"File"``, ``"FastFile"`` or ``"Pipe"``.
    distribution : str
        ``"FullyReplicated"`` or ``"ShardedByS3Key"``.
    folder : Path
        ``input/data/<name>``; in Pipe mode the common stem of the FIFOs ``<name>_<epoch>``.
    """

    name: str
    content_type: str
    input_mode: str
    distribution: str
    folder: Path

    def files(self) -> list[Path]:
        """Return the files to read, by name: all below the folder, or the FIFO of the first epoch.

        A pipe is made when its epoch begins, so this waits for it.
        """
        if self.input_mode == "Pipe":
            return [_wait_for(self.folder.with_name(f"{self.name}_0"))]
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def read(self) -> Iterator[bytes]:
        """Yield the bytes of each file that is not empty or blank."""
        for path in self.files():
            content = path.read_bytes()
            if content and not content.isspace():
                yield content


@dataclass(frozen=True)
class Hosting:
    """What a hosting container is given.

    Attributes
    ----------
    model_dir : Path
        The unpacked ``model.tar.gz``.
    environment : mapping of str to str
        The model's environment and what SageMaker adds.
    tag : str
        Tag of the image.
    repository : str
        Name of the image.
    """

    model_dir: Path
    environment: Mapping[str, str]
    tag: str = "1"
    repository: str = ""


@dataclass(frozen=True)
class Job:
    """One training job as the container of one host sees it.

    Attributes
    ----------
    base : Path
        The folder that plays ``/opt/ml``.
    hyperparameters : dict of str to str
        As in the job's request.
    channels : dict of str to Channel
        By name.
    host : str
        This host's name, for example ``"algo-1"``.
    hosts : tuple of str
        All hosts of the job, sorted.
    rendezvous : Path or None
        Folder that all hosts of the job share; None where there is none.
    tag : str
        Tag of the training image.
    environment : mapping of str to str
        What the container was started with.
    """

    base: Path
    hyperparameters: dict[str, str]
    channels: dict[str, Channel]
    host: str
    hosts: tuple[str, ...]
    rendezvous: Path | None = None
    tag: str = "1"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_folder(cls, base: Path, environment: Mapping[str, str], tag: str = "1") -> Job:
        """Read the three config files below `base`; absent ones mean an empty job on one host."""
        config = base / "input" / "config"
        resources = _read_json(config / "resourceconfig.json")
        host = resources.get("current_host", "algo-1")
        rendezvous = environment.get("SAGEMAKER_LOCAL_RENDEZVOUS")
        return cls(
            base=base,
            hyperparameters=_read_json(config / "hyperparameters.json"),
            channels=_channels(base / "input" / "data", _read_json(config / "inputdataconfig.json")),
            host=host,
            hosts=tuple(sorted(resources.get("hosts", [host]))),
            rendezvous=Path(rendezvous) if rendezvous else None,
            tag=tag,
            environment=dict(environment),
        )

    @property
    def model_dir(self) -> Path:
        """Folder whose content becomes ``model.tar.gz``."""
        return self.base / "model"

    @property
    def leads(self) -> bool:
        """Whether this is the host that trains; the others hand their data to it."""
        return self.host == self.hosts[0]

    @property
    def has_failure(self) -> bool:
        """Whether the text that becomes the job's FailureReason is there."""
        return (self.base / "output" / "failure").is_file()

    def config(self, name: str) -> dict[str, Any]:
        """Return the content of a config file, ``{}`` where there is none."""
        return _read_json(self.base / "input" / "config" / f"{name}.json")

    def write_failure(self, text: str) -> None:
        """Write the text that becomes the job's FailureReason."""
        folder = self.base / "output"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "failure").write_text(text[:_FAILURE_CHARACTERS], encoding="utf-8")


def _channels(data: Path, config: Mapping[str, Any]) -> dict[str, Channel]:
    return {
        name: Channel(
            name=name,
            content_type=entry.get("ContentType", ""),
            input_mode=entry.get("TrainingInputMode", "File"),
            distribution=entry.get("S3DistributionType", "FullyReplicated"),
            folder=data / name,
        )
        for name, entry in config.items()
    }


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _wait_for(path: Path) -> Path:
    while not path.exists():
        time.sleep(_POLL_SECONDS)
    return path
