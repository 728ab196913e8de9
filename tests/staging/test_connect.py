"""The same over Spark Connect, in a process of its own, which has either this session or a classic one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from .reading import read_channel, records

SCRIPT = """
import json, sys
from pyspark.sql import SparkSession
from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging import plan, write
from staging.reading import numbered

url, bucket = sys.argv[1:]
place, session = Place(bucket, "over/connect"), Session("us-east-1", endpointUrls=(("s3", url),))
spark = SparkSession.builder.remote("local[2]").getOrCreate()
frame = numbered(spark, 10, 2)
staged = write(frame, place, session, plan(frame.schema), instances=2)
bad = spark.range(0, 6, 1, 2).selectExpr("array(if(id = 5, null, id)) as features")
try:
    write(bad, place, session, plan(bad.schema))
except DataError as error:
    print(json.dumps([staged.manifest, staged.place.prefix, len(staged.parts), str(error)]))
spark.stop()
"""


@pytest.mark.slow
def test_spark_connect_stages_the_same(server, place, s3, keys) -> None:
    pytest.importorskip("pyspark.sql.connect.session", exc_type=Exception)
    paths = [str(Path(__file__).parents[i]) for i in (2, 1)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYSPARK_PYTHON": sys.executable}
    environment["SPARK_TESTING"] = "1"  # any free port instead of a fixed one

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, server, place.bucket],
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    manifest, prefix, objects, error = json.loads(done.stdout.splitlines()[-1])
    staged = SimpleNamespace(place=place, manifest=manifest)
    assert read_channel(s3, staged) == [records(0, 5), records(5, 10)]
    assert error.startswith("Partition 1, batch from row 0 on: Column 'features' holds a null")
    assert len(keys()) == objects + 1  # nothing of the second DataFrame
    assert all(key.startswith(prefix) for key in keys())
