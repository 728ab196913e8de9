"""What a worker needs does not grow with the partition; measured in a process that does nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import dataclasses, sys
import numpy as np, pyarrow as pa
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging import FORMATS, Plan, lanes
from sagemaker_spark_py.staging import task as module
from sagemaker_spark_py.staging.rows import Columns
from staging.partitions import Context

url, bucket, name, batches = sys.argv[1:]
module.TaskContext.get = lambda: Context()
session = Session("us-east-1", endpointUrls=(("s3", url),))
plan = Plan(FORMATS["sagemaker" if name == "java" else name], Columns("label", ("features",)))
task = module.Task(session, Place(bucket, "p"), plan)
numbers = np.random.default_rng(0).normal(size=1000 * 784)

def rows(count):
    for _ in range(count):  # 6 MiB each, as new as if they came from Spark
        lists = pa.ListArray.from_arrays(np.arange(1001, dtype=np.int32) * 784, numbers.copy())
        yield pa.record_batch({"c0": np.zeros(1000), "c1": lists})

def chunks(count):
    lengths = np.full(1317, 3184, np.int32).tobytes()
    for _ in range(count):  # 4 MiB each, as Java packs them
        columns = [[bytes(1317 * 3184), None], [lengths, None], pa.array([784, None], pa.int32())]
        yield pa.RecordBatch.from_arrays(list(map(pa.array, columns)), ["payloads", "lengths", "dim"])

work = module.write_partition
if name == "java":
    task = dataclasses.replace(task, plan=lanes._taken(plan))
    work, rows = lanes.write_chunks, chunks

def resident(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(field))

list(work(task, rows(1)))
idle = resident("VmRSS")
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")
list(work(task, rows(int(batches))))
print(resident("VmHWM") - idle)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are read the way of Linux")
@pytest.mark.parametrize(("name", "batches"), [("sagemaker", 100), ("csv", 15), ("libsvm", 15), ("java", 75)])
def test_memory_is_bounded(server, place, name, batches) -> None:
    """300 MB encoded stay under the 64 MiB over idle that a worker may need."""
    paths = [str(Path(__file__).parents[i]) for i in (2, 1)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, server, place.bucket, name, str(batches)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) <= 64
