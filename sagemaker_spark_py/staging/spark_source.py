"""Formats that this library does not write itself: Spark's own writers, through the Hadoop file system."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from sagemaker_spark_py.errors import DataError, SettingError, StagingError
from sagemaker_spark_py.service.objects import list_objects
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging.failures import extended, reported
from sagemaker_spark_py.staging.formats import FORMATS
from sagemaker_spark_py.staging.plan import SparkPlan, project
from sagemaker_spark_py.staging.staged import Part

_NO_MARKER = "mapreduce.fileoutputcommitter.marksuccessfuljobs"
_NEEDS = (
    "Spark's data source {!r} needs Hadoop's file system for S3 (hadoop-aws) and credentials of its own; "
    "the formats {} need neither."
)
_S3_CLASS = "spark.hadoop.fs.s3.impl"
_ON_EMR = "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version.emr_internal_use_only.EmrFileSystem"
"""Set in every Spark of EMR, whose file system serves ``s3:``; elsewhere hadoop-aws serves ``s3a:``."""


def write_by_spark(
    dataset: DataFrame, place: Place, session: Session, plan: SparkPlan, instances: int, shards: int | None
) -> tuple[Part, ...]:
    """Write with a data source of Spark and return the objects that hold data.

    Runs on the driver. Needs a Hadoop file system for S3 (hadoop-aws, or EMR's) with its own credentials.
    Exactly once is what Spark's committer makes it.

    Raises
    ------
    DataError
        If there are no rows, or too few for the instances.
    SettingError
        If compressed objects are announced and the data source did not write such.
    StagingError
        If Spark fails.
    """
    frame = project(dataset, plan.columns) if plan.columns else dataset
    with reported(place.uri):
        if frame.isEmpty():
            raise DataError(f"DataFrame for {place.uri} has no rows; expected some to train on.")
    parts = _save(frame if shards is None else frame.repartition(shards), place, session, plan)
    if len(parts) < instances:
        parts = _save(frame.repartition(instances), place, session, plan)
    if len(parts) < instances:
        raise DataError(
            f"DataFrame for {place.uri} gives too few objects: {len(parts)}; expected one for each of "
            f"{instances} instances. Use fewer instances or FullyReplicated data."
        )
    if plan.gzip and not all(part.key.endswith(".gz") for part in parts):
        raise SettingError(
            f"Format {plan.source!r} does not write gzip objects such as the channel announces. "
            "Set trainingCompressionCodec to None or use a format of text."
        )
    return parts


def _save(frame: DataFrame, place: Place, session: Session, plan: SparkPlan) -> tuple[Part, ...]:
    options = {**({"compression": "gzip"} if plan.gzip else {}), **dict(plan.options), _NO_MARKER: "false"}
    target = f"{_scheme(frame.sparkSession)}://{place.bucket}/{place.prefix}"
    try:
        with reported(place.uri):
            frame.write.format(plan.source).options(**options).mode("overwrite").save(target)
    except StagingError as error:
        raise extended(error, _NEEDS.format(plan.source, ", ".join(FORMATS))) from error
    found = list_objects(session, place)
    return tuple(Part(o.key, None, o.bytes) for o in found if o.bytes and _is_data(o.key, place))


def _scheme(spark: SparkSession) -> str:
    on_emr = spark.conf.get(_ON_EMR, "") or "EmrFileSystem" in str(spark.conf.get(_S3_CLASS, ""))
    return "s3" if on_emr else "s3a"


def _is_data(key: str, place: Place) -> bool:
    """Tell data from markers and leftovers; Spark itself hides the same names."""
    names = key.removeprefix(place.key("")).split("/")
    return not any(_is_hidden(name) for name in names) and not names[-1].endswith("$folder$")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_")) and "=" not in name
