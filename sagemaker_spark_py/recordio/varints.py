"""Protobuf's variable-length integers, whole arrays at a time.

A varint holds seven bits per byte, lowest first; the top bit of a byte says that another byte follows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sagemaker_spark_py.errors import RecordIOError
from sagemaker_spark_py.recordio.ragged import Bytes, Ints, gather, offsets

Uints = npt.NDArray[np.uint64]
Whole = npt.NDArray[np.integer]

MAX_BYTES = 10
"""Bytes of the longest varint: 64 bits at seven per byte."""

_BLOCK_NUMBERS = 1 << 16
"""So many are worked on at a time, so that intermediate results stay in the processor's cache."""


def encode_one(number: int) -> bytes:
    """Return the varint of one number."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def sizes(numbers: Whole) -> Ints:
    """Bytes of each number's varint; numbers must not be negative."""
    result = np.ones(len(numbers), np.int64)
    for size in range(1, _width(numbers)):
        result += numbers >= 1 << 7 * size
    return result


def run_sizes(numbers: Whole, bounds: Ints) -> Ints:
    """Bytes of the varints of each run ``numbers[bounds[i]:bounds[i + 1]]``."""
    result = np.diff(bounds)
    filled = np.flatnonzero(result)
    for size in range(1, _width(numbers)):
        long = numbers >= 1 << 7 * size
        result[filled] += np.add.reduceat(long, bounds[filled], dtype=np.uint32)
    return result


def cells(numbers: Whole) -> Bytes:
    """Return the varints as a table: row i is the varint of number i, left-aligned."""
    width = _width(numbers)
    if width == 2:
        return _pairs(numbers.astype("<u2")).view(np.uint8).reshape(-1, 2)
    rest = numbers.astype(np.uint64)
    table = np.empty((len(numbers), width), np.uint8)
    for column in range(width - 1):
        table[:, column] = (rest & 0x7F) | ((rest > 0x7F) * np.uint8(0x80))
        rest >>= 7
    table[:, width - 1] = rest
    return table


def _pairs(numbers: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """Return the varints of numbers below 2**14 as little-endian words, the common case made fast."""
    high = numbers & 0x3F80
    pairs: npt.NDArray[np.uint16] = numbers + high + (high > 0) * np.uint16(0x80)
    return pairs


def encode(numbers: Whole) -> Bytes:
    """Return the varints of all numbers, one after the other."""
    blocks = range(0, len(numbers), _BLOCK_NUMBERS)
    encoded = [_encode_block(numbers[at : at + _BLOCK_NUMBERS]) for at in blocks]
    return np.concatenate([np.empty(0, np.uint8), *encoded])


def _encode_block(numbers: Whole) -> Bytes:
    table = cells(numbers)
    used = np.ones(table.shape, np.bool_)
    for column in range(1, table.shape[1]):
        used[:, column] = numbers >= 1 << 7 * column
    return table.ravel()[used.ravel()]


def _width(numbers: Whole) -> int:
    """Bytes of the longest varint among the numbers."""
    return len(encode_one(int(numbers.max(initial=0))))


def decode_runs(data: Bytes, starts: Ints, stops: Ints) -> tuple[Uints, Ints]:
    """Decode runs of varints.

    Parameters
    ----------
    data : array of uint8
        The whole input.
    starts, stops : arrays of shape (n,)
        Where each run lies in `data`; ascending.

    Returns
    -------
    tuple
        All numbers, and the n + 1 bounds of the runs among them.

    Raises
    ------
    RecordIOError
        If a run ends inside a number, or a number has more than ten bytes.
    """
    stream = gather(data, starts, stops)
    bounds = offsets(stops - starts)
    _check_run_ends(stream, stops, bounds)
    ends = np.flatnonzero(stream < 0x80)
    values = np.empty(len(ends), np.uint64)
    for at in range(0, len(ends), _BLOCK_NUMBERS):
        first = int(ends[at - 1]) + 1 if at else 0
        block = ends[at : at + _BLOCK_NUMBERS]
        firsts = np.concatenate([[first], block[:-1] + 1])
        _check_sizes(block - firsts, firsts, starts, bounds)
        values[at : at + len(block)] = _decode_block(stream, firsts, block)
    return values, np.searchsorted(ends, bounds)


def _decode_block(stream: Bytes, firsts: Ints, ends: Ints) -> Uints:
    values = (stream[firsts] & 0x7F).astype(np.uint64)
    for place in range(1, int((ends - firsts).max()) + 1):
        longer = np.flatnonzero(ends - firsts >= place)
        bits = (stream[firsts[longer] + place] & 0x7F).astype(np.uint64)
        values[longer] |= bits << np.uint64(7 * place)
    return values


def _check_run_ends(stream: Bytes, stops: Ints, bounds: Ints) -> None:
    filled = np.diff(bounds) > 0
    cut = np.flatnonzero(stream[bounds[1:][filled] - 1] >= 0x80)
    if cut.size:
        raise cut_number(int(stops[filled][cut[0]]))


def _check_sizes(following_bytes: Ints, firsts: Ints, starts: Ints, bounds: Ints) -> None:
    long = np.flatnonzero(following_bytes >= MAX_BYTES)
    if long.size:
        first = int(firsts[long[0]])
        run = int(np.searchsorted(bounds, first, "right")) - 1
        raise long_number(int(starts[run]) + first - int(bounds[run]))


def cut_number(at: int) -> RecordIOError:
    """Return the error of a number that ends in the middle."""
    return RecordIOError("Number is cut short; expected another byte", at)


def long_number(at: int) -> RecordIOError:
    """Return the error of a number that does not end."""
    return RecordIOError(f"Number has too many bytes; expected at most {MAX_BYTES}", at)
