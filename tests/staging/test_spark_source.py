"""Spark's own writers. Hadoop's S3 client is not installed: ``s3a:`` is a folder, which is then copied."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sagemaker_spark_py.errors import DataError, SettingError, StagingError
from sagemaker_spark_py.jvm import accelerate, classpath_jars
from sagemaker_spark_py.service.objects import delete_objects
from sagemaker_spark_py.staging import plan, write
from sagemaker_spark_py.staging import spark_source as module

from .reading import numbered, read_channel, records

COMMITTER = "org.apache.hadoop.mapreduce.lib.output.FileOutputCommitterFactory"
VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"


@pytest.fixture
def hadoop(place, s3, tmp_path: Path, monkeypatch) -> dict[str, str]:
    """Options that let ``s3a://bucket/`` mean a folder; what Spark saved is copied when it is listed."""

    def listed(session, at):
        delete_objects(session, at, [found.key for found in original(session, at)])
        for path in tmp_path.rglob("*"):
            if path.is_file() and not path.name.endswith(".crc"):
                s3.put_object(Bucket=at.bucket, Key=str(path.relative_to(tmp_path)), Body=path.read_bytes())
        for marker in ("_SUCCESS", "deep_$folder$", "_temporary/0/part-00000", ".hidden", "deep/"):
            s3.put_object(Bucket=at.bucket, Key=f"{at.prefix}/{marker}", Body=b"x" * (marker != "deep/"))
        return original(session, at)

    original = module.list_objects
    monkeypatch.setattr(module, "list_objects", listed)
    monkeypatch.setattr("sagemaker_spark_py.staging.staged.list_objects", original)
    return {
        "fs.s3a.impl": VIEW,
        "fs.viewfs.overload.scheme.target.s3a.impl": VIEW,
        f"fs.viewfs.mounttable.{place.bucket}.linkFallback": tmp_path.as_uri(),
        "mapreduce.outputcommitter.factory.scheme.s3a": COMMITTER,
    }


def test_the_manifest_names_data_only(spark, session, place, s3, keys, hadoop, tmp_path) -> None:
    frame = numbered(spark, 6, 3).where("label != 2 and label != 3")
    chosen = plan(frame.schema, "json", hadoop, columns=["name", "label"])

    staged = write(frame, place, session, chosen)

    lines = b"".join(read_channel(s3, staged)).splitlines()
    assert sorted(json.loads(line)["label"] for line in lines) == [0, 1, 4, 5]
    assert json.loads(lines[0]) == {"name": "x", "label": 0}
    assert len(staged.parts) == 2
    assert (staged.rows, staged.dim, staged.s3DataType) == (None, None, "ManifestFile")
    assert not list(tmp_path.rglob("*_SUCCESS*"))
    staged.delete()
    assert keys() == []


def test_without_manifest_the_prefix_is_cleaned(spark, session, place, s3, hadoop) -> None:
    frame = numbered(spark, 4, 1)
    options = {**hadoop, "maxRecordsPerFile": "1"}

    staged = write(frame, place, session, plan(frame.schema, "json", options), manifest=False)

    assert len(staged.parts) == len(read_channel(s3, staged)) == 4


def test_gzip_is_what_the_objects_are(spark, session, place, s3, hadoop) -> None:
    frame = numbered(spark, 4, 1)

    staged = write(frame, place, session, plan(frame.schema, "json", hadoop, compression="Gzip"))

    assert all(b'"name":"x"' in gzip.decompress(body) for body in read_channel(s3, staged))
    with pytest.raises(SettingError, match="'orc' does not write gzip objects"):
        write(
            frame,
            place,
            session,
            plan(frame.schema, "orc", {**hadoop, "compression": "zlib"}, compression="Gzip"),
        )


def test_no_rows_are_an_error(spark, session, place, keys, hadoop) -> None:
    frame = numbered(spark, 4, 1).where("label < 0")

    with pytest.raises(DataError, match="has no rows"):
        write(frame, place, session, plan(frame.schema, "json", hadoop))

    assert keys() == []


def test_instances_get_an_object_each(spark, session, place, hadoop) -> None:
    frame = numbered(spark, 40, 1)
    chosen = plan(frame.schema, "json", hadoop)

    assert len(write(frame, place, session, chosen, instances=2).parts) == 2
    assert len(write(frame, place, session, chosen, instances=2, shards=3).parts) == 3
    with pytest.raises(DataError, match="gives too few objects: 1; expected one for each of 2 instances"):
        write(frame.limit(1), place, session, chosen, instances=2)


def test_a_cluster_without_hadoops_s3_is_told_what_to_do(spark, session, place, keys, monkeypatch) -> None:
    monkeypatch.setattr(sys.modules[write.__module__], "KILL_SECONDS", 0)
    frame = numbered(spark, 4, 1)

    with pytest.raises(
        StagingError, match=r"S3AFileSystem not found.* needs Hadoop's .*sagemaker, csv, libsvm"
    ):
        write(frame, place, session, plan(frame.schema, "json"))

    assert keys() == []


@pytest.mark.parametrize(
    ("conf", "scheme"),
    [
        ({}, "s3a"),
        ({"spark.hadoop.fs.s3.impl": "com.amazon.ws.emr.hadoop.fs.EmrFileSystem"}, "s3"),
        ({"spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem"}, "s3a"),
        ({module._ON_EMR: "2"}, "s3"),
    ],
)
def test_emr_has_its_own_scheme(conf, scheme) -> None:
    assert module._scheme(SimpleNamespace(conf=conf)) == scheme


@pytest.mark.skipif(not classpath_jars(), reason="the package was built without Maven")
def test_the_format_of_the_jar(spark, session, place, s3, hadoop) -> None:
    accelerate(spark)
    frame = numbered(spark, 6, 2)
    name = "sagemaker.spark.source.SageMakerFileFormat"

    staged = write(frame, place, session, plan(frame.schema, name, hadoop, columns=["label", "features"]))

    assert b"".join(read_channel(s3, staged)) == records(0, 6)
