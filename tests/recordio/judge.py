"""Judges that know nothing of the library: golden files, protobuf messages, frames by `struct`."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from sagemaker_spark_py.recordio import Record

GOLDEN = Path(__file__).parent.parent / "data" / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.pbr"))
KINDS = {None: 0, "float32_tensor": 2, "float64_tensor": 3, "int32_tensor": 7, "bytes": 9}
DTYPES = {"float32_tensor": "f4", "float64_tensor": "f8", "int32_tensor": "i4"}


class Golden:
    """Rows of a golden file as the arrays that `encode_rows` takes, and the file's bytes."""

    def __init__(self, name: str) -> None:
        document = json.loads((GOLDEN / f"{name}.json").read_text())
        self.bytes = (GOLDEN / f"{name}.pbr").read_bytes()
        rows = [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]
        self.labels = np.array([float(row["label"]) for row in rows]) if "label" in rows[0] else None
        [self.sort] = {sort for row in rows for sort in row["features"]} - {"dense"} or ["dense"]
        features = [next(iter(row["features"].items())) for row in rows]
        self.is_sparse = np.array([sort == "sparse" for sort, _ in features])
        self.values = [_values(sort, feature) for sort, feature in features]
        self.indices = [index for sort, f in features if sort == "sparse" for index in f["indices"]]
        self.dims = [f["size"] if sort == "sparse" else _size(sort, f) for sort, f in features]
        self.shapes = [[f["numRows"], f["numCols"]] for sort, f in features if sort == "denseMatrix"] or None
        self.indptr = np.cumsum([0, *map(len, self.values)])

    @property
    def dense(self) -> np.ndarray:
        """The rows as a matrix."""
        matrix = np.zeros((len(self.values), self.dims[0]))
        indices = iter(self.indices)
        for row, values, is_sparse in zip(matrix, self.values, self.is_sparse, strict=True):
            for place, value in enumerate(values):
                row[next(indices) if is_sparse else place] = value
        return matrix


def _values(sort: str, feature) -> list[float]:
    numbers = [float(text) for text in (feature if sort == "dense" else feature["values"])]
    if sort == "denseMatrix" and not feature["isTransposed"]:
        return np.reshape(numbers, (feature["numCols"], feature["numRows"])).T.ravel().tolist()
    return numbers


def _size(sort: str, feature) -> int:
    return len(feature) if sort == "dense" else feature["numRows"] * feature["numCols"]


def frame(payload: bytes) -> bytes:
    """One framed record."""
    return struct.pack("<II", 0xCED7230A, len(payload)) + payload + bytes(-len(payload) % 4)


def framed(messages) -> bytes:
    """Framed protobuf messages, as the protobuf runtime writes them."""
    return b"".join(frame(message.SerializeToString(deterministic=True)) for message in messages)


def payloads(data: bytes) -> list[bytes]:
    """Payloads of framed records."""
    found, at = [], 0
    while at < len(data):
        magic, size = struct.unpack_from("<II", data, at)
        assert magic == 0xCED7230A
        found.append(data[at + 8 : at + 8 + size])
        assert len(found[-1]) == size
        at += 8 + size + -size % 4
    assert at == len(data)
    return found


def messages(data: bytes) -> list:
    """Framed records as the protobuf runtime reads them."""
    return [Record.FromString(payload) for payload in payloads(data)]


def message(values=(), keys=(), shape=(), label=None):
    """A record with float32 features and perhaps a label."""
    record = Record()
    tensor = record.features["values"].float32_tensor
    tensor.SetInParent()
    tensor.values.extend(np.asarray(values, np.float32).tolist())
    tensor.keys.extend(keys)
    tensor.shape.extend(shape)
    if label is not None:
        record.label["values"].float32_tensor.values.append(float(label))
    return record


def assert_decoded(decoded, records) -> None:
    """Check a decoded batch against the protobuf messages of the same bytes."""
    assert len(decoded) == len(records)
    for text in ("uid", "metadata", "configuration"):
        expected = [getattr(record, text) if record.HasField(text) else None for record in records]
        assert getattr(decoded, text) == expected
    for field in ("features", "label"):
        tensors = getattr(decoded, field)
        assert set(tensors) == {name for record in records for name in getattr(record, field)}
        for name, tensor in tensors.items():
            assert_tensor(tensor, [dict(getattr(record, field)).get(name) for record in records])


def assert_tensor(tensor, values) -> None:
    """Check a tensor against the protobuf values of the same records."""
    assert len(tensor) == len(values)
    for i, value in enumerate(values):
        kind = value.WhichOneof("value") if value is not None else None
        assert tensor.kinds[i] == KINDS[kind]
        numbers = tensor.values[tensor.indptr[i] : tensor.indptr[i + 1]]
        keys = tensor.keys[tensor.key_indptr[i] : tensor.key_indptr[i + 1]].tolist()
        shape = tensor.shapes[tensor.shape_indptr[i] : tensor.shape_indptr[i + 1]].tolist()
        if kind in DTYPES:
            expected = getattr(value, kind)
            wanted = np.array(list(expected.values), DTYPES[kind]).astype(tensor.values.dtype)
            np.testing.assert_array_equal(numbers, wanted)
            assert (keys, shape) == (list(expected.keys), list(expected.shape))
        else:
            assert numbers.astype("u1").tobytes() == (b"".join(value.bytes.value) if kind else b"")
            assert (keys, shape) == ([], [])
