"""Encoders, judged by Amazon's bytes and by the protobuf runtime."""

import warnings
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.recordio import encode_dense, encode_rows, encode_sparse, encode_tensors, wire

from .judge import NAMES, Golden, framed, message, messages, payloads

MATRICES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6),
    elements=st.floats(width=32),
)
REAL = ["f2", "f4", "f8", ">f4", ">f8", "longdouble", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]


def text(encoded):
    return encoded.data.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_amazons_bytes(name):
    golden = Golden(name)
    values = np.concatenate(golden.values)
    encoded = encode_rows(
        golden.is_sparse,
        golden.indptr,
        golden.indices,
        values,
        golden.dims,
        golden.labels,
        shapes=golden.shapes,
    )
    assert text(encoded) == golden.bytes
    assert [len(payload) for payload in payloads(golden.bytes)] == [
        int.from_bytes(encoded.data[at + 4 : at + 8].tobytes(), "little") for at in encoded.offsets[:-1]
    ]
    assert encoded.offsets[-1] == len(golden.bytes)


@pytest.mark.parametrize("name", [name for name in NAMES if Golden(name).sort == "dense"])
def test_dense_rows_are_amazons_bytes(name):
    golden = Golden(name)
    assert text(encode_dense(golden.values, golden.labels)) == golden.bytes


def test_dense_matrices_are_amazons_bytes():
    golden = Golden("matrix_dense")
    matrices = np.reshape(golden.values, (2, 2, 3))
    assert text(encode_dense(matrices, golden.labels)) == golden.bytes


@pytest.mark.parametrize("name", [name for name in NAMES if Golden(name).is_sparse.all()])
def test_sparse_rows_are_amazons_bytes(name):
    golden = Golden(name)
    values = np.concatenate(golden.values)
    encoded = encode_sparse(golden.indptr, golden.indices, values, golden.dims[0], golden.labels)
    assert text(encoded) == golden.bytes


@given(MATRICES, st.booleans())
def test_dense_rows_are_what_protobuf_writes(matrix, labeled):
    labels = np.arange(len(matrix)) / 3
    encoded = encode_dense(matrix, labels if labeled else None)
    shown = labels if labeled else [None] * len(matrix)
    wanted = [message(row, label=label) for row, label in zip(matrix, shown, strict=True)]
    assert text(encoded) == framed(wanted)
    assert encoded.offsets.tolist() == [0, *np.cumsum([len(framed([one])) for one in wanted])]


@st.composite
def rows(draw):
    """A sparse or dense row: flag, size, places, values."""
    size = draw(
        st.sampled_from([0, 1, 5, 127, 128, 129, 16383, 16384, 16385, 2**21, 2**35, 2**56, 2**63 - 1])
    )
    if size <= 5 and draw(st.booleans()):
        return False, size, [], draw(st.lists(st.floats(width=32), min_size=size, max_size=size))
    places = draw(st.lists(st.integers(0, size - 1), max_size=40, unique=True)) if size else []
    numbers = st.lists(st.floats(width=32), min_size=len(places), max_size=len(places))
    return True, size, places, draw(numbers)


@given(st.lists(rows(), max_size=8), st.booleans())
def test_rows_are_what_protobuf_writes(batch, labeled):
    sparse, sizes, places, values = zip(*batch, strict=True) if batch else ((), (), (), ())
    labels = [i / 3 for i in range(len(batch))] if labeled else [None] * len(batch)
    encoded = encode_rows(
        np.array(sparse, bool),
        np.cumsum([0, *map(len, values)]),
        list(chain(*places)),
        list(chain(*values)),
        sizes,
        labels if labeled else None,
    )
    wanted = [
        message(numbers, where, [size] if is_sparse else [], label)
        for (is_sparse, size, where, numbers), label in zip(batch, labels, strict=True)
    ]
    assert text(encoded) == framed(wanted)
    assert encoded.offsets.tolist() == [0, *np.cumsum([len(framed([one])) for one in wanted])]


@pytest.mark.parametrize("count", [0, 1, 27, 28, 31, 32, 33, 4087, 4091, 4092, 4095, 4096, 600_000])
def test_lengths_around_the_varint_limits(count):
    values, places = np.arange(count) + 0.5, np.arange(count)
    assert text(encode_dense(values[None], [1])) == framed([message(values, label=1)])
    sparse = encode_sparse([0, count], places, values, count, [1])
    assert text(sparse) == framed([message(values, places.tolist(), [count], 1)])


def test_matrices_have_their_shape_in_every_row():
    encoded = encode_rows(
        [True, False, True], [0, 2, 8, 8], [3, 5], np.arange(8), [6, 6, 2], shapes=[[2, 3], [3, 2], [1, 2]]
    )
    wanted = [message([0, 1], [3, 5], [2, 3]), message(range(2, 8), shape=[3, 2]), message(shape=[1, 2])]
    assert text(encoded) == framed(wanted)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200), st.booleans()), max_size=5))
