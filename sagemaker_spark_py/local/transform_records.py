"""The records of an input object of Batch Transform, and the requests they are packed into.

Facts: the CreateTransformJob API reference (SplitType, BatchStrategy, MaxPayloadInMB).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import IO, NamedTuple

from sagemaker_spark_py.errors import RecordIOError
from sagemaker_spark_py.recordio.frames import find_frames

_TFRECORD_LENGTH = Struct("<Q")
_TFRECORD_CHECKSUM_BYTES = 4


class ObjectFailed(Exception):
    """An input object that gets no output; the text goes to the job's log and FailureReason."""


class Record(NamedTuple):
    """One record."""

    whole: bytes
    """As it lies in the object."""
    payload: bytes
    """Without the framing of a binary format."""


def records(file: IO[bytes], split_type: str) -> Iterator[Record]:
    """Yield the records of an object.

    Raises
    ------
    ObjectFailed
        Where the object is not made of such records.
    """
    if split_type == "Line":
        yield from (Record(line, line) for line in file)
    elif split_type == "RecordIO":
        yield from _recordio(file.read())
    elif split_type == "TFRecord":
        yield from _tfrecords(file)
    else:
        whole = file.read()
        yield Record(whole, whole)


def mini_batches(
    found: Iterable[Record], strategy: str, limit_bytes: int | None
) -> Iterator[tuple[bytes, list[Record]]]:
    """Yield the body of each request and its records: one each, or as many as the limit allows.

    Parameters
    ----------
    found : iterable of Record
        All records of one object.
    strategy : str
        ``SingleRecord``, whose bodies have no framing, or ``MultiRecord``.
    limit_bytes : int, optional
        Most bytes of a body; `None`: any.

    Raises
    ------
    ObjectFailed
        Where one record alone is above the limit.
    """
    if strategy == "SingleRecord":
        for record in found:
            _require_fit(record.payload, limit_bytes)
            yield record.payload, [record]
        return
    batch: list[Record] = []
    size = 0
    for record in found:
        _require_fit(record.whole, limit_bytes)
        if batch and limit_bytes is not None and size + len(record.whole) > limit_bytes:
            yield _joined(batch), batch
            batch, size = [], 0
        batch.append(record)
        size += len(record.whole)
    if batch:
        yield _joined(batch), batch


def _joined(batch: list[Record]) -> bytes:
    return b"".join(record.whole for record in batch)


def _require_fit(body: bytes, limit_bytes: int | None) -> None:
    if limit_bytes is not None and len(body) > limit_bytes:
        raise ObjectFailed("ClientError: Too much data for max payload size")


def _recordio(data: bytes) -> Iterator[Record]:
    try:
        frames = find_frames(data)
    except RecordIOError as error:
        raise ObjectFailed(f"ClientError: {error}") from error
    starts = [int(start) - 8 for start in frames.starts]
    for start, end, stop in zip(starts, [*starts[1:], len(data)], frames.stops, strict=True):
        yield Record(data[start:end], data[start + 8 : int(stop)])


def _tfrecords(file: IO[bytes]) -> Iterator[Record]:
    """Read records of length, checksum, payload, checksum; the checksums are not looked at."""
    while head := file.read(_TFRECORD_LENGTH.size + _TFRECORD_CHECKSUM_BYTES):
        size = _TFRECORD_LENGTH.unpack_from(head.ljust(_TFRECORD_LENGTH.size, b"\0"))[0]
        rest = file.read(size + _TFRECORD_CHECKSUM_BYTES)
        if len(rest) != size + _TFRECORD_CHECKSUM_BYTES:
            raise ObjectFailed("ClientError: The object is not made of TFRecords: one is cut short")
        yield Record(head + rest, rest[:size])
