"""DataFrames to S3 so that each row is in exactly one object of the channel.

Every task attempt writes objects of its own below a prefix that belongs to one call alone, and reports them.
Spark hands over the reports of one attempt per partition: those objects are the data, whatever failed,
repeated or speculative attempts may have left beside them. A manifest names them.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from pyspark.sql import DataFrame, Row

from sagemaker_spark_py.errors import DataError, SageMakerSparkError, SettingError, StagingError
from sagemaker_spark_py.service.objects import delete_objects
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging import lanes
from sagemaker_spark_py.staging.failures import extended, reported
from sagemaker_spark_py.staging.manifest import manifest_key, write_manifest
from sagemaker_spark_py.staging.plan import Plan, SparkPlan, project
from sagemaker_spark_py.staging.shares import Share, is_even, shares_for
from sagemaker_spark_py.staging.spark_source import write_by_spark
from sagemaker_spark_py.staging.staged import Part, Staged, clear
from sagemaker_spark_py.staging.task import Task

KILL_SECONDS = 3.0
"""Spark kills the Python worker of a cancelled task after 2 s (``spark.python.task.killTimeout``)."""

_log = logging.getLogger(__name__)


def write(
    dataset: DataFrame,
    place: Place,
    session: Session,
    plan: Plan | SparkPlan,
    *,
    manifest: bool = True,
    instances: int = 1,
    shards: int | None = None,
) -> Staged:
    """Write a DataFrame to S3; the objects that are returned hold each row exactly once.

    Runs on the driver; the executors write. The data set is evaluated once, or a second time where instances
    would get nothing, or much less than others; partitions are then written as several objects each. Nothing
    is shuffled. Empty partitions write nothing.

    Parameters
    ----------
    dataset : DataFrame
        Its rows.
    place : Place
        A fresh prefix is made below it.
    session : Session
        How to reach S3, from driver and executors.
    plan : Plan or SparkPlan
        What to write, as `plan` settled it from the schema of `dataset`.
    manifest : bool
        Whether the channel takes a manifest; FastFile does not. Without one keep ``spark.speculation`` off:
        an attempt that still runs when this returns could add its object later.
    instances : int
        Instances that share the objects; 1 where each of them gets all.
    shards : int, optional
        Shuffle the rows to exactly so many objects of about the same size.

    Raises
    ------
    DataError, SettingError
        If there are too few rows or `shards`, or a value cannot be written.
    StagingError, AccessError, NotFoundError, ServiceError
        If Spark or S3 fails. In all cases what was written is deleted.
    """
    require_enough(shards, instances)
    own = replace(place, prefix=place.key(uuid.uuid4().hex))
    with undone_on_failure(session, own):
        parts, dim, skipped = _parts(dataset, own, session, plan, instances, shards)
        return Staged(session, own, parts, _commit(session, own, parts, manifest), dim, skipped)


def require_enough(shards: int | None, instances: int) -> None:
    """Refuse to write fewer objects than there are instances that need one."""
    if shards is not None and shards < instances:
        raise SettingError(f"Shards are too few: {shards}; expected one for each of {instances} instances.")


def _parts(
    dataset: DataFrame,
    place: Place,
    session: Session,
    plan: Plan | SparkPlan,
    instances: int,
    shards: int | None,
) -> tuple[tuple[Part, ...], int | None, int]:
    """Write the objects and return them, the size of the vectors, and how many rows were left out."""
    if isinstance(plan, SparkPlan):
        return write_by_spark(dataset, place, session, plan, instances, shards), None, 0
    reports, skipped = _evenly(dataset, Task(session, place, plan), instances, shards)
    if skipped:
        _log.warning("Left out %d rows with invalid values; the rest is at %s.", skipped, place.uri)
    reports = sorted(reports, key=lambda report: report.key)
    return tuple(Part(r.key, r.rows, r.bytes, r.checksum) for r in reports), _common_dim(reports), skipped


def _commit(session: Session, place: Place, parts: Iterable[Part], manifest: bool) -> str | None:
    """Fix which objects are the data: by a manifest, whose key is returned, or by deleting all others."""
    keys = [part.key for part in parts]
    if manifest:
        return write_manifest(session, place, keys)
    clear(session, place, keep=keys)
    return None


@contextmanager
def undone_on_failure(session: Session, place: Place) -> Iterator[None]:
    """Delete what was written below the place, and its manifest, if the block fails or is interrupted."""
    try:
        yield
    except BaseException as error:
        try:
            tasks_may_run = not isinstance(error, SageMakerSparkError) or error.__cause__ is not None
            _undo(session, place, tasks_may_run)
        except SageMakerSparkError as left:
            more = f"What was written was not removed: {left} Delete what begins with {place.uri} yourself."
            if isinstance(error, Exception):
                raise extended(error, more) from error
            _log.error("Interrupted. %s", more)
        raise


def _undo(session: Session, place: Place, tasks_may_run: bool) -> None:
    delete_objects(session, place, [manifest_key(place)])
    clear(session, place)
    if tasks_may_run:
        # Spark ends other tasks of a failed job without waiting; they may finish an object until then.
        time.sleep(KILL_SECONDS)
        clear(session, place)


def _evenly(dataset: DataFrame, task: Task, instances: int, shards: int | None) -> tuple[list[Row], int]:
    """Write the objects, a second time if they are too few or too uneven."""
    frame = project(dataset, task.plan.columns.names)
    frame = frame.toDF(*(f"c{i}" for i in range(len(frame.columns))))  # mapInArrow takes plain names only
    reports, skipped = _run(frame if shards is None else frame.repartition(shards), task)
    rows = Counter[int]()
    for report in reports:
        rows[report.partition] += report.rows
    _require_rows(rows.total(), shards or instances, task.place, skipped)
    if shards is None and not is_even(len(reports), instances):
        return _rewrite(frame, replace(task, shares=shares_for(rows, instances)), reports, instances)
    if shards not in (None, len(reports)):  # so few rows that chance left some shards empty
        share = Share(0, rows.total(), shards)
        return _rewrite(frame.coalesce(1), replace(task, shares=(share,)), reports, shards)
    return reports, skipped


def _rewrite(frame: DataFrame, task: Task, former: list[Row], least: int) -> tuple[list[Row], int]:
    delete_objects(task.session, task.place, (report.key for report in former))
    reports, skipped = _run(frame, task)
    if len(reports) < least:
        raise StagingError(
            f"Data for {task.place.uri} changed between two readings: {len(reports)} objects; expected at "
            f"least {least}. Cache or checkpoint the DataFrame first."
        )
    return reports, skipped


def _run(frame: DataFrame, task: Task) -> tuple[list[Row], int]:
    """Run the tasks; each partition is reported by exactly one attempt. Return objects and rows left out."""
    with reported(task.place.uri):
        reports = lanes.reports(frame, task).collect()
    attempts = {(report.partition, report.attempt) for report in reports}
    if len({partition for partition, _ in attempts}) != len(attempts):
        raise StagingError(
            f"Data for {task.place.uri} was reported twice; expected one attempt per partition."
        )
    skipped = sum(report.skipped or 0 for report in reports)
    return [report for report in reports if report.key is not None], skipped


def _require_rows(rows: int, least: int, place: Place, skipped: int) -> None:
    if rows == 0:
        why = f"has no valid rows: {skipped} were left out" if skipped else "has no rows"
        raise DataError(f"DataFrame for {place.uri} {why}; expected some to train on.")
    if rows < least:
        raise DataError(
            f"DataFrame for {place.uri} has too few rows: {rows}; expected at least {least}, one for each "
            "object. Use fewer instances or shards, or FullyReplicated data."
        )


def _common_dim(reports: list[Row]) -> int:
    first = reports[0]
    for report in reports:
        if report.dim != first.dim:
            raise DataError(
                f"Feature vectors differ in size: {report.dim} values in partition {report.partition}; "
                f"expected {first.dim} as in partition {first.partition}. Give all rows the same size."
            )
    return int(first.dim)
