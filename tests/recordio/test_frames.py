"""Where records lie, without a look into their payloads."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_spark_py.errors import RecordIOError
from sagemaker_spark_py.recordio import find_frames

from .judge import frame

MAGIC = bytes.fromhex("0a23d7ce")


@given(st.lists(st.one_of(st.binary(max_size=9), st.just(MAGIC)), max_size=20))
def test_payloads_are_found(payloads):
    data = b"".join(map(frame, payloads))
    frames = find_frames(data)
    found = [data[start:stop] for start, stop in zip(frames.starts, frames.stops, strict=True)]
    assert found == payloads
    assert frames.starts.dtype == frames.stops.dtype == np.int64


@pytest.mark.parametrize(
    ("data", "offset", "text"),
    [
        (b"\x0a", 1, "cut short: 1 bytes of its header; expected 8"),
        (MAGIC, 4, "cut short: 4 bytes of its header"),
        (MAGIC + b"\0\0\0", 7, "cut short: 7 bytes of its header"),
        (MAGIC + struct.pack("<I", 3) + b"ab", 10, "cut short: 2 bytes; expected 3 and padding"),
        (MAGIC + struct.pack("<I", 3) + b"abc", 11, "cut short: 3 bytes; expected 3 and padding"),
        (b"\x1f\x8b" + bytes(30), 0, "no magic number: 0x00008b1f; expected 0xced7230a"),
        (MAGIC[::-1] + bytes(4), 0, "no magic number"),
        (b"\x0a\x24", 0, "no magic number"),
        (MAGIC + struct.pack("<I", 1 << 29) + bytes(8), 4, "one of several parts: length word 0x20000000"),
        (
            MAGIC + struct.pack("<I", 3 << 29 | 4) + bytes(4),
            4,
            "one of several parts: length word 0x60000004",
        ),
        (MAGIC + struct.pack("<I", (1 << 29) - 1) + bytes(4), 12, "cut short: 4 bytes; expected 536870911"),
    ],
)
def test_broken_frames_are_refused_with_their_offset(data, offset, text):
    for before in (b"", frame(b"") + frame(b"abcde")):
        with pytest.raises(RecordIOError, match=text) as raised:
            find_frames(before + data)
        assert raised.value.offset == len(before) + offset


def test_padding_may_hold_anything():
    assert find_frames(MAGIC + struct.pack("<I", 1) + b"axyz").stops.tolist() == [9]
