"""Records as no writer in this library would write them, but protobuf allows."""

from __future__ import annotations

import struct
from itertools import chain

from hypothesis import strategies as st


def varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(high) if high else bytes([low])


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


uint64s = st.one_of(st.integers(0, 200), st.integers(0, 2**64 - 1))
unknown_fields = st.one_of(
    st.builds(lambda n, x: varint(n << 3) + varint(x), st.sampled_from([6, 100, 2**29 - 1]), uint64s),
    st.builds(lambda n, x: varint(n << 3 | 1) + x, st.just(8), st.binary(min_size=8, max_size=8)),
    st.builds(field, st.sampled_from([10, 5000]), st.binary(max_size=5)),
    st.builds(lambda n, x: varint(n << 3 | 5) + x, st.just(6), st.binary(min_size=4, max_size=4)),
)


@st.composite
def lists(draw, number: int, wire_type: int, items) -> list[bytes]:
    """Fields of one repeated number: packed, unpacked, in pieces."""
    encoded = draw(st.lists(items, max_size=6))
    fields = []
    while encoded:
        size = draw(st.integers(1, len(encoded)))
        piece, encoded = encoded[:size], encoded[size:]
        if draw(st.booleans()):
            fields.append(field(number, b"".join(piece)))
        else:
            fields += [varint(number << 3 | wire_type) + item for item in piece]
    return fields


def shuffled(pieces) -> st.SearchStrategy[bytes]:
    """The fields of all pieces, in an order of its own and with unknown fields among them."""
    return st.tuples(*pieces, st.lists(unknown_fields, max_size=1)).flatmap(
        lambda drawn: st.permutations(list(chain(*drawn))).map(b"".join)
    )


varints = uint64s.map(varint)
floats = st.floats(width=32).map(lambda x: struct.pack("<f", x))
doubles = st.floats().map(lambda x: struct.pack("<d", x))
places = [lists(2, 0, varints), lists(3, 0, varints)]
value_fields = st.one_of(
    shuffled([lists(1, 5, floats), *places]).map(lambda tensor: field(2, tensor)),
    shuffled([lists(1, 1, doubles), *places]).map(lambda tensor: field(3, tensor)),
    shuffled([lists(1, 0, varints), *places]).map(lambda tensor: field(7, tensor)),
    st.lists(st.binary(max_size=4), max_size=2).map(
        lambda blobs: field(9, b"".join(field(1, blob) for blob in blobs) + field(2, b"a/b"))
    ),
)
values = st.one_of(value_fields, st.lists(value_fields, max_size=3).map(b"".join))
names = st.sampled_from([b"values", b"scores", b"", "größe".encode()])
# No unknown fields here: protobuf's own runtimes differ in what they make of such entries.
entries = st.tuples(st.lists(names, max_size=2), st.lists(values, max_size=2)).map(
    lambda drawn: b"".join([*(field(1, name) for name in drawn[0]), *(field(2, value) for value in drawn[1])])
)
texts = st.sampled_from([b"", b"id", "größe".encode()])
records = st.one_of(
    st.just(b""),
    shuffled(
        [
            st.lists(entries.map(lambda entry: field(1, entry)), max_size=3),
            st.lists(entries.map(lambda entry: field(2, entry)), max_size=2),
            st.lists(st.tuples(st.sampled_from([3, 4, 5]), texts).map(lambda x: field(*x)), max_size=2),
        ]
    ),
)
