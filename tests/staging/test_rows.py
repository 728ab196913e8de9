from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.staging import rows as module
from sagemaker_spark_py.staging.rows import Columns, sliced

DENSE = Columns("label", ("features",))
SPARSE_VECTOR = pa.struct(
    [
        ("type", pa.int8()),
        ("size", pa.int32()),
        ("indices", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float64())),
    ]
)


def batch(rows: int, dim: int, first: float = 0) -> pa.RecordBatch:
    labels = np.arange(first, first + rows)
    features = [[label] * dim for label in labels]
    return pa.record_batch({"a": labels, "b": pa.array(features, pa.list_(pa.float64()))})


def test_slices_are_small_and_complete() -> None:
    whole = batch(5000, 100)

    slices = list(sliced([whole], DENSE, expand=False))

    assert pa.Table.from_batches([s.batch for s in slices]).equals(pa.Table.from_batches([whole]))
    assert len(slices) == 4
    assert [s.first_row for s in slices] == [i * slices[0].batch.num_rows for i in range(4)]
    assert max(s.batch.nbytes for s in slices) <= module.SLICE_BYTES
    assert sum(s.batch.num_rows for s in slices) == 5000


def test_slices_share_the_memory_of_their_batch() -> None:
    whole = batch(5000, 100)

    last = list(sliced([whole], DENSE, expand=False))[-1].batch

    assert last.column(1).values.buffers()[1].address == whole.column(1).values.buffers()[1].address


def test_rows_are_counted_over_batches_and_cut_where_asked() -> None:
    batches = [batch(4, 1), batch(0, 1), batch(6, 1, first=4)]

    slices = list(sliced(batches, DENSE, expand=False, cuts=[3, 4, 9]))

    assert [s.first_row for s in slices] == [0, 3, 4, 9]
    assert [s.batch.column(0).to_pylist() for s in slices] == [[0, 1, 2], [3], [4, 5, 6, 7, 8], [9]]


def test_a_row_larger_than_a_slice_is_one() -> None:
    slices = list(sliced([batch(2, 200_000)], DENSE, expand=False))

    assert [s.batch.num_rows for s in slices] == [1, 1]


def test_sparse_rows_that_will_be_filled_up_are_fewer() -> None:
    vector = {"type": 0, "size": 131_072, "indices": [5], "values": [1.0]}
    sparse = pa.record_batch({"b": pa.array([vector] * 10, SPARSE_VECTOR)})
    columns = Columns(None, ("features",))

    assert [s.batch.num_rows for s in sliced([sparse], columns, expand=True)] == [1] * 10
    assert [s.batch.num_rows for s in sliced([sparse], columns, expand=False)] == [10]


def test_columns_are_read_by_place() -> None:
    read = DENSE.read(batch(3, 2), None)
    flat = Columns("y", ("x1", "x2"), flat=True).read(pa.record_batch({"0": [1], "1": [2], "2": [3.5]}), 2)

    assert read.labels.tolist() == [0, 1, 2]
    assert read.features.dense().tolist() == [[0, 0], [1, 1], [2, 2]]
    assert flat.features.dense().tolist() == [[2, 3.5]]


def test_messages_name_the_columns_of_the_user() -> None:
    with pytest.raises(DataError, match="Column 'x2' is null"):
        Columns("y", ("x1", "x2"), flat=True).read(
            pa.record_batch({"0": [1], "1": [2], "2": pa.nulls(1, pa.int8())}), None
        )


@pytest.mark.parametrize("number", [3.4028235e38, -3.4028235e38, float("inf"), float("nan"), 1e-300])
def test_what_float32_can_hold_passes(number) -> None:
    rows = DENSE.read(pa.record_batch({"a": [number], "b": [[number]]}), None).float32()

    np.testing.assert_array_equal(rows.features.values, np.float32(number))
    np.testing.assert_array_equal(rows.labels, np.float32(number))


def test_what_float32_cannot_hold_is_refused() -> None:
    rows = DENSE.read(pa.record_batch({"a": [0, 0], "b": [[1.0, 2.0], [3.0, -1e40]]}), None)

    with pytest.raises(
        DataError, match=r"Column 'features' holds a number too large for float32: -1e\+40 in row 1"
    ):
        rows.float32()