def test_matrices_of_all_sizes_are_what_protobuf_writes(drawn):
    """Dense and sparse matrices, whose numbers and keys count row by row."""
    matrices = [np.arange(r * c).reshape(r, c) % 3 for r, c, _ in drawn]
    sparse = np.array([one for *_, one in drawn], bool)
    places = [np.flatnonzero(matrix) for matrix in matrices]
    values = [m.ravel()[p] if s else m.ravel() for m, p, s in zip(matrices, places, sparse, strict=True)]
    encoded = encode_rows(
        sparse,
        np.cumsum([0, *map(len, values)]),
        list(chain(*(place for place, one in zip(places, sparse, strict=True) if one))),
        list(chain(*values)),
        [matrix.size for matrix in matrices],
        np.arange(len(drawn)),
        shapes=[matrix.shape for matrix in matrices],
    )
    wanted = [
        message(numbers, place.tolist() if one else [], matrix.shape, label)
        for label, (matrix, place, one, numbers) in enumerate(
            zip(matrices, places, sparse, values, strict=True)
        )
    ]
    assert text(encoded) == framed(wanted)


def test_empty_sparse_rows_are_filled_on_request():
    indptr, places, values = [0, 0, 1, 1, 1], [2], [5.0]
    plain = encode_sparse(indptr, places, values, 3)
    filled = encode_sparse(indptr, places, values, 3, fill_empty=True)
    empty, one, zero = message(shape=[3]), message([5], [2], [3]), message([0], [0], [3])
    assert text(plain) == framed([empty, one, empty, empty])
    assert text(filled) == framed([zero, one, zero, zero])


def test_only_sparse_rows_with_places_are_filled():
    encoded = encode_rows([True, False, True], [0, 0, 0, 0], [], [], [0, 1, 1], [1, 2, 3], fill_empty=True)
    assert text(encoded) == framed([message(shape=[0], label=1), message(label=2), message([0], [0], [1], 3)])


def test_tensors_of_own_names():
    encoded = encode_tensors({}, {"closest_cluster": [2, 1], "projection": [[1, 2, 3], [4, 5, 6]]})
    for i, record in enumerate(messages(text(encoded))):
        assert not record.features
        assert list(record.label["closest_cluster"].float32_tensor.values) == [2 - i]
        assert list(record.label["projection"].float32_tensor.values) == [1 + 3 * i, 2 + 3 * i, 3 + 3 * i]


def test_tensors_of_higher_rank_have_a_shape():
    [record] = messages(text(encode_tensors({"a" * 200: np.ones((1, 2, 3, 4))}, {"b": [7]})))
    assert list(record.features["a" * 200].float32_tensor.shape) == [2, 3, 4]
    assert list(record.features["a" * 200].float32_tensor.values) == [1] * 24
    assert list(record.label["b"].float32_tensor.values) == [7]


@pytest.mark.parametrize("dtype", REAL)
def test_every_real_type_becomes_float32(dtype):
    numbers = np.array([[0, 1, 0], [1, 1, 0]]).astype(dtype)
    wanted = framed([message([0, 1, 0], label=0), message([1, 1, 0], label=1)])
    assert text(encode_dense(numbers, numbers[:, 0])) == wanted
    sparse = encode_sparse([0, 1, 3], np.array([1, 0, 1], "u1"), numbers.ravel()[[1, 3, 4]], 3, numbers[:, 0])
    assert text(sparse) == framed([message([1], [1], [3], 0), message([1, 1], [0, 1], [3], 1)])


