"""recordIO-protobuf read back into DataFrames: round trips with staging, named tensors, corrupt files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.errors import PythonException
from pyspark.ml.linalg import DenseMatrix, MatrixUDT, SparseVector, Vectors, VectorUDT
from pyspark.sql import DataFrame
from pyspark.sql.types import ArrayType, FloatType, IntegerType, MapType, StringType

from sagemaker_spark_py import read_recordio
from sagemaker_spark_py.errors import NotFoundError, SettingError
from sagemaker_spark_py.recordio import Record, encode_dense, encode_tensors
from sagemaker_spark_py.service.objects import delete_objects
from sagemaker_spark_py.staging import plan, reading, write

from .reading import GOLDEN, golden, numbered


@pytest.fixture
def put(s3, place, session, spark):
    """Return a function that writes objects below a prefix and reads the prefix."""

    def written(objects: dict[str, bytes], **options: Any) -> DataFrame:
        for name, data in objects.items():
            s3.put_object(Bucket=place.bucket, Key=place.key(name), Body=data)
        return read_recordio(spark, place.uri, session=session, **options)

    return written


def ids(frame: DataFrame) -> list[float]:
    return [row[0] for row in frame.collect()]


@pytest.mark.smoke
@pytest.mark.parametrize("compression", [None, "Gzip"])
def test_what_was_staged_comes_back(spark, place, session, compression) -> None:
    frame = numbered(spark, 10, 3)
    staged = write(frame, place, session, plan(frame.schema, compression=compression))
    found = read_recordio(spark, place.uri, session=session)
    assert read_recordio(spark, staged.uri, session=session).collect() == found.collect()
    assert found.schema.simpleString() == "struct<label:double,features:vector>"
    assert [(r.label, r.features) for r in found.collect()] == [
        (float(i), Vectors.dense([i, 2 * i])) for i in range(10)
    ]
    delete_objects(session, place, [staged.parts[1].key])
    with pytest.raises(NotFoundError, match=r"names an object that is gone: 'some/job/.*part-"):
        read_recordio(spark, staged.uri, session=session)
    staged.delete()
    with pytest.raises(NotFoundError, match=f"no records at '{place.uri}'"):
        read_recordio(spark, place.uri, session=session)


@pytest.mark.parametrize("name", sorted(p.stem for p in GOLDEN.glob("*.json") if "atrix" not in p.stem))
def test_rows_of_aws_own_files_come_back(spark, name) -> None:
    (file,) = [path for path in GOLDEN.glob(f"{name}.*") if path.suffix != ".json"]
    expected, found = golden(spark, name).collect(), read_recordio(spark, str(file)).collect()
    assert len(found) == len(expected)
    for before, after in zip(expected, found, strict=True):
        assert type(after.features) is type(before.features)
        np.testing.assert_array_equal(after.features.toArray(), before.features.toArray().astype(np.float32))
        assert after.label == (np.float32(before.label) if "label" in before else None)


def test_any_path_of_spark_is_read(spark, tmp_path: Path) -> None:
    (tmp_path / "a.pbr").write_bytes(encode_dense([[1.0]], [5]).data.tobytes())
    (tmp_path / "b.pbr.gz").write_bytes(gzip.compress(encode_dense([[2.0]], [6]).data.tobytes()))
    (tmp_path / "_SUCCESS").write_bytes(b"nothing")
    assert sorted(ids(read_recordio(spark, str(tmp_path)))) == [5, 6]
    assert ids(read_recordio(spark, str(tmp_path / "a.pbr"))) == [5]


def test_one_object_or_all_below_a_prefix_in_the_order_of_keys(spark, put, place, session) -> None:
    def one(i: int) -> bytes:
        return encode_dense([[1.0]], [i]).data.tobytes()

    objects = {"b": one(2), "a": one(1), "c/d": one(3), "_tmp/x": b"no", ".hidden": b"no", "empty": b""}
    found = put(objects)
    assert ids(found) == [1, 2, 3]
    assert ids(read_recordio(spark, f"{place.uri}/", session=session)) == [1, 2, 3]
    assert ids(read_recordio(spark, f"{place.uri}/c", session=session)) == [3]
    assert ids(read_recordio(spark, f"{place.uri}/b", session=session)) == [2]


def test_large_objects_have_tasks_of_their_own(put, monkeypatch) -> None:
    parts = {f"{i}": encode_dense(np.ones((4, 2)), np.full(4, i)).data.tobytes() for i in range(5)}
    monkeypatch.setattr(reading, "_TASK_BYTES", 2 * len(parts["0"]))
    found = put(parts)
    assert found.rdd.getNumPartitions() == 3
    assert ids(found) == [i for i in range(5) for _ in range(4)]


def test_records_longer_than_a_piece_and_many_pieces(spark, put) -> None:
    values = np.arange(3 * 1_200_000, dtype=np.float32).reshape(3, -1)
    rows = put({"a": encode_dense(values, range(3)).data.tobytes()}).collect()
    assert [row.label for row in rows] == [0, 1, 2]
    for row, expected in zip(rows, values, strict=True):
        np.testing.assert_array_equal(row.features.toArray(), expected)


def test_rows_without_a_label_have_none(put) -> None:
    first, second = encode_dense([[1.0]], [7]).data.tobytes(), encode_dense([[2.0]]).data.tobytes()
    found = put({"a": first + second + first, "b": second})
    assert ids(found) == [7, None, 7, None]


def test_named_tensors_become_columns(put) -> None:
    data = encode_tensors(
        {"pixels": [[[1, 2, 3], [4, 5, 6]]], "price": [9], "words": [[1, 2]]}, {"score": [0.5]}
    ).data
    found = put(
        {"a": data.tobytes()},
        tensors={"pixels": "image", "price": "price", "words": "w"},
        labels={"score": "s"},
        types={"image": MatrixUDT(), "price": IntegerType(), "w": ArrayType(FloatType())},
    )
    row = found.first()
    assert row.asDict() == {"s": 0.5, "image": row.image, "price": 9, "w": [1.0, 2.0]}
    assert row.image == DenseMatrix(2, 3, [1, 2, 3, 4, 5, 6], True)


def test_bytes_become_text_and_no_label_is_asked_for(put) -> None:
    record = Record()
    record.features["text"].bytes.value.append(b"hello")
    payload = record.SerializeToString()
    data = np.array([0xCED7230A, len(payload)], "<u4").tobytes() + payload + bytes(-len(payload) % 4)
    found = put({"a": data}, tensors={"text": "t"}, labels={}, types={"t": StringType()})
    assert [tuple(row) for row in found.collect()] == [("hello",)]


def test_sparse_rows_stay_sparse(put) -> None:
    from sagemaker_spark_py.recordio import encode_sparse

    found = put({"a": encode_sparse([0, 1, 1], [3], [2.0], 5).data.tobytes()}).collect()
    assert [row.features for row in found] == [SparseVector(5, [3], [2.0]), SparseVector(5, [], [])]


GOOD = encode_dense([[1.0, 2.0], [3.0, 4.0]], [0, 1]).data.tobytes()


@pytest.mark.parametrize(
    ("data", "error", "offset"),
    [
        (GOOD + b"garbage!" + GOOD, "no magic number", len(GOOD)),
        (GOOD[:-4], "cut short", len(GOOD) - 4),
        (GOOD + GOOD[:5], "cut short", len(GOOD) + 5),
        (GOOD + bytes.fromhex("0a23d7ce04000000ffffffff"), "Number is cut short", len(GOOD) + 12),
    ],
)
def test_a_corrupt_object_is_named_with_the_byte(put, place, data, error, offset) -> None:
    found = put({"good": GOOD, "part": data})
    with pytest.raises(PythonException) as raised:
        found.collect()
    text = str(raised.value)
    assert f"errors.RecordIOError: File '{place.uri}/part' is corrupt: " in text
    assert f"(at byte offset {offset}" in text


def test_a_broken_gzip_is_named(put, place) -> None:
    found = put({"a.gz": gzip.compress(GOOD)[:-9]})
    with pytest.raises(PythonException, match=rf"File '{place.uri}/a.gz' cannot be unpacked"):
        found.collect()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"tensors": {"image": "features"}}, "no tensor 'image' for column 'features'.*'values'"),
        ({"labels": {"score": "s"}}, "no tensor 'score' for column 's'"),
        ({"types": {"features": IntegerType()}}, "tensor 'values' does not fit column 'features'.*int"),
        ({"types": {"label": StringType()}}, "tensor 'values' does not fit column 'label'.*numbers"),
    ],
)
def test_a_tensor_that_is_not_there_or_does_not_fit_is_named(put, place, options, problem) -> None:
    found = put({"a": GOOD}, **options)
    with pytest.raises(
        PythonException, match=rf"File '{place.uri}/a', records from byte offset 0 on: .*{problem}"
    ):
        found.collect()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"tensors": {"values": "label"}}, r"not told apart: \['label', 'label'\]"),
        ({"tensors": {}, "labels": {}}, r"not told apart: \[\]"),
        ({"types": {"features": MapType(StringType(), StringType())}}, "cannot be filled"),
        ({"types": {"fetures": VectorUDT()}}, r"unknown columns: \['fetures'\]"),
        ({"types": {"features": "vector"}}, r"types\['features'\] is no type of Spark: 'vector'"),
    ],
)
def test_wrong_wishes_are_refused_at_once(spark, options, problem) -> None:
    with pytest.raises(SettingError, match=problem):
        read_recordio(spark, "s3://no/where", **options)


@pytest.mark.parametrize("path", [None, 3, "", ["s3://a/b"]])
def test_a_path_is_a_text(spark, path) -> None:
    with pytest.raises(SettingError, match=r"path has the wrong value"):
        read_recordio(spark, path)
