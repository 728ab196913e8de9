"""recordIO-protobuf in NumPy beside the row by row writers and readers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial

import numpy as np

from sagemaker_spark_py.recordio import decode, encode_dense, encode_sparse, record_pb2
from tests.benchmarks import data
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Line, faster
from tests.benchmarks.timing import Run

_MAGIC = (0xCED7230A).to_bytes(4, "little")


def run(bench: Bench) -> Iterator[Line]:
    """Compare with ``sagemaker<3`` and with the runtime of protobuf, on half as many rows as elsewhere."""
    rows = bench.rows // 2
    labels = np.zeros(rows, np.float32)
    matrix = data.dense(rows).astype(np.float32)
    offsets, places, values = data.sparse(rows)
    sparse = (offsets, places, values.astype(np.float32), data.DIM)
    dense_bytes = bytes(encode_dense(matrix, labels=labels).data)
    sparse_bytes = bytes(encode_sparse(*sparse, labels=labels).data)
    ours: dict[str, Run] = {
        "encode_dense": lambda: _drop(encode_dense(matrix, labels=labels)),
        "encode_sparse": lambda: _drop(encode_sparse(*sparse, labels=labels)),
        "decode_dense": lambda: _drop(decode(dense_bytes).features["values"].dense()),
        "decode_sparse": lambda: _drop(decode(sparse_bytes).features["values"].csr()),
    }
    theirs: dict[str, Run] = {
        "encode_dense": lambda: _write(matrix, labels),
        "decode_dense": lambda: _read(dense_bytes, matrix.shape),
    }
    goals = {"encode_dense": ">= 150", "encode_sparse": ">= 40", "decode_dense": ">= 60"}
    for action, run in ours.items():
        runs = {"ours": run}
        if action in theirs:
            runs["protobuf runtime"] = theirs[action]
        if bench.codec_peer is not None:
            sizes = {"rows": rows, "columns": data.DIM, "seed": 0}
            sizes |= {"density": data.DENSITY} if action.endswith("sparse") else {}
            runs["sagemaker 2"] = partial(bench.codec_peer.do, action, **sizes)
        times = bench.measured(runs)
        for name in list(runs)[1:]:
            goal = goals.get(action, "") if name == "sagemaker 2" else ""
            case = f"{action.replace('_', ' ')}, {rows} x {data.DIM}"
            yield faster(case, times["ours"], times[name], name, goal)


def _drop(result: object) -> None:
    """Return nothing, so that the call's own time counts."""


def _write(matrix: np.ndarray, labels: np.ndarray) -> None:
    file = io.BytesIO()
    for row, label in zip(matrix, labels, strict=True):
        record = record_pb2.Record()
        record.features["values"].float32_tensor.values.extend(row)
        record.label["values"].float32_tensor.values.append(label)
        payload = record.SerializeToString()
        file.write(_MAGIC + len(payload).to_bytes(4, "little") + payload + bytes(-len(payload) % 4))


def _read(framed: bytes, shape: tuple[int, ...]) -> None:
    matrix, at = np.empty(shape, np.float32), 0
    for row in range(shape[0]):
        size = int.from_bytes(framed[at + 4 : at + 8], "little")
        record = record_pb2.Record.FromString(framed[at + 8 : at + 8 + size])
        matrix[row] = record.features["values"].float32_tensor.values
        at += 8 + (size + 3) // 4 * 4
