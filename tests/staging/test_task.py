"""One partition, byte by byte and number by number, without Spark."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sagemaker_spark_py.errors import AccessError, DataError
from sagemaker_spark_py.recordio import encode_dense, encode_sparse
from sagemaker_spark_py.staging import FORMATS, Plan
from sagemaker_spark_py.staging.formats import LibSVM
from sagemaker_spark_py.staging.rows import Columns
from sagemaker_spark_py.staging.shares import Share
from sagemaker_spark_py.staging.task import Task

from .faults import Faulty

LABELLED = Columns("label", ("features",))
BARE = Columns(None, ("features",))
VECTOR = pa.struct(
    [
        ("type", pa.int8()),
        ("size", pa.int32()),
        ("indices", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float64())),
    ]
)


def dense(*values: float) -> dict:
    return {"type": 1, "size": None, "indices": None, "values": list(values)}


def sparse(size: int, **entries: float) -> dict:
    places = [int(name[1:]) for name in entries]
    return {"type": 0, "size": size, "indices": places, "values": list(entries.values())}


def vectors(*rows: dict, labels: list | None = None) -> pa.RecordBatch:
    columns = {} if labels is None else {"c0": labels}
    return pa.record_batch({**columns, f"c{len(columns)}": pa.array(rows, VECTOR)})


@pytest.fixture
def body(session, place, s3, write_here):
    """Return a function that writes batches and returns the object."""

    def written(plan: Plan, *batches: pa.RecordBatch) -> bytes:
        (report,) = write_here(Task(session, place, plan), batches)
        found = s3.get_object(Bucket=place.bucket, Key=report["key"])["Body"].read()
        assert len(found) == report["bytes"]
        assert sum(batch.num_rows for batch in batches) == report["rows"]
        return found

    return written


def test_recordio_of_dense_vectors(body) -> None:
    rows = vectors(dense(1, 2), dense(3, 4.5), labels=[7, 8])

    assert (
        body(Plan(FORMATS["sagemaker"], LABELLED), rows)
        == encode_dense([[1, 2], [3, 4.5]], [7, 8]).data.tobytes()
    )


def test_recordio_keeps_sparse_vectors_sparse(body) -> None:
    rows = vectors(sparse(1000, i2=1.5), sparse(1000), sparse(1000, i0=0.0, i999=2.0))

    expected = encode_sparse([0, 1, 1, 3], [2, 0, 999], [1.5, 0, 2], 1000)
    assert body(Plan(FORMATS["sagemaker"], BARE), rows) == expected.data.tobytes()


def test_recordio_of_mixed_vectors(body) -> None:
    rows = vectors(dense(1, 2), sparse(2, i1=3.0), labels=[True, False])

    first = encode_dense([[1, 2]], [1]).data.tobytes()
    second = encode_sparse([0, 1], [1], [3], 2, [0]).data.tobytes()
    assert body(Plan(FORMATS["sagemaker"], LABELLED), rows) == first + second


def test_csv_fills_up_sparse_vectors(body) -> None:
    rows = vectors(dense(1, 2.5), sparse(2, i1=3.0), labels=[0.5, 1])

    assert body(Plan(FORMATS["csv"], LABELLED), rows) == b"0.5,1,2.5\n1,0,3\n"
    assert body(Plan(FORMATS["csv"], BARE), rows.select([1])) == b"1,2.5\n0,3\n"


def test_libsvm_is_what_requests_say(body) -> None:
    rows = vectors(sparse(3000, i2=3.0, i2999=-1e-9), sparse(3000), labels=[0, 2.5])

    assert body(Plan(FORMATS["libsvm"], LABELLED), rows) == b"0 0:0 3:3 3000:-1e-9\n2.5 0:0\n"
    assert body(Plan(LibSVM(0), LABELLED), rows) == b"0 0:0 2:3 2999:-1e-9\n2.5 0:0\n"


def test_libsvm_says_nothing_that_its_readers_misread(body) -> None:
    nan = float("nan")

    rows = vectors(dense(nan, 2), dense(nan, nan), labels=[1, 2])
    assert body(Plan(FORMATS["libsvm"], LABELLED), rows) == b"1 0:0 2:2\n2 0:0\n"
    with pytest.raises(DataError, match="Column 'features' holds a number that LibSVM cannot say in row 1"):
        body(Plan(FORMATS["libsvm"], LABELLED), vectors(dense(1), dense(float("inf")), labels=[1, 2]))
    with pytest.raises(DataError, match="Column 'label' holds a number that LibSVM cannot say in row 1"):
        body(Plan(FORMATS["libsvm"], LABELLED), vectors(dense(1), dense(1), labels=[1, nan]))


def test_parquet_has_a_column_for_each_number(body) -> None:
    rows = vectors(dense(1, 2.5), sparse(2, i1=3.0), labels=[0.5, 1])

    table = pq.read_table(pa.BufferReader(body(Plan(FORMATS["parquet"], LABELLED), rows)))

    assert table.schema.names == ["label", "f0", "f1"]
    assert set(table.schema.types) == {pa.float32()}
    assert table.to_pydict() == {"label": [0.5, 1], "f0": [1, 0], "f1": [2.5, 3]}


def test_npz_has_an_array_of_features_and_one_of_labels(body) -> None:
    more = vectors(dense(5, 6), labels=[7])
    rows = vectors(dense(1, 2.5), sparse(2, i1=3.0), labels=[0.5, 1])

    with np.load(io.BytesIO(body(Plan(FORMATS["npz"], LABELLED), rows, more)), allow_pickle=False) as file:
        assert {name: file[name].dtype for name in file} == {"features": np.float32, "labels": np.float32}
        assert file["features"].tolist() == [[1, 2.5], [0, 3], [5, 6]]
        assert file["labels"].tolist() == [0.5, 1, 7]
    with np.load(io.BytesIO(body(Plan(FORMATS["npz"], BARE), vectors(dense(1, 2))))) as file:
        assert list(file) == ["features"]


def test_parquet_in_many_row_groups(body) -> None:
    numbers = np.random.default_rng(0).normal(size=(3000, 1000)).astype(np.float32)
    batches = [vectors_of(numbers[at : at + 1000]) for at in range(0, 3000, 1000)]

    file = pq.ParquetFile(pa.BufferReader(body(Plan(FORMATS["parquet"], BARE), *batches)))

    assert file.num_row_groups == 2
    np.testing.assert_array_equal(np.column_stack(file.read().columns), numbers)


def vectors_of(numbers: np.ndarray) -> pa.RecordBatch:
    rows, dim = numbers.shape
    lists = pa.ListArray.from_arrays(np.arange(rows + 1, dtype=np.int32) * dim, numbers.reshape(-1))
    return pa.record_batch({"c0": lists})


def test_large_objects_go_up_in_parts_unchanged(body) -> None:
    numbers = np.random.default_rng(0).normal(size=(6000, 784)).astype(np.float32)

    found = body(Plan(FORMATS["sagemaker"], BARE), vectors_of(numbers[:4000]), vectors_of(numbers[4000:]))

    assert len(found) > 2 * 8 * 1024 * 1024
    assert found == encode_dense(numbers).data.tobytes()


def test_no_rows_write_nothing(session, place, keys, write_here) -> None:
    task = Task(session, place, Plan(FORMATS["sagemaker"], BARE))

    assert write_here(task, []) == []
    assert write_here(task, [vectors()]) == []
    assert keys() == []


def test_a_split_partition(session, place, s3, write_here) -> None:
    task = Task(session, place, Plan(FORMATS["csv"], BARE), (Share(1, 5, 9), Share(4, 7, 3)))
    batches = [vectors(*(dense(i) for i in range(first, first + 3))) for first in (0, 3, 6)]

    reports = write_here(task, batches, partition=4, attempt=12)

    below = place.prefix
    assert [r["key"] for r in reports] == [f"{below}/part-00004-12-0000{i}.csv" for i in range(3)]
    assert [r["rows"] for r in reports] == [2, 2, 5]  # two rows more than counted go to the last
    found = [s3.get_object(Bucket=place.bucket, Key=r["key"])["Body"].read() for r in reports]
    assert found == [b"0\n1\n", b"2\n3\n", b"4\n5\n6\n7\n8\n"]
    assert {(r["partition"], r["attempt"], r["dim"]) for r in reports} == {(4, 12, 1)}


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (vectors(dense(1), dense(2), labels=[1, None]), "Column 'label' is null: row 1 of the batch"),
        (vectors(dense(1), None, labels=[1, 1]), "Column 'features' is null: row 1 of the batch"),
        (vectors(dense(1), dense(None), labels=[1, 1]), "Column 'features' holds a null: value 0 of row 1"),
        (
            vectors(dense(1), dense(1, 2), labels=[1, 1]),
            "Column 'features' .* 2 values in row 1 .*expected 1",
        ),
    ],
    ids=["label", "vector", "value", "size"],
)
def test_bad_rows_are_named_in_every_format(session, place, keys, write_here, name, rows, problem) -> None:
    task = Task(session, place, Plan(FORMATS[name], LABELLED))
    good = vectors(dense(1), dense(1), dense(1), labels=[0, 0, 0])

    with pytest.raises(DataError, match=f"^Partition 5, batch from row 3 on: {problem}"):
        write_here(task, [good, rows], partition=5)

    assert keys() == []


@pytest.mark.parametrize("name", ["sagemaker", "libsvm", "parquet", "npz"])
def test_numbers_beyond_float32_are_refused(session, place, write_here, name) -> None:
    task = Task(session, place, Plan(FORMATS[name], LABELLED))

    with pytest.raises(
        DataError, match=r"Column 'features' holds a number too large for float32: 1e\+39 in row 1"
    ):
        write_here(task, [vectors(dense(1), dense(1e39), labels=[0, 0])])
    with pytest.raises(DataError, match=r"The label holds a number too large for float32: -1e\+39 in row 0"):
        write_here(task, [vectors(dense(1), labels=[-1e39])])


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_size_that_is_expected_is_required(session, place, write_here, name) -> None:
    task = Task(session, place, Plan(FORMATS[name], BARE, dim=3))

    with pytest.raises(DataError, match=r"Partition 0, .* 2 values in row 0 of the batch; expected 3"):
        write_here(task, [vectors(dense(1, 2))])


def test_refusals_of_s3_name_the_partition(server, place, write_here) -> None:
    refused = Faulty("us-east-1", None, (("s3", server),), event="before-send.s3.PutObject", deed="403")
    task = Task(refused, place, Plan(FORMATS["csv"], BARE))

    with pytest.raises(
        AccessError, match=r"^Partition 0: S3 object .*\(code 'AccessDenied', HTTP 403, request 'R1'\)$"
    ):
        write_here(task, [vectors(dense(1, 2))])
