"""Decoding, judged by Amazon's files and by the protobuf runtime, and fed with broken bytes."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sagemaker_spark_py.errors import DataError, RecordIOError
from sagemaker_spark_py.recordio import Record, decode, encode_dense, encode_sparse, encode_tensors

from . import wild
from .judge import NAMES, Golden, assert_decoded, frame, framed, message, messages
from .wild import field, varint

SEVERAL = 200  # more than the few messages that are walked one by one


def values_of(record):
    """The features of one record as wild bytes."""
    return field(1, field(1, b"values") + field(2, record))


def same_bits(found, wanted):
    return np.asarray(found, "<f4").tobytes() == np.asarray(wanted, "<f4").tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_amazons_files_are_read(name):
    golden = Golden(name)
    decoded = decode(golden.bytes)
    with np.errstate(over="ignore"):
        assert same_bits(decoded.features["values"].dense(), golden.dense.astype("f4"))
    assert list(decoded.features) == ["values"]
    if golden.labels is None:
        assert not decoded.label
    else:
        assert same_bits(decoded.label["values"].dense(1)[:, 0], golden.labels)
    assert_decoded(decoded, messages(golden.bytes))


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6)), st.booleans()
)
def test_dense_rows_come_back(matrix, labeled):
    labels = np.arange(len(matrix)) / 3 if labeled else None
    decoded = decode(encode_dense(matrix, labels).data)
    assert len(decoded) == len(matrix)
    if len(matrix):
        assert same_bits(decoded.features["values"].dense(), matrix)
        assert decoded.features["values"].dense().shape == matrix.shape
    if len(matrix) and labeled:
        assert same_bits(decoded.label["values"].dense()[:, 0], labels)


@given(hnp.arrays(np.float32, (7, 300), elements=st.sampled_from([0, 0, 0, 1.5, np.inf, 2.0**-149])))
def test_sparse_rows_come_back(matrix):
    indptr = np.append(0, np.count_nonzero(matrix, axis=1).cumsum())
    decoded = decode(encode_sparse(indptr, matrix.nonzero()[1], matrix[matrix != 0], 300).data)
    csr = decoded.features["values"].csr()
    assert csr.dim == 300
    assert csr.indptr.tolist() == indptr.tolist()
    assert csr.indices.tolist() == matrix.nonzero()[1].tolist()
    assert same_bits(csr.values, matrix[matrix != 0])
    assert same_bits(decoded.features["values"].dense(), matrix)


@given(st.lists(wild.records, max_size=6))
def test_wild_records_are_read_as_protobuf_reads_them(payloads):
    data = b"".join(map(frame, payloads))
    assert_decoded(decode(data), messages(data))


@given(wild.records)
def test_equal_records_are_read_as_protobuf_reads_them(payload):
    data = frame(payload) * 3
    assert_decoded(decode(data), messages(data))


@settings(max_examples=20)
@given(st.lists(wild.records, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_many_wild_records_are_read_as_protobuf_reads_them(payloads, chance):
    data = b"".join(frame(chance.choice(payloads)) for _ in range(SEVERAL))
    assert_decoded(decode(data), messages(data))


def test_records_that_differ_in_their_floats_only():
    records = [message([i, i / 3], shape=[2, 1], label=-i) for i in range(5)]
    for i, record in enumerate(records):
        record.features["double"].float64_tensor.values.extend([i / 7])
        record.label["int"].int32_tensor.values.extend([7, -7])
        record.features["sparse"].float32_tensor.values.extend([i, 1])
        record.features["sparse"].float32_tensor.keys.extend([200, 3])
        record.uid = "same"
    assert_decoded(decode(framed(records)), records)


@pytest.mark.parametrize("change", [16, 25, 31, 44])
def test_records_of_one_length_that_differ_in_more(change):
    one = bytearray(framed([message([1, 2], [3, 4], [5], label=6)]))
    other = bytearray(one)
    other[change] += 1
    data = bytes(one + other + one)
    assert_decoded(decode(data), messages(data))


def test_tensors_of_different_kinds_share_a_type_that_holds_all():
    records = [Record() for _ in range(5)]
    records[0].features["x"].float32_tensor.values.extend([0.5])
    records[1].features["x"].int32_tensor.values.extend([2**31 - 1, -(2**31)])
    records[3].features["x"].float64_tensor.values.extend([1e300])
    records[4].features["x"].bytes.value.extend([b"\x07"])
    tensor = decode(framed(records)).features["x"]
    assert tensor.kinds.tolist() == [2, 7, 0, 3, 9]
    assert tensor.indptr.tolist() == [0, 1, 3, 3, 4, 5]
    assert tensor.values.tolist() == [0.5, 2**31 - 1, -(2**31), 1e300, 7]


def test_bytes_are_read():
    records = [Record() for _ in range(2)]
    records[0].features["image"].bytes.value.append(b"\x00\xffabc")
    records[0].features["image"].bytes.content_type = "image/png"
    records[1].features["image"].bytes.value.append(b"")
    image = decode(framed(records)).features["image"]
    assert image.values.tobytes() == b"\x00\xffabc"
    assert image.indptr.tolist() == [0, 5, 5]
    assert image.kinds.tolist() == [9, 9]


def test_xgboosts_cumulative_answers_are_read():
    """Record i of its selectable inference repeats the answers of all records before it."""
    answers = [
        field(2, field(1, name) + field(2, field(2, field(1, np.float32(i).tobytes()))))
        for i in range(SEVERAL)
        for name in (b"predicted_label", b"probability")
    ]
    data = b"".join(frame(b"".join(answers[: 2 * i + 2])) for i in range(SEVERAL))
    decoded = decode(data)
    assert decoded.label["predicted_label"].dense(1)[:, 0].tolist() == list(range(SEVERAL))
    assert decoded.label["probability"].dense(1)[:, 0].tolist() == list(range(SEVERAL))
    assert not decoded.features


def test_names_of_one_length_are_told_apart():
    names = [f"{chance:08x}" for chance in range(50)]
    records = [encode_tensors({}, {name: [i]}).data.tobytes() for i, name in enumerate(names)]
    decoded = decode(b"".join(records * 4))
    assert list(decoded.label) == names
    for i, name in enumerate(names):
        assert decoded.label[name].values.tolist() == [i] * 4
        assert decoded.label[name].kinds.nonzero()[0].tolist() == list(range(i, 200, 50))


def test_every_buffer_is_taken():
    data = encode_dense([[1.0, 2.0]]).data
    for buffer in (data, data.tobytes(), bytearray(data), memoryview(data), memoryview(data).cast("b")):
        assert decode(buffer).features["values"].dense().tolist() == [[1, 2]]
    shifted = memoryview(b"x" + data.tobytes())[1:]
    assert decode(shifted).features["values"].dense().tolist() == [[1, 2]]
    assert len(decode(b"")) == 0
    assert not decode(b"").features


def test_values_are_aligned_and_writable():
    for rows in (1, 3):
        values = (
            decode(memoryview(b"x" + encode_dense(np.ones((rows, 2))).data.tobytes())[1:])
            .features["values"]
            .dense()
        )
        assert values.flags.aligned
        assert values.flags.writeable


def test_long_lists_of_keys():
    keys = np.arange(150_000) * 7 % 150_000
    decoded = decode(encode_sparse([0, 100_000, 150_000], keys, keys, 150_000).data)
    assert decoded.features["values"].csr().indices.tolist() == keys.tolist()
    assert decoded.features["values"].key_indptr.tolist() == [0, 100_000, 150_000]


@pytest.mark.parametrize("repeats", [1, SEVERAL])
def test_bits_beyond_64_are_dropped(repeats):
    tag = b"\x8a" + b"\x80" * 8 + b"\x02"
    chance = frame(b"\x32\x00") + frame(tag + field(1, field(1, b"values"))[1:]) * repeats
    assert decode(chance).features["values"].kinds.tolist() == [0] * (repeats + 1)
    shape = values_of(field(2, field(3, b"\x81" + b"\x80" * 8 + b"\x7e")))
    assert decode(frame(shape) * repeats).features["values"].shapes.tolist() == [1] * repeats


def test_one_record_with_very_many_fields():
    data = frame(b"\x30\x00" * 300_000 + message([1]).SerializeToString())
    assert decode(data).features["values"].dense().tolist() == [[1]]


BAD_PAYLOADS = {
    "tag cut": (b"\x80", 9),
    "length cut": (b"\x0a\x80", 10),
    "field too long": (b"\x0a\x05\x0a\x00", 10),
    "length of 64 bits": (b"\x0a" + varint(2**64 - 1), 19),
    "number too long": (b"\x30" + b"\x80" * 10 + b"\x00", 9),
    "field number 0": (b"\x02\x00", 8),
    "field number of 2**29": (varint(2**32 | 2) + b"\x00", 8),
    "group": (b"\x33\x34", 8),
    "wire type 7": (b"\x37", 8),
    "fixed 32 cut": (b"\x35abc", 9),
    "fixed 64 cut": (b"\x31abcdefg", 9),
    "text not utf-8": (field(3, b"ab\xff"), 12),
    "name not utf-8": (field(1, field(1, b"a\xff")), 13),
    "entry cut": (field(1, b"\x0a\x05abc"), 12),
    "value cut": (field(1, field(2, b"\x12\x05abc")), 14),
    "tensor cut": (values_of(field(2, b"\x0a\x05abcd")), 24),
    "broken floats": (values_of(field(2, field(1, b"abcde"))), 24),
    "broken doubles": (values_of(field(3, field(1, b"abcd"))), 24),
    "key cut": (values_of(field(2, field(2, b"\x01\x80"))), 26),
    "key too long": (values_of(field(2, field(2, b"\x01" + b"\x80" * 10 + b"\0"))), 25),
    "int cut": (values_of(field(7, field(1, b"\x80"))), 25),
    "unpacked key cut": (values_of(field(2, b"\x10\x80")), 24),
}


@pytest.mark.parametrize("repeats", [1, 2, SEVERAL])
@pytest.mark.parametrize("name", BAD_PAYLOADS)
def test_broken_payloads_are_refused_with_their_offset(name, repeats):
    payload, offset = BAD_PAYLOADS[name]
    good = framed([message([1], label=2)])
    with pytest.raises(RecordIOError) as raised:
        decode(frame(payload) * repeats)
    assert raised.value.offset == offset
    with pytest.raises(RecordIOError) as raised:
        decode(good * repeats + frame(payload))
    assert raised.value.offset == len(good) * repeats + offset
    assert f"(at byte offset {len(good) * repeats + offset})" in str(raised.value)


def small_file():
    sparse = encode_sparse([0, 2, 2], [1, 300], [1, 2], 400, [5, 6]).data.tobytes()
    return encode_dense([[1.0, 2.0], [3.0, 4.0]], [5, 6]).data.tobytes() + sparse + frame(b"")


def test_truncation_is_noticed_at_every_byte():
    data = small_file()
    ends = {0}
    for payload in messages(data):
        ends.add(max(ends) + len(framed([payload])))
    for cut in range(len(data)):
        if cut in ends:
            assert len(decode(data[:cut])) == sorted(ends).index(cut)
        else:
            with pytest.raises(RecordIOError) as raised:
                decode(data[:cut])
            assert raised.value.offset <= cut


def offset_of_error(data):
    """Ask for all that the records have; returns where they are broken, or None."""
    try:
        decoded = decode(data)
    except RecordIOError as error:
        return error.offset
    for tensors in (decoded.features, decoded.label):
        for tensor in tensors.values():
            for make in (tensor.dense, tensor.csr):
                try:
                    make()
                except DataError:
                    continue
    return None


@pytest.mark.parametrize("seed", range(4))
def test_mutated_bytes_end_in_results_or_in_errors_with_an_offset(seed):
    chance = random.Random(seed)
    originals = [
        small_file(),
        encode_dense(np.ones((3, 5)), [1, 2, 3]).data.tobytes(),
        b"".join(wild_frames(chance)),
    ]
    mutated = [mutate(chance, chance.choice(originals)) for _ in range(600)]
    offsets = [offset_of_error(data) for data in mutated]
    refused = [
        (offset, len(data)) for offset, data in zip(offsets, mutated, strict=True) if offset is not None
    ]
    assert 100 < len(refused) < 590
    assert all(0 <= offset <= size for offset, size in refused)


def wild_frames(chance):
    for _ in range(SEVERAL):
        tensor = field(chance.choice([2, 3, 7, 9]), field(1, chance.randbytes(8)[:-1] + b"\1") + b"\x10\x05")
        yield frame(field(chance.choice([1, 2]), field(1, b"values") + field(2, tensor)))


def mutate(chance, data):
    mutated = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        at = chance.randrange(len(mutated))
        how = chance.random()
        if how < 0.7:
            mutated[at] = chance.choice(
                [chance.randrange(256), mutated[at] ^ 1 << chance.randrange(8), 0, 255, 128]
            )
        elif how < 0.85:
            del mutated[at : at + chance.choice([1, 4, 8])]
        else:
            mutated[at:at] = chance.randbytes(chance.choice([1, 4]))
    return bytes(mutated)


@given(st.binary(max_size=64))
def test_any_payload_ends_in_a_result_or_an_error(payload):
    for data in (frame(payload), frame(payload) * 2, payload):
        offset = offset_of_error(data)
        assert offset is None or 0 <= offset <= len(data)