def test_numbers_are_rounded_and_overflow_without_warning():
    numbers = [1e39, -1e300, 1e-46, 0.1, 2**24 + 1, float("nan"), float("-inf")]
    wanted = [float("inf"), float("-inf"), 0.0, np.float32(0.1), 2**24, float("nan"), float("-inf")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dense = encode_dense([numbers], [1e39])
        sparse = encode_sparse([0, 7], range(7), numbers, 7, [1e39])
    assert text(dense) == framed([message(wanted, label=float("inf"))])
    assert text(sparse) == framed([message(wanted, range(7), [7], float("inf"))])


def test_the_bits_of_float32_are_kept():
    odd = np.array([[0x7FA00001, 0xFFC12345, 0x00000001, 0x80000000]], "<u4").view("<f4")
    assert odd.tobytes() in text(encode_dense(odd))
    assert odd.tobytes() in text(encode_sparse([0, 4], range(4), odd[0], 4))


def test_arrays_may_be_views():
    wide = np.arange(24.0).reshape(4, 6)
    assert text(encode_dense(wide[::2, 1::2])) == framed([message([1, 3, 5]), message([13, 15, 17])])
    assert text(encode_dense(np.asfortranarray(wide))) == framed(map(message, wide))
    sliced = encode_sparse([2, 3, 5], [0, 1, 1], np.arange(10.0), 2)
    assert text(sliced) == framed([message([2], [0], [2]), message([3, 4], [1, 1], [2])])


def test_no_rows_give_no_bytes():
    for encoded in (
        encode_dense(np.empty((0, 3))),
        encode_dense(np.empty((0, 3)), []),
        encode_sparse([0], [], [], 3, [], fill_empty=True),
        encode_rows([], [0], [], [], []),
        encode_rows([], [0], [], [], [], shapes=[]),
        encode_tensors({"a": []}),
    ):
        assert len(encoded.data) == 0
        assert encoded.offsets.tolist() == [0]


@pytest.mark.parametrize(
    "encode",
    [
        lambda: encode_dense(np.ones((2, 30))),
        lambda: encode_sparse([0, 2, 32], list(range(32)), np.ones(32), 32),
    ],
)
def test_rows_of_512_mib_are_refused(monkeypatch, encode):
    monkeypatch.setattr(wire, "MAX_PAYLOAD_BYTES", 100)
    with pytest.raises(DataError, match=r"too large for one record: 1.. bytes; expected at most 100"):
        encode()


@pytest.mark.parametrize(
    ("encode", "text"),
    [
        (lambda: encode_dense([1.0, 2.0]), "wrong rank: 1"),
        (lambda: encode_dense([["a"]]), "unusable type: <U1"),
        (lambda: encode_dense(np.ones((1, 1), complex)), "unusable type: complex128"),
        (lambda: encode_dense(np.ones((1, 1), object)), "unusable type: object"),
        (lambda: encode_dense(np.ones((1, 1), "M8[s]")), "unusable type: datetime64"),
        (lambda: encode_dense(np.ones((3, 2)), [1.0, 2.0]), r"labels has the wrong shape: \(2,\).*\(3,\)"),
        (lambda: encode_dense(np.ones((3, 2)), np.ones((3, 1))), r"labels has the wrong shape: \(3, 1\)"),
        (lambda: encode_dense(np.ones((3, 2)), ["1"] * 3), "labels has an unusable type"),
        (lambda: encode_tensors({}), "differ in number of rows"),
        (lambda: encode_tensors({"a": 1.0}), "single number"),
        (
            lambda: encode_tensors({"a": [1]}, {"a": [1, 2]}),
            r"differ in number of rows: \[\('a', 1\), \('a', 2\)\]",
        ),
        (lambda: encode_sparse([], [], [], 3), "indptr does not fit 0 rows"),
        (lambda: encode_sparse([0, 2, 1], [0, 1], [1, 2], 3), "indptr does not fit 2 rows"),
        (lambda: encode_sparse([-1, 2], [0, 1], [1, 2], 3), "indptr does not fit 1 rows"),
        (lambda: encode_sparse([0, 1.5], [0], [1], 3), "indptr has the wrong type: float64"),
        (lambda: encode_sparse([0, 2], [0, 1], [1], 3), "values is too short: 1; expected the 2"),
        (lambda: encode_sparse([0, 2], [0], [1, 2], 3), r"indices has the wrong shape: \(1,\).*\(2,\)"),
        (lambda: encode_sparse([0, 1], [0.0], [1], 3), "indices has the wrong type: float64"),
        (
            lambda: encode_sparse([0, 0, 1, 2], [2, 3], [1, 1], 3),
            "Row 2 has an index outside of it: 3; expected 0 to 2",
        ),
        (lambda: encode_sparse([0, 1], [-1], [1], 3), "Row 0 has an index outside of it: -1"),
        (lambda: encode_sparse([0, 0], [], [], -1), "dims is negative in row 0: -1"),
        (
            lambda: encode_rows([True, True], [0, 1, 2], [3, 3], [1, 1], [4, 3]),
            "Row 1 has an index outside of it: 3",
        ),
        (lambda: encode_rows([1], [0, 0], [], [], [3]), "is_sparse has the wrong type: int64"),
        (lambda: encode_rows([True], [0, 0], [], [], [3, 4]), r"dims has the wrong shape: \(2,\)"),
        (
            lambda: encode_rows([False], [0, 5], [], [1] * 5, [6], shapes=[[2, 3]]),
            "Row 0 has the wrong number of values: 5; expected 6",
        ),
        (
            lambda: encode_rows([True], [0, 0], [], [], [6], shapes=[[2, 4]]),
            r"shape that does not fit: \[2, 4\]; expected 6",
        ),
        (lambda: encode_rows([True], [0, 0], [], [], [6], shapes=[[-2, -3]]), "shape that does not fit"),
        (lambda: encode_rows([True], [0, 0], [], [], [6], shapes=[6]), r"shapes has the wrong shape: \(1,\)"),
    ],
)
def test_what_does_not_fit_is_refused(encode, text):
    with pytest.raises(DataError, match=text):
        encode()
