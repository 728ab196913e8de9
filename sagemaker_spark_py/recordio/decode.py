"""Records to arrays: whole batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sagemaker_spark_py.recordio import wire
from sagemaker_spark_py.recordio.columns import Batch, Columns, UniformColumns, read_text
from sagemaker_spark_py.recordio.frames import BytesLike, as_view, find_frames, read_header
from sagemaker_spark_py.recordio.layout import Layout, read_layout
from sagemaker_spark_py.recordio.ragged import Bytes
from sagemaker_spark_py.recordio.tensor import Tensor

_TEXTS = (wire.UID, wire.METADATA, wire.CONFIGURATION)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A batch of n records.

    Attributes
    ----------
    features, label : mapping of str to Tensor
        The tensors of the two maps by name. Each is put together when it is first asked for.
    uid, metadata, configuration : list of str or None, length n
        Texts that a record may have.
    """

    features: Mapping[str, Tensor]
    label: Mapping[str, Tensor]
    uid: list[str | None]
    metadata: list[str | None]
    configuration: list[str | None]

    def __len__(self) -> int:
        return len(self.uid)


def decode(buffer: BytesLike) -> Decoded:
    """Decode framed records.

    Parameters
    ----------
    buffer : bytes-like
        Zero or more complete records, of any writer that keeps to the format. Records that differ in
        nothing but their floats, such as dense rows and most answers of algorithms, are decoded at the
        speed of a copy.

    Returns
    -------
    Decoded

    Raises
    ------
    RecordIOError
        If the bytes are not whole records; its `offset` says where.

    Examples
    --------
    >>> from sagemaker_spark_py.recordio import decode, encode_dense
    >>> decoded = decode(encode_dense([[1.0, 2.0], [3.0, 4.0]], labels=[0, 1]).data)
    >>> decoded.features["values"].dense()
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    >>> decoded.label["values"].values
    array([0., 1.], dtype=float32)
    """
    view = as_view(buffer)
    data = np.frombuffer(view, np.uint8) if len(view) else np.empty(0, np.uint8)
    return _decode_uniform(data, view) or _decode_any(data, view)


def _decode_any(data: Bytes, view: memoryview) -> Decoded:
    layout = read_layout(data, find_frames(view))
    batch = Batch(data, layout)
    return Decoded(
        Columns(batch, wire.FEATURES), Columns(batch, wire.LABEL), *(_texts(data, layout, n) for n in _TEXTS)
    )


def _decode_uniform(data: Bytes, view: memoryview) -> Decoded | None:
    """Decode two or more records that equal the first one in all but their floats."""
    if not len(view):
        return None
    payload_bytes = read_header(view, 0)
    stride = wire.FRAME_BYTES + payload_bytes + wire.padding(payload_bytes)
    if len(data) < 2 * stride or len(data) % stride:
        return None
    first, table = data[:stride], data.reshape(-1, stride)
    layout = read_layout(first, find_frames(view[:stride]))
    if not _are_equal_but_floats(table, layout):
        return None
    batch = Batch(first, layout)
    return Decoded(
        UniformColumns(batch, wire.FEATURES, table),
        UniformColumns(batch, wire.LABEL, table),
        *(_texts(first, layout, n) * len(table) for n in _TEXTS),
    )


def _are_equal_but_floats(table: Bytes, layout: Layout) -> bool:
    floats = layout.contents_of(wire.VALUES, wire.FLOAT32, wire.FLOAT64)
    fixed_from = [0, *floats.stop.tolist()]
    fixed_to = [*floats.start.tolist(), table.shape[1]]
    fixed = zip(fixed_from, fixed_to, strict=True)
    return all((table[:, at:to] == table[0, at:to]).all() for at, to in fixed)


def _texts(data: Bytes, layout: Layout, number: int) -> list[str | None]:
    """Return one of the texts of each record."""
    texts: list[str | None] = [None] * layout.records
    found = layout.texts.only(layout.texts.number == number)
    for record, start, stop in zip(found.owner, found.start, found.stop, strict=True):
        texts[record] = read_text(data, start, stop)
    return texts
