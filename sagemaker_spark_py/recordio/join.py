"""Records of several tensors, made of records of one tensor each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import wire
from sagemaker_spark_py.recordio.encode import Encoded
from sagemaker_spark_py.recordio.ragged import Ints, copy_runs, offsets, windows


def join_records(parts: Sequence[Encoded]) -> Encoded:
    """Join the first records of all parts into one, the second ones into the next, and so on.

    Protobuf reads messages that lie one behind the other as one message with the entries of all.

    Parameters
    ----------
    parts : sequence of Encoded
        At least one; n records each, with tensors of different names.

    Raises
    ------
    DataError
        If the parts differ in their number of records, or a record gets too large.
    """
    counts = [len(part.offsets) - 1 for part in parts]
    if len(set(counts)) != 1:
        raise DataError(f"Parts differ in number of records: {counts}; expected one number for all.")
    lengths = [_payload_bytes(part) for part in parts]
    payload_bytes = np.sum(lengths, axis=0)
    _check_size(payload_bytes)
    bounds = offsets(wire.FRAME_BYTES + payload_bytes + -payload_bytes % wire.ALIGNMENT_BYTES)
    data, at = np.zeros(int(bounds[-1]), np.uint8), bounds[:-1].copy()
    if not counts[0]:
        return Encoded(data, bounds)
    for word in (np.full(counts[0], wire.MAGIC), payload_bytes):
        windows(data, 4)[at] = word.astype("<u4").view("V4")
        at += 4
    for part, length in zip(parts, lengths, strict=True):
        copy_runs(part.data, part.offsets[:-1] + wire.FRAME_BYTES, data, at, length)
        at += length
    return Encoded(data, bounds)


def _payload_bytes(part: Encoded) -> Ints:
    if len(part.offsets) == 1:
        return np.empty(0, np.int64)
    return windows(part.data, 4)[part.offsets[:-1] + 4].view("<u4").astype(np.int64)


def _check_size(payload_bytes: Ints) -> None:
    large = np.flatnonzero(payload_bytes > wire.MAX_PAYLOAD_BYTES)
    if large.size:
        raise DataError(
            f"Row {large[0]} is too large for one record: {payload_bytes[large[0]]} bytes; "
            f"expected at most {wire.MAX_PAYLOAD_BYTES}. Use fewer columns or sparse rows."
        )
