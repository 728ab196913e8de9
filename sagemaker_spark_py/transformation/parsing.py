"""Text as numbers, whole answers at a time.

Messages do not quote what could not be read: it may be somebody's data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from sagemaker_spark_py.errors import ResponseError
from sagemaker_spark_py.transformation.features import Array

_MIN_BLOCK_BYTES = 1 << 20


def parse_numbers(text: bytes) -> Array:
    """Return the numbers of a text that has one in each line.

    Raises
    ------
    ResponseError
        If a line is not a number.
    """
    return parse_table(text).reshape(-1)


def parse_table(text: bytes) -> Array:
    """Return the numbers of comma-separated text as float64 of shape (lines, columns).

    Raises
    ------
    ResponseError
        If something is not a number, or lines differ in length.
    """
    if not text:
        return np.empty((0, 1))
    width = text.partition(b"\n")[0].count(b",") + 1
    table = _read(text, [pa.float64()] * width, pcsv.ParseOptions(quote_char=False, ignore_empty_lines=False))
    return np.column_stack([column.to_numpy() for column in table.columns])


def parse_columns(text: bytes, kinds: list[pa.DataType]) -> pa.Table:
    """Return the values of comma-separated text, of which some may be quoted; an empty one is null.

    Raises
    ------
    ResponseError
        If a value is not of its kind, or a line has not as many as there are kinds.
    """
    if not text:
        return pa.table([pa.array([], kind) for kind in kinds], names=[str(i) for i in range(len(kinds))])
    return _read(text, kinds, pcsv.ParseOptions(ignore_empty_lines=len(kinds) > 1), null_values=[""])


def _read(
    text: bytes, kinds: list[pa.DataType], how: pcsv.ParseOptions, null_values: Sequence[str] = ()
) -> pa.Table:
    names = [str(i) for i in range(len(kinds))]
    # A line must not be longer than a block.
    block_bytes = max(len(text), _MIN_BLOCK_BYTES)
    types = dict(zip(names, kinds, strict=True))
    try:
        return pcsv.read_csv(
            pa.BufferReader(text),
            pcsv.ReadOptions(use_threads=False, block_size=block_bytes, column_names=names),
            how,
            pcsv.ConvertOptions(
                column_types=types, null_values=list(null_values), strings_can_be_null=bool(null_values)
            ),
        )
    except pa.ArrowInvalid:
        wanted = "numbers" if set(kinds) == {pa.float64()} else ", ".join(map(str, kinds))
        raise ResponseError(
            f"The answer is not a table of {wanted}; expected {len(names)} in each line."
        ) from None
