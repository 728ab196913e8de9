"""Where the records of a buffer lie."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple, TypeAlias

import numpy as np

from sagemaker_spark_py.errors import RecordIOError
from sagemaker_spark_py.recordio import wire
from sagemaker_spark_py.recordio.ragged import Bytes, Ints

BytesLike: TypeAlias = bytes | bytearray | memoryview | Bytes

_HEADER = Struct("<II")


class Frames(NamedTuple):
    """Places of the payloads in a buffer.

    Attributes
    ----------
    starts, stops : arrays of int64, shape (n,)
        Payload i is ``buffer[starts[i]:stops[i]]``, without magic, length and padding. Its record
        starts 8 bytes earlier and ends where the next one starts.
    """

    starts: Ints
    stops: Ints


def find_frames(buffer: BytesLike) -> Frames:
    """Find the records in a buffer without looking into their payloads.

    Parameters
    ----------
    buffer : bytes-like
        Zero or more complete records.

    Returns
    -------
    Frames

    Raises
    ------
    RecordIOError
        If a record has no magic number, is cut short or is one of several parts of a record.
    """
    data = as_view(buffer)
    starts, stops, at = [], [], 0
    while at < len(data):
        payload_bytes = read_header(data, at)
        starts.append(at + wire.FRAME_BYTES)
        stops.append(starts[-1] + payload_bytes)
        at = stops[-1] + wire.padding(payload_bytes)
        if at > len(data):
            raise RecordIOError(
                f"Record is cut short: {len(data) - starts[-1]} bytes; "
                f"expected {payload_bytes} and padding to a multiple of {wire.ALIGNMENT_BYTES}",
                len(data),
            )
    return Frames(np.array(starts, np.int64), np.array(stops, np.int64))


def whole_bytes(buffer: BytesLike) -> int:
    """Return how many bytes at the beginning of a buffer are whole records; the last one may be cut.

    Raises
    ------
    RecordIOError
        If a record has no magic number or is one of several parts of a record.
    """
    data, at = as_view(buffer), 0
    while at + wire.FRAME_BYTES <= len(data):
        payload_bytes = read_header(data, at)
        end = at + wire.FRAME_BYTES + payload_bytes + wire.padding(payload_bytes)
        if end > len(data):
            break
        at = end
    return at


def as_view(buffer: BytesLike) -> memoryview:
    """Return the bytes of a buffer, not copied."""
    return memoryview(buffer.data if isinstance(buffer, np.ndarray) else buffer).cast("B")


def read_header(data: memoryview, at: int) -> int:
    """Check the header of the record at `at` and return the bytes of its payload."""
    if at + wire.FRAME_BYTES <= len(data):
        magic, length = _HEADER.unpack_from(data, at)
        if magic == wire.MAGIC and length <= wire.MAX_PAYLOAD_BYTES:
            return int(length)
    raise _bad_header(bytes(data[at : at + wire.FRAME_BYTES]), at)


def _bad_header(header: bytes, at: int) -> RecordIOError:
    magic, length = _HEADER.unpack(header.ljust(wire.FRAME_BYTES, b"\0"))
    if not wire.MAGIC.to_bytes(4, "little").startswith(header[:4]):
        return RecordIOError(
            f"Record has no magic number: {magic:#010x}; expected {wire.MAGIC:#010x}. "
            "Check that the bytes are recordIO-protobuf and not compressed",
            at,
        )
    if len(header) < wire.FRAME_BYTES:
        return RecordIOError(
            f"Record is cut short: {len(header)} bytes of its header; expected {wire.FRAME_BYTES}",
            at + len(header),
        )
    return RecordIOError(
        f"Record is one of several parts: length word {length:#010x}; expected one whole record "
        f"of at most {wire.MAX_PAYLOAD_BYTES} bytes",
        at + 4,
    )
