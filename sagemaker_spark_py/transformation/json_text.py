"""Arrow columns as JSON text, whole batches at a time.

Vectors and arrays become lists, structs and maps objects, binary data base64, dates and times texts in
ISO 8601, a null ``null``. JSON has no NaN and no infinity, so they are refused.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import types as t

from sagemaker_spark_py.errors import DataError, SchemaError
from sagemaker_spark_py.transformation.columns import is_vector, read_features, to_numpy
from sagemaker_spark_py.transformation.features import Array, Features
from sagemaker_spark_py.transformation.schemas import field_of
from sagemaker_spark_py.transformation.text import TEXT, glue, join_runs, texts

_WRITABLE = (
    t.NumericType,
    t.BooleanType,
    t.StringType,
    t.BinaryType,
    t.DateType,
    t.TimestampType,
    t.TimestampNTZType,
    t.NullType,
    VectorUDT,
)
_BLOCK_CELLS = 1 << 20
"""Sparse vectors are written out in full; this bounds what that takes at a time."""

RowOf = Callable[[int], int]


def require_writable(schema: t.StructType, names: Sequence[str]) -> None:
    """Check that columns exist and can be said in JSON.

    Raises
    ------
    SchemaError
        If one is missing or of another type.
    """
    for name in names:
        kind = field_of(schema, name).dataType
        if not _is_writable(kind):
            raise SchemaError(
                f"Column {name!r} has the wrong type: {kind.simpleString()}; expected what JSON "
                "can say: numbers, booleans, texts, dates, times, binary data, vectors, and "
                "arrays, maps and structs of them."
            )


def _is_writable(kind: t.DataType) -> bool:
    if isinstance(kind, t.ArrayType):
        return _is_writable(kind.elementType)
    if isinstance(kind, t.MapType):
        return isinstance(kind.keyType, t.StringType) and _is_writable(kind.valueType)
    if isinstance(kind, t.StructType):
        return bool(kind.fields) and all(_is_writable(field.dataType) for field in kind.fields)
    return isinstance(kind, _WRITABLE)


def json_texts(column: pa.Array, name: str) -> pa.LargeStringArray:
    """Return one JSON value per row.

    Parameters
    ----------
    column : pyarrow.Array
        Slices are fine.
    name : str
        Name of the column, for messages.

    Raises
    ------
    DataError
        If a number is not finite.
    SchemaError
        If the type cannot be said in JSON.
    """
    return _texts(column, name, int)


def escaped(strings: pa.Array) -> pa.LargeStringArray:
    """Return texts as they stand between the quotation marks of JSON."""
    strings = strings.cast(TEXT)
    for code in _special_bytes(strings):
        written = f"\\{chr(code)}" if code >= 32 else f"\\u{code:04x}"
        strings = pc.replace_substring(strings, chr(code), written)
    return strings


def _special_bytes(strings: pa.LargeStringArray) -> list[int]:
    """Return which of the bytes that JSON escapes occur; the backslash first, since the others add some."""
    _, offsets, data = strings.buffers()
    if data is None or not len(strings):
        return []
    bounds = np.frombuffer(offsets, np.int64)[[strings.offset, strings.offset + len(strings)]]
    used = np.frombuffer(data, np.uint8)[bounds[0] : bounds[1]]
    special = used[(used < 32) | (used == ord('"')) | (used == ord("\\"))]
    return sorted(map(int, np.unique(special)), reverse=True)


def _texts(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    write = _writer(column.type)
    if write is None:
        raise SchemaError(f"Column {name!r} has the wrong type: {column.type}; JSON cannot say it.")
    written = write(column, name, row_of)
    return pc.if_else(column.is_valid(), written, pa.scalar("null", TEXT)) if column.null_count else written


def _writer(kind: pa.DataType) -> Callable[[pa.Array, str, RowOf], pa.LargeStringArray] | None:
    is_ = pa.types
    if is_.is_null(kind) or is_.is_integer(kind) or is_.is_decimal(kind) or is_.is_boolean(kind):
        return _plain
    if is_.is_floating(kind):
        return _floats
    if is_.is_string(kind) or is_.is_large_string(kind):
        return _strings
    if is_.is_binary(kind) or is_.is_large_binary(kind):
        return _binary
    if is_.is_date(kind) or is_.is_timestamp(kind):
        return _times
    if is_vector(kind):
        return _vectors
    if is_.is_map(kind):
        return _maps
    if is_.is_list(kind) or is_.is_large_list(kind):
        return _lists
    return _structs if is_.is_struct(kind) and kind.num_fields else None


def _plain(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    return pc.cast(column, TEXT)


def _floats(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    values = to_numpy(column.fill_null(0))
    _require_finite(values, name, row_of)
    return texts(values)


def _require_finite(values: Array, name: str, row_of: RowOf) -> None:
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise DataError(
            f"Column {name!r} holds a number that JSON cannot say in row {row_of(int(wrong[0]))} of the "
            "batch; expected a finite one. Fill or drop it first."
        )


def _strings(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    return glue('"', escaped(column), '"')


def _binary(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    coded = [None if value is None else base64.b64encode(value).decode() for value in column.to_pylist()]
    return glue('"', pa.array(coded, TEXT), '"')


def _times(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    if pa.types.is_date(column.type):
        return glue('"', pc.cast(column, TEXT), '"')
    zone = "Z" if column.type.tz else ""
    instants = column.cast(pa.timestamp("us", "UTC")) if zone else column.cast(pa.timestamp("us"))
    return glue('"', pc.strftime(instants, "%Y-%m-%dT%H:%M:%S").cast(TEXT), f'{zone}"')


def _vectors(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    features = read_features(column.drop_null(), name=name)
    rows = np.flatnonzero(column.is_valid())[features.row_of_entry()]
    _require_finite(features.values, name, lambda entry: row_of(int(rows[entry])))
    parts = [_written_out(row) for row in _in_blocks(features)]
    written = pa.concat_arrays(parts) if parts else pa.array([], TEXT)
    return _scattered(written, column)


def _in_blocks(features: Features) -> Iterator[Features]:
    """Yield sparse rows in runs of one size, which can be written out."""
    if features.is_sparse is None:
        yield features
        return
    ends = np.append(np.flatnonzero(np.diff(features.dims)) + 1, len(features))
    for start, end in zip(np.append(0, ends), ends, strict=False):
        yield from features.rows(slice(start, end)).blocks(_BLOCK_CELLS)


def _written_out(features: Features) -> pa.LargeStringArray:
    if features.is_sparse is None:
        return _bracketed(texts(features.values), features.indptr)
    bounds = np.arange(len(features) + 1) * features.dim
    return _bracketed(texts(features.dense().reshape(-1)), bounds)


def _scattered(written: pa.Array, column: pa.Array) -> pa.Array:
    """Put what was written for the rows that are not null at their places."""
    if not column.null_count:
        return written
    valid = np.asarray(column.is_valid())
    return written.take(pa.array(np.cumsum(valid) - 1, mask=~valid))


def _lists(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    indptr, child = _entries(column, column.values)
    return _bracketed(_texts(child, name, _row_of_entry(indptr, row_of)), indptr)


def _maps(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    indptr, keys = _entries(column, column.keys)
    _, items = _entries(column, column.items)
    pairs = glue('"', escaped(keys), '":', _texts(items, name, _row_of_entry(indptr, row_of)))
    return _bracketed(pairs, indptr, "{", "}")


def _structs(column: pa.Array, name: str, row_of: RowOf) -> pa.LargeStringArray:
    fields = [field.name for field in column.type]
    values = [_texts(column.field(i), f"{name}.{field}", row_of) for i, field in enumerate(fields)]
    return objects(fields, values)


def objects(keys: Sequence[str], values: Sequence[pa.LargeStringArray]) -> pa.LargeStringArray:
    """Return one object per row from the JSON values of its keys."""
    parts: list[pa.Array | str] = []
    names = escaped(pa.array(keys, TEXT)).to_pylist()
    for key, value in zip(names, values, strict=True):
        parts += [f',"{key}":' if parts else f'{{"{key}":', value]
    return glue(*parts, "}")


def _entries(column: pa.Array, child: pa.Array) -> tuple[Array, pa.Array]:
    """Return where each row's entries begin, and the entries."""
    if not len(column):
        return np.zeros(1, np.int64), child.slice(0, 0)
    offsets = np.asarray(column.offsets).astype(np.int64)
    return offsets - offsets[0], child.slice(offsets[0], offsets[-1] - offsets[0])


def _bracketed(
    cells: pa.LargeStringArray, indptr: Array, left: str = "[", right: str = "]"
) -> pa.LargeStringArray:
    return glue(left, join_runs(cells, indptr, ","), right)


def _row_of_entry(indptr: Array, row_of: RowOf) -> RowOf:
    return lambda entry: row_of(int(np.searchsorted(indptr, entry, side="right")) - 1)
