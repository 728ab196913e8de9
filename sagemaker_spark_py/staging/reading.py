"""S3 to DataFrames: files of recordIO-protobuf read back."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DataType, DoubleType, StructField, StructType

from sagemaker_spark_py.errors import DataError, NotFoundError, RecordIOError, SettingError
from sagemaker_spark_py.recordio import Decoded, decode, find_frames, whole_bytes, wire
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.objects import Listed, list_objects
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.reading import open_object
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging.manifest import ENDING, named_objects
from sagemaker_spark_py.transformation.schemas import arrow_schema
from sagemaker_spark_py.transformation.tensors import read_tensor, require_readable

_PIECE_BYTES = 4 << 20
"""Bytes of records that are decoded at once."""
_TASK_BYTES = 128 << 20
"""Objects are shared out to tasks up to this size together, as Spark's own sources do."""


@dataclass(frozen=True)
class _Source:
    """The tensor that fills a column."""

    of_label: bool
    tensor: str
    column: StructField


def read_recordio(
    spark: SparkSession,
    path: str,
    *,
    tensors: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    types: Mapping[str, DataType] | None = None,
    session: Session | None = None,
) -> DataFrame:
    """Read files of recordIO-protobuf, such as staged training data or answers of algorithms.

    Files are listed on the driver and read by the executors when Spark runs the result: from ``s3://``
    streamed through boto3, in the order of keys, large ones in a task of their own; from other paths by
    Spark, each as a whole. ``.gz`` files are unpacked; names that begin with ``_`` or ``.`` are left out.

    Parameters
    ----------
    spark : SparkSession
    path : str
        ``s3://bucket/key`` of an object, of a prefix with all that is below it, or of a manifest (the
        ``S3Uri`` of a channel that ``fit()`` staged); or any path that Spark reads.
    tensors : mapping of str to str
        Column for each tensor of the records' features, by its name; default ``{"values": "features"}``.
    labels : mapping of str to str
        The same for the label map; by default the column ``label``, null where a record has no label. All
        other tensors must be in each record.
    types : mapping of str to DataType
        Types of columns: a number, a vector, a matrix, an array of numbers, text or binary. Unless it is
        said, features are vectors, sparse where they were, and labels are doubles.
    session : Session, optional
        How to reach S3; by default boto3's chains.

    Returns
    -------
    DataFrame
        Columns of labels, then of features. Running it fails if a file is corrupt, with its name and the
        byte.

    Raises
    ------
    SettingError, ServiceError
        If columns clash or no tensor can fill one; if S3 refuses, or has nothing there (`NotFoundError`).
    """
    _check_kinds(path, types or {})
    sources = _sources(tensors, labels, types or {})
    schema = StructType([source.column for source in sources])
    if path.startswith("s3://"):
        return _from_s3(spark, S3DataPath.fromS3URI(path), session or Session.resolve(), sources, schema)
    files = spark.read.format("binaryFile").load(path).select("path", "content")
    return files.mapInArrow(partial(_read_files, sources), schema)


def _check_kinds(path: Any, types: Mapping[str, Any]) -> None:
    if not isinstance(path, str) or not path:
        raise SettingError(f"path has the wrong value: {path!r}; expected a text such as 's3://bucket/key'.")
    for column, kind in types.items():
        if not isinstance(kind, DataType):
            raise SettingError(
                f"types[{column!r}] is no type of Spark: {kind!r}; expected an object such as VectorUDT()."
            )


def _from_s3(
    spark: SparkSession,
    path: S3DataPath,
    session: Session,
    sources: tuple[_Source, ...],
    schema: StructType,
) -> DataFrame:
    shares = _shares(path, session)
    numbers = spark.range(0, len(shares), 1, len(shares))
    return numbers.mapInArrow(partial(_read_objects, sources, session, shares), schema)


def _sources(
    tensors: Mapping[str, str] | None, labels: Mapping[str, str] | None, types: Mapping[str, DataType]
) -> tuple[_Source, ...]:
    # Only the default label may be missing.
    default = {wire.DEFAULT_NAME: "label"} if labels is None else labels
    features = {wire.DEFAULT_NAME: "features"} if tensors is None else tensors
    sources = [
        _Source(True, name, StructField(column, types.get(column, DoubleType()), labels is None))
        for name, column in default.items()
    ]
    sources += [
        _Source(False, name, StructField(column, types.get(column, VectorUDT()), False))
        for name, column in features.items()
    ]
    columns = [source.column.name for source in sources]
    if len(set(columns)) < len(columns) or not columns:
        raise SettingError(
            f"Columns are not told apart: {columns}; expected each name once, and at least one."
        )
    unknown = set(types) - set(columns)
    if unknown:
        raise SettingError(f"types names unknown columns: {sorted(unknown)}; expected some of {columns}.")
    for source in sources:
        require_readable(source.column)
    return tuple(sources)


