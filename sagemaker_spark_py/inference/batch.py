"""Predictions of a Batch Transform job as columns of a DataFrame. No endpoint is made."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from sagemaker_spark_py.batch_transform import BatchTransform
from sagemaker_spark_py.errors import SageMakerSparkError, ServiceError, SettingError, TransformError
from sagemaker_spark_py.inference.batch_reading import ReadTask, read_partitions
from sagemaker_spark_py.inference.output import output_schema
from sagemaker_spark_py.service import progress, requests, transform_jobs
from sagemaker_spark_py.service.objects import delete_objects, list_objects
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging.plan import project
from sagemaker_spark_py.staging.staged import clear
from sagemaker_spark_py.staging.transform_input import (
    SendTask,
    TransformInput,
    input_place,
    stage,
)
from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

_SHOWN = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchData:
    """What a transform job of a DataFrame has left in S3: the rows that were sent, and the answers.

    Parameters
    ----------
    session : Session
        How to reach S3.
    job : str
        Name of the transform job.
    place : Place
        The prefix that belongs to the job alone.
    """

    session: Session = field(repr=False)
    job: str
    place: Place

    def delete(self) -> None:
        """Delete it all; predictions that were not written elsewhere are lost.

        Raises
        ------
        AccessError, ServiceError
            If S3 refuses.
        """
        clear(self.session, self.place)
        _left.discard(self)


_left: set[BatchData] = set()


@atexit.register
def _name_left() -> None:
    for data in _left:
        _log.warning(
            "Transform job %s has left rows and outputs at %s. Delete them when they are not needed.",
            data.job,
            data.place.uri,
        )


@dataclass(frozen=True)
class BatchCall:
    """All that one transform job of a DataFrame needs; it stays on the driver.

    Parameters
    ----------
    session : Session
        How to reach AWS.
    name : str
        Of the job and of the SageMaker model that is made for it.
    model : dict
        Parameters of CreateModel, from `requests.model`.
    place : callable
        Returns the prefix that belongs to this job; called when everything is known to be right.
    serializer : RequestRowSerializer
        Rows to requests.
    deserializer : ResponseRowDeserializer
        Answers to columns.
    instanceType, instanceCount : str, int
        The instances.
    options : BatchTransform
        All else.
    extra : mapping, optional
        Merged into CreateTransformJob.
    on_data : callable
        Gets a `BatchData` as soon as something may be in S3.
    """

    session: Session
    name: str
    model: dict[str, Any]
    place: Callable[[], Place]
    serializer: RequestRowSerializer
    deserializer: ResponseRowDeserializer
    instanceType: str
    instanceCount: int
    options: BatchTransform
    extra: Any = None
    on_data: Callable[[BatchData], None] = lambda data: None

    def request(self, place: Place, manifest: str) -> dict[str, Any]:
        """Return the parameters of CreateTransformJob, checked."""
        content, accept = self.serializer.contentType, self.deserializer.accepts
        split = self.options.split_for(content)
        if split != "None" and self.serializer.frameBytes:
            raise SettingError(
                f"splitType does not fit {type(self.serializer).__name__}: {split!r}; expected None, since "
                "its rows stand together in one document."
            )
        source = requests.transform_input(
            manifest, s3_data_type="ManifestFile", content_type=content, split_type=split
        )
        target = requests.transform_output(
            f"{place.uri}/output",
            accept=accept,
            assemble_with=self.options.assembly_for(content, accept),
            kms_key_id=self.options.kmsKeyId,
        )
        return requests.transform_job(
            name=self.name,
            source=source,
            target=target,
            instance_type=self.instanceType,
            instance_count=self.instanceCount,
            extra=self.extra,
            **self.options.members(),
        )


def transform(dataset: DataFrame, call: BatchCall, prepend: bool) -> DataFrame:
    """Run a transform job over the rows of a DataFrame and return them with their predictions.

    Waits on the driver until the job is over. The DataFrame that is returned reads S3 when Spark runs it, as
    often as it does; `dataset` is evaluated once, here.

    Parameters
    ----------
    dataset : DataFrame
        Classic or Connect, static.
    call : BatchCall
        What to ask, and how.
    prepend : bool
        Whether the columns of `dataset` come first.

    Returns
    -------
    DataFrame
        As many rows in the same order, with the columns of `output_schema`, in as many partitions as
        `dataset` has ones with rows.

    Raises
    ------
    SchemaError, SettingError
        If something cannot work; before anything is written.
    DataError, StagingError
        If the rows cannot be staged.
    TransformError
        If the job failed, was stopped, or left an output too few or too many.
    AccessError, NotFoundError, ServiceError
        If AWS refuses or fails.
    """
    schema = output_schema(dataset.schema, call.serializer, call.deserializer, prepend)
    call.request(Place("bucket", "prefix"), "s3://bucket/manifest")
    data = BatchData(call.session, call.name, call.place())
    call.on_data(data)
    _left.add(data)
    with _removed_on_failure(call, data):
        staged = stage(*_staging(dataset, call, data.place, prepend))
        outputs = _run(call, staged) if staged.manifest else ""
        _tidy(call, staged)
    return _read(dataset, call, staged, outputs, schema)


def _staging(dataset: DataFrame, call: BatchCall, place: Place, prepend: bool) -> tuple[DataFrame, SendTask]:
    """Return the columns that travel, and what the tasks do with them."""
    inputs = list(dict.fromkeys(call.serializer.inputColumns(dataset.schema)))
    frame = dataset if prepend else project(dataset, inputs)
    task = SendTask(
        session=call.session,
        place=place,
        serializer=call.serializer,
        inputs=tuple(inputs),
        places=tuple(frame.columns.index(name) for name in inputs),
        keepColumns=prepend,
        maxBytes=call.options.object_bytes - call.serializer.frameBytes,
        maxRows=min(filter(None, (call.options.maxRowsPerObject, call.serializer.maxRows)), default=None),
    )
    return frame, task


def _run(call: BatchCall, staged: TransformInput) -> str:
    """Run the job; return what the keys of its outputs begin with."""
    assert staged.manifest is not None
    request = call.request(staged.place, staged.manifest)
    transform_jobs.create_transform_job(call.session, call.model, request)
    watch = progress.watcher(call.options.logs, transform_jobs.log_tail(call.session, call.name))
    try:
        transform_jobs.wait_for_transform_job(call.session, call.name, watch=watch)
    except ServiceError as error:
        raise TransformError(
            f"{error} Transform job {call.name!r} may still run, so its data at {staged.place.uri} was kept.",
            call.name,
            "InProgress",
        ) from error
    except TransformError as error:
        if error.status != "Failed":
            raise
        raise _with_missing(call, staged, error) from error
    return _outputs(call, staged)


def _with_missing(call: BatchCall, staged: TransformInput, error: TransformError) -> TransformError:
    """Return the error of a failed job with the names of the objects that have no output."""
    try:
        missing = _missing(staged, _listed(call, staged))
    except ServiceError as unlisted:
        missing = f"may have left outputs, which cannot be listed: {unlisted}"
    return TransformError(f"{error}\nIt {missing}", call.name, error.status, error.reason)


def _outputs(call: BatchCall, staged: TransformInput) -> str:
    """Return what the keys of all outputs begin with, having checked that there is one for each part."""
    keys = _listed(call, staged)
    problem = _missing(staged, keys) or _surplus(staged, keys)
    if problem:
        raise TransformError(f"Transform job {call.name!r} {problem}", call.name, "Completed")
    return keys[0].rpartition("/")[0] + "/"


def _listed(call: BatchCall, staged: TransformInput) -> list[str]:
    place = replace(staged.place, prefix=staged.place.key("output"))
    return [entry.key for entry in list_objects(call.session, place)]


def _missing(staged: TransformInput, keys: list[str]) -> str:
    """Say which parts have no output."""
    found = {key.rpartition("/")[2] for key in keys}
    sent = [part for part in staged.parts if part.sent]
    missing = [part for part in sent if part.output not in found]
    named = "; ".join(f"{part.name} ({part.where})" for part in missing[:_SHOWN])
    return f"has left no output for {len(missing)} of {len(sent)} objects: {named}." if missing else ""


def _surplus(staged: TransformInput, keys: list[str]) -> str:
    """Say which outputs belong to no part, or lie in another folder than the first."""
    folder = keys[0].rpartition("/")[0]
    wanted = {f"{folder}/{part.output}" for part in staged.parts if part.sent}
    surplus = [key for key in keys if key not in wanted]
    named = ", ".join(surplus[:_SHOWN])
    return f"has left {len(surplus)} outputs that belong to no part: {named}." if surplus else ""


def _tidy(call: BatchCall, staged: TransformInput) -> None:
    """Delete what nobody needs any more: the input objects and the SageMaker model."""
    if call.options.keep or staged.manifest is None:
        return
    place = input_place(staged.place)
    left = [transform_jobs.delete_model(call.session, call.name)]
    try:
        clear(call.session, place)
        delete_objects(call.session, place, [f"{place.prefix}.manifest"])
    except ServiceError as error:
        left.append(f"Staged rows at {place.uri} are left: {error}")
    for text in filter(None, left):
        _log.warning("%s", text)


@contextmanager
def _removed_on_failure(call: BatchCall, data: BatchData) -> Iterator[None]:
    """Delete model and data if the block fails, unless they are to be kept or the job may still run."""
    try:
        yield
    except BaseException as error:
        runs = isinstance(error, TransformError) and error.status == "InProgress"
        if not (runs or call.options.keep):
            _remove(call, data)
        raise


def _remove(call: BatchCall, data: BatchData) -> None:
    left = transform_jobs.delete_model(call.session, call.name)
    if left:
        _log.warning("%s", left)
    try:
        data.delete()
    except SageMakerSparkError as error:  # the reason for which all this is removed matters more
        _log.warning("Data at %s is left: %s", data.place.uri, error)


def _read(
    dataset: DataFrame, call: BatchCall, staged: TransformInput, outputs: str, schema: StructType
) -> DataFrame:
    """Return the rows with their predictions, not yet read."""
    partitions = tuple(tuple(parts) for _, parts in groupby(staged.parts, lambda part: part.partition))
    task = ReadTask(
        session=call.session,
        job=call.name,
        place=staged.place,
        outputs=outputs,
        partitions=partitions,
        deserializer=call.deserializer,
        names=tuple(schema.names),
    )
    spark, count = dataset.sparkSession, len(partitions)
    return spark.range(0, count, 1, max(1, count)).mapInArrow(partial(read_partitions, task), schema)
