"""DataFrames to S3 so that each row is in exactly one object of the channel."""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from pyspark.sql import DataFrame, Row

from sagemaker_spark_py.errors import DataError, SageMakerSparkError, SettingError, StagingError
from sagemaker_spark_py.service.objects import delete_objects
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging.failures import extended, reported
from sagemaker_spark_py.staging.manifest import manifest_key, write_manifest
from sagemaker_spark_py.staging.plan import Plan, SparkPlan, project
from sagemaker_spark_py.staging.shares import Share, is_even, shares_for
from sagemaker_spark_py.staging.spark_source import write_by_spark
from sagemaker_spark_py.staging.staged import Part, Staged, clear
from sagemaker_spark_py.staging.task import RESULT, Task, write_partition

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
    """Write a DataFrame to S3, on the executors, and return what holds its rows, each exactly once.

    Every task attempt writes objects of its own below a prefix that belongs to this call alone; the attempt
    that Spark accepts for a partition names what counts. Others may leave objects: no manifest names them,
    or, without manifest, they are deleted. Empty partitions write nothing. Partitions stay as they are unless
    `shards` is given; where they would leave instances without an even share, the DataFrame is read a second
    time and its partitions are written as several objects each.

    Parameters
    ----------
    dataset : DataFrame
        Its rows; evaluated once, or twice as said above.
    place : Place
        Where; a fresh prefix is made below it.
    session : Session
        How to reach S3, from driver and executors.
    plan : Plan or SparkPlan
        What to write, as `plan` settled it from the schema of `dataset`.
    manifest : bool
        Whether the channel takes a manifest; FastFile does not. Without one, an attempt that is still running
        when this returns could add its object later, so keep ``spark.speculation`` off.
    instances : int
        Instances that share the objects; 1 where each of them gets all.
    shards : int, optional
        Write exactly so many objects of about the same size.

    Raises
    ------
    DataError
        If there are no rows, fewer than `instances` or `shards`, or a value cannot be written.
    SettingError
        If `shards` is less than `instances`.
    StagingError, AccessError, NotFoundError, ServiceError
        If Spark or S3 fails. What was written until then is deleted.
    """
    _check_shards(shards, instances)
    own = replace(place, prefix=place.key(uuid.uuid4().hex))
    with _undone_on_failure(session, own):
        if isinstance(plan, SparkPlan):
            parts, dim = write_by_spark(dataset, own, session, plan, instances, shards), None
        else:
            parts, dim = _write_parts(dataset, Task(session, own, plan), instances, shards)
        keys = [part.key for part in parts]
        if not manifest:
            clear(session, own, keep=keys)
        named = write_manifest(session, own, keys) if manifest else None
    staged = Staged(session, own, parts, named, dim)
    _log.info("Staged %s rows, %d bytes, %d objects: %s", staged.rows, staged.bytes, len(parts), staged.uri)
    return staged


def _check_shards(shards: int | None, instances: int) -> None:
    if shards is not None and shards < instances:
        raise SettingError(
            f"Number of shards is too small: {shards}; expected at least {instances}, one for each instance."
        )


@contextmanager
def _undone_on_failure(session: Session, place: Place) -> Iterator[None]:
    """Delete what was written below the place if the block fails or is interrupted."""
    try:
        yield
    except BaseException as error:
        try:
            _undo(
                session, place, tasks_may_run=not isinstance(error, DataError) or error.__cause__ is not None
            )
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


def _write_parts(
    dataset: DataFrame, task: Task, instances: int, shards: int | None
) -> tuple[tuple[Part, ...], int]:
    """Write the objects, twice if they are too few or too uneven; return them and the vectors' size."""
    frame = project(dataset, task.plan.columns.names)
    frame = frame.toDF(*(f"c{i}" for i in range(len(frame.columns))))  # mapInArrow takes plain names only
    reports = _run(frame if shards is None else frame.repartition(shards), task)
    rows = Counter[int]()
    for report in reports:
        rows[report.partition] += report.rows
    _require_rows(rows.total(), shards or instances, task.place)
    if shards is None and not is_even(len(reports), instances):
        reports = _rewrite(frame, replace(task, shares=shares_for(rows, instances)), reports, instances)
    elif shards not in (None, len(reports)):  # so few rows that chance left some shards empty
        share = Share(0, rows.total(), shards)
        reports = _rewrite(frame.coalesce(1), replace(task, shares=(share,)), reports, shards)
    reports = sorted(reports, key=lambda report: report.key)
    return tuple(Part(r.key, r.rows, r.bytes, r.checksum) for r in reports), _common_dim(reports)


def _rewrite(frame: DataFrame, task: Task, former: list[Row], least: int) -> list[Row]:
    delete_objects(task.session, task.place, (report.key for report in former))
    reports = _run(frame, task)
    if len(reports) < least:
        raise StagingError(
            f"Data for {task.place.uri} changed between two readings: {len(reports)} objects; expected at "
            f"least {least}. Cache or checkpoint the DataFrame first."
        )
    return reports


def _run(frame: DataFrame, task: Task) -> list[Row]:
    """Run the tasks; each partition is reported by exactly one attempt."""
    with reported(task.place.uri):
        reports = frame.mapInArrow(partial(write_partition, task), RESULT).collect()
    attempts = {(report.partition, report.attempt) for report in reports}
    if len({partition for partition, _ in attempts}) != len(attempts):
        raise StagingError(
            f"Data for {task.place.uri} was reported twice; expected one attempt per partition."
        )
    return reports


def _require_rows(rows: int, least: int, place: Place) -> None:
    if rows == 0:
        raise DataError(f"DataFrame for {place.uri} has no rows; expected some to train on.")
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