def _shares(path: S3DataPath, session: Session) -> tuple[tuple[S3DataPath, ...], ...]:
    """Return the objects that each task reads."""
    shares: list[list[S3DataPath]] = []
    room = 0
    for found in _listed(path, session):
        if found.bytes > room:
            shares.append([])
            room = _TASK_BYTES
        shares[-1].append(S3DataPath(path.bucket, found.key))
        room -= found.bytes
    if not shares:
        raise NotFoundError(
            f"There are no records at {path.toS3UriString()!r}; expected an object, or objects below it. "
            "Check the bucket and the key."
        )
    return tuple(map(tuple, shares))


def _listed(path: S3DataPath, session: Session) -> Iterator[Listed]:
    key = path.objectPath
    if key.endswith(ENDING):
        yield from named_objects(session, path)
        return
    if key and not key.endswith("/"):
        try:
            with translated(f"S3 object {path.toS3UriString()!r}"):
                head = session.client("s3").head_object(Bucket=path.bucket, Key=key)
            yield Listed(key, head["ContentLength"])
            return
        except NotFoundError:
            pass
    place = Place(path.bucket, key.rstrip("/"))
    for found in list_objects(session, place):
        names = found.key.removeprefix(place.key("")).split("/")
        hidden = names[-1].endswith(ENDING) or any(name.startswith(("_", ".")) for name in names)
        if found.bytes and not hidden:
            yield found


def _read_objects(
    sources: tuple[_Source, ...],
    session: Session,
    shares: tuple[tuple[S3DataPath, ...], ...],
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Executor: numbers of shares to rows."""
    for number in (number for batch in batches for number in batch.column(0).to_pylist()):
        for path in shares[number]:
            with open_object(session, path) as file:
                yield from _read_file(sources, path.toS3UriString(), file)


def _read_files(sources: tuple[_Source, ...], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Executor: paths and contents of files to rows."""
    for batch in batches:
        for path, content in zip(batch.column(0), batch.column(1), strict=True):
            yield from _read_file(sources, path.as_py(), pa.BufferReader(content.as_buffer()))


def _read_file(sources: tuple[_Source, ...], name: str, file: Any) -> Iterator[pa.RecordBatch]:
    plain = gzip.GzipFile(fileobj=file) if name.endswith(".gz") else file
    for piece in _pieces(name, plain.read):
        with _located(name, piece.offset):
            yield _rows(sources, decode(piece.records))


class _Piece(NamedTuple):
    """Whole records, and where in the file they begin."""

    offset: int
    records: bytes


def _pieces(name: str, read: Callable[[int], bytes]) -> Iterator[_Piece]:
    offset, waiting = 0, bytearray()
    while True:
        with _located(name, offset):
            more = read(_PIECE_BYTES)
            waiting += more
            whole = whole_bytes(waiting)
            if not more:
                find_frames(waiting)  # which refuses a record that is cut short
                return
        if whole:
            yield _Piece(offset, bytes(waiting[:whole]))
            offset += whole
            del waiting[:whole]


@contextmanager
def _located(name: str, offset: int) -> Iterator[None]:
    """Say in which file something is wrong, and where."""
    try:
        yield
    except RecordIOError as error:
        text = str(error).rpartition(" (at byte")[0]
        raise RecordIOError(f"File {name!r} is corrupt: {text}", offset + error.offset) from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise RecordIOError(f"File {name!r} cannot be unpacked: {error}", offset) from error
    except (DataError, pa.ArrowException) as error:
        raise DataError(f"File {name!r}, records from byte offset {offset} on: {error}") from error


def _rows(sources: tuple[_Source, ...], records: Decoded) -> pa.RecordBatch:
    schema = arrow_schema(StructType([source.column for source in sources]))
    return pa.RecordBatch.from_arrays([_column(source, records) for source in sources], schema=schema)


def _column(source: _Source, records: Decoded) -> pa.Array:
    found = records.label if source.of_label else records.features
    if source.tensor not in found:
        if source.column.nullable:
            return pa.nulls(len(records), arrow_schema(StructType([source.column])).field(0).type)
        raise DataError(
            f"there is no tensor {source.tensor!r} for column {source.column.name!r}; expected one in each "
            f"record, which has: {', '.join(map(repr, found)) or 'none'}"
        )
    tensor = found[source.tensor]
    has = tensor.kinds != wire.NOTHING
    try:
        if has.all() or not source.column.nullable:
            return read_tensor(tensor, source.column)
        places = pa.array(np.cumsum(has) - 1, mask=~has)
        return read_tensor(tensor.present(), source.column).take(places)
    except (DataError, pa.ArrowException) as error:
        raise DataError(
            f"tensor {source.tensor!r} does not fit column {source.column.name!r}: {error}; "
            f"expected {source.column.dataType.simpleString()}"
        ) from error
