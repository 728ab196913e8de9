"""Records joined out of records of one tensor each, judged by protobuf's own runtime."""

import io

import numpy as np
import pytest

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import (
    decode,
    encode_rows,
    encode_sparse,
    encode_tensors,
    find_frames,
    join_records,
    read_records,
    wire,
)


def test_the_tensors_of_all_parts_are_in_each_record():
    dense = encode_tensors({"a": [[1, 2], [3, 4], [5, 6]]}, {"values": [7, 8, 9]})
    sparse = encode_rows([True] * 3, [0, 1, 1, 3], [4, 0, 2], [1, 2, 3], [5, 5, 5], name="bag of words")
    joined = join_records([dense, sparse, encode_tensors({"z": [1, 2, 3]})])
    records = read_records(io.BytesIO(joined.data.tobytes()))
    assert [sorted(record.features) for record in records] == [["a", "bag of words", "z"]] * 3
    assert [record.label["values"].float32_tensor.values[0] for record in records] == [7, 8, 9]
    found = decode(joined.data)
    np.testing.assert_array_equal(found.features["a"].dense(), [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(
        found.features["bag of words"].dense(), [[0, 0, 0, 0, 1], [0] * 5, [2, 0, 3, 0, 0]]
    )
    for i, record in enumerate(records):
        frame = joined.data[joined.offsets[i] : joined.offsets[i + 1]]
        assert len(frame) % wire.ALIGNMENT_BYTES == 0
        assert len(find_frames(frame).starts) == 1
        assert record.features["z"].float32_tensor.values[0] == i + 1


def test_one_part_stays_as_it_is():
    part = encode_sparse([0, 1, 1], [3], [2.0], 5, [0, 1])
    joined = join_records([part])
    assert joined.data.tobytes() == part.data.tobytes()
    assert joined.offsets.tolist() == part.offsets.tolist()


def test_no_rows_are_no_bytes():
    joined = join_records([encode_tensors({"a": np.empty((0, 3))}), encode_tensors({"b": np.empty((0, 2))})])
    assert joined.data.size == 0
    assert joined.offsets.tolist() == [0]


def test_parts_of_different_lengths_are_refused():
    with pytest.raises(DataError, match=r"differ in number of records: \[1, 2\]"):
        join_records([encode_tensors({"a": [1]}), encode_tensors({"b": [1, 2]})])


def test_a_record_that_gets_too_large_is_named(monkeypatch):
    parts = [encode_tensors({"a": [1, 2]}), encode_tensors({"b": [1, 2]})]
    monkeypatch.setattr(wire, "MAX_PAYLOAD_BYTES", 40)
    with pytest.raises(DataError, match="Row 0 is too large"):
        join_records([*parts, encode_tensors({"c": [1, 2]})])
