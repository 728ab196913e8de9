"""Text as numbers, whole answers at a time.

Messages do not quote what could not be read: it may be somebody's data.
"""

from __future__ import annotations

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
    names = [str(i) for i in range(text.partition(b"\n")[0].count(b",") + 1)]
    # A line must not be longer than a block.
    block_bytes = max(len(text), _MIN_BLOCK_BYTES)
    try:
        table = pcsv.read_csv(
            pa.BufferReader(text),
            pcsv.ReadOptions(use_threads=False, block_size=block_bytes, column_names=names),
            pcsv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            pcsv.ConvertOptions(column_types=dict.fromkeys(names, pa.float64()), null_values=[]),
        )
    except pa.ArrowInvalid:
        raise ResponseError(
            f"The answer is not a table of numbers; expected {len(names)} in each line."
        ) from None
    return np.column_stack([column.to_numpy() for column in table.columns])
