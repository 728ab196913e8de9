"""Packing of payloads into bodies."""

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.transformation import batching
from sagemaker_spark_py.transformation.batching import bodies

PAYLOADS = st.none() | st.binary(max_size=6)
ARRAYS = st.lists(
    st.builds(
        lambda values, skip, kind: pa.array([b"before"] * skip + values, kind)[skip:],
        st.lists(PAYLOADS, max_size=8),
        st.integers(0, 3),
        st.sampled_from([pa.binary(), pa.large_binary()]),
    ),
    max_size=5,
)


def rows_of(arrays):
    return [value for array in arrays for value in array.to_pylist()]


@settings(deadline=None)
@given(ARRAYS, st.integers(6, 20), st.none() | st.integers(1, 5))
def test_every_row_goes_once_in_order_within_the_limits(arrays, max_bytes, max_rows):
    rows = rows_of(arrays)
    made = list(bodies(arrays, max_bytes, max_rows))
    assert [body.first_row for body in made] == [0, *(body.last_row + 1 for body in made)][: len(made)]
    assert (made[-1].last_row + 1 if made else 0) == len(rows)
    for body in made:
        covered = rows[body.first_row : body.last_row + 1]
        sent = [value for value in covered if value is not None]
        assert bytes(body.data) == b"".join(sent)
        assert body.rows == len(sent)
        assert len(body.data) <= max_bytes
        assert max_rows is None or body.rows <= max_rows
        assert [rows[number] for number in body.numbers] == sent
        assert [bytes(body.data[a:b]) for a, b in pairwise(body.offsets.tolist())] == sent


@settings(deadline=None)
@given(ARRAYS, st.data())
def test_a_part_is_the_body_of_some_payloads(arrays, data):
    for body in bodies(arrays, 20):
        if body.rows:
            start = data.draw(st.integers(0, body.rows - 1))
            stop = data.draw(st.integers(start + 1, body.rows))
            part = body.part(start, stop)
            sent = [rows_of(arrays)[number] for number in part.numbers]
            assert part.rows == len(sent) == stop - start
            assert (part.first_row, part.last_row) == (part.numbers[0], part.numbers[-1])
            assert bytes(part.data) == b"".join(sent)
            assert bytes(part.part(part.rows - 1, part.rows).data) == sent[-1]


@settings(deadline=None)
@given(ARRAYS, st.integers(6, 20), st.none() | st.integers(1, 5), st.integers(1, 8))
def test_small_bodies_also_have_every_row_once(arrays, max_bytes, max_rows, enough):
    made = list(bodies(arrays, max_bytes, max_rows, lambda: enough))
    assert b"".join(bytes(body.data) for body in made) == b"".join(filter(None, rows_of(arrays)))
    for body in made:
        alone = sum(first < last for first, last in pairwise(body.offsets.tolist())) == 1
        assert len(body.data) <= enough or alone


def test_enough_bytes_end_a_body_but_let_a_larger_payload_through():
    payloads = pa.array([b"a", b"b", b"c", b"d", b"eeee"])
    enough = iter([2, 100, 1])
    made = bodies([payloads], 4, None, lambda: next(enough))
    assert [bytes(body.data) for body in made] == [b"ab", b"cd", b"eeee"]
    with pytest.raises(DataError, match="Row 4"):
        list(bodies([payloads], 3, None, lambda: 1))


@settings(deadline=None)
@given(ARRAYS, st.integers(6, 20), st.none() | st.integers(1, 5))
def test_no_body_could_have_taken_the_next_payload(arrays, max_bytes, max_rows):
    rows = rows_of(arrays)
    made = list(bodies(arrays, max_bytes, max_rows))
    for body in made[:-1]:
        following = next((v for v in rows[body.last_row + 1 :] if v is not None), None)
        if following is not None:
            assert len(body.data) + len(following) > max_bytes or body.rows == max_rows


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3]), (4, [3])])
def test_row_limit_is_exact(limit, sizes):
    made = bodies([pa.array([b"x"] * 3)], 100, limit)
    assert [body.rows for body in made] == sizes


@pytest.mark.parametrize(("limit", "sizes"), [(4, [1, 1, 1]), (7, [1, 1, 1]), (8, [2, 1]), (12, [3])])
def test_byte_limit_is_exact(limit, sizes):
    made = bodies([pa.array([b"four"] * 3)], limit)
    assert [body.rows for body in made] == sizes


def test_small_arrays_are_merged():
    arrays = [pa.array([b"ab"]), pa.array([], pa.binary()), pa.array([b"c", b"d"])]
    assert [bytes(body.data) for body in bodies(arrays, 100)] == [b"abcd"]


def test_bodies_of_one_array_are_views():
    array = pa.array([b"ab", b"cd", b"ef"], pa.large_binary())
    whole = memoryview(array.buffers()[2])
    first, second = bodies([array], 4)
    assert first.data.obj is second.data.obj
    assert bytes(whole) == bytes(first.data) + bytes(second.data)


def test_arrays_are_taken_only_when_needed():
    taken = []

    def arrays():
        for number in range(4):
            taken.append(number)
            yield pa.array([b"full"])

    first = next(bodies(arrays(), 4))
    assert bytes(first.data) == b"full"
    assert taken == [0, 1]


@pytest.mark.parametrize("before", [[], [b"x"], [None, b"x", None]])
def test_payload_above_the_limit_is_named(before):
    arrays = [pa.array(before, pa.binary()), pa.array([b"y", b"12345"])]
    with pytest.raises(DataError, match=rf"Row {len(before) + 1} of the partition .* 5 bytes; .* at most 4"):
        list(bodies(arrays, 4))


def test_rows_without_payload_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(batching, "MAX_COVERED_ROWS", 3)
    arrays = [pa.array([None, None], pa.binary())] * 4 + [pa.array([b"x"])]
    made = list(bodies(arrays, 10))
    assert [(body.rows, body.first_row, body.last_row) for body in made] == [(0, 0, 3), (0, 4, 7), (1, 8, 8)]
    assert [bytes(body.data) for body in made] == [b"", b"", b"x"]
