"""Rows as one NumPy array per request."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field

import numpy as np
import pyarrow as pa
from pyspark.sql.types import StructType

from sagemaker_spark_py.errors import DataError, SettingError
from sagemaker_spark_py.transformation.features import Array
from sagemaker_spark_py.transformation.schemas import Columns
from sagemaker_spark_py.transformation.serializers.vector import VectorSerializer

_BLOCK_CELLS = 1 << 20
"""Sparse rows are written out in full; this bounds what that takes at a time."""
_SIZE = np.dtype("<u4")
"""Each payload begins with the size of its row, so that a body of unequal rows is noticed."""
_MOST_ROWS = 2**63 - 1


@dataclass(frozen=True)
class NpyRequestRowSerializer(VectorSerializer):
    """Sends the rows of a request as one array in NumPy's format, which PyTorch's containers read.

    Parameters
    ----------
    featuresColumnName : str or sequence of str
        A column of vectors or of arrays of numbers, or several numeric columns.
    dtype : str
        NumPy's name of the numbers' type, for example ``"float32"`` or ``"uint8"``.
    shape : sequence of int, optional
        Shape of a row, for example ``(3, 224, 224)``; the array has the shape ``(rows, *shape)``. By default
        rows are flat.
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.

    """

    featuresColumnName: Columns = "features"
    _: KW_ONLY
    schema: StructType | None = field(default=None, hash=False)
    dtype: str = "float32"
    shape: Sequence[int] | None = None
    contentType = "application/x-npy"

    def __post_init__(self) -> None:
        """Check the type and the shape; and the schema where it is given."""
        super().__post_init__()
        try:
            kind = np.dtype(self.dtype).kind
        except TypeError as error:
            raise SettingError(
                f"dtype is not known to NumPy: {self.dtype!r}; expected e.g. 'float32'."
            ) from error
        if kind not in "biuf":
            raise SettingError(f"dtype is not one of numbers: {self.dtype!r}; expected e.g. 'float32'.")
        if self.shape is not None:
            object.__setattr__(self, "shape", tuple(self.shape))
            if not all(isinstance(size, int) and size > 0 for size in self.shape):
                raise SettingError(f"shape is not made of sizes: {self.shape!r}; expected e.g. (28, 28).")

    @property
    def frameBytes(self) -> int:
        """Size of the longest header."""
        return len(self._header(_MOST_ROWS, self.shape or (_MOST_ROWS,)))

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return the numbers of each row behind their count; executor side.

        Raises
        ------
        DataError
            If a row is null, or not of the size of `shape` or of the other rows.
        """
        features = self._features(batch)
        if self.shape is not None:
            features.require_dim(math.prod(self.shape))
        blocks = [self._block(block.dense()) for block in features.blocks(_BLOCK_CELLS)]
        return pa.concat_arrays(blocks) if blocks else pa.array([], pa.large_binary())

    def wrapBody(self, payloads: bytes | memoryview, rows: int) -> bytes | memoryview:
        """Put rows under one header.

        Raises
        ------
        DataError
            If rows differ in size.
        """
        dim = int(np.frombuffer(payloads, _SIZE, 1)[0])
        row_bytes = _SIZE.itemsize + dim * np.dtype(self.dtype).itemsize
        table = np.frombuffer(payloads, np.uint8)
        if len(table) == rows * row_bytes:
            table = table.reshape(rows, row_bytes)
            if (table[:, : _SIZE.itemsize] == table[0, : _SIZE.itemsize]).all():
                return self._header(rows, self.shape or (dim,)) + table[:, _SIZE.itemsize :].tobytes()
        raise DataError(
            f"Rows of one request differ in size; expected {dim} values in each, as in the first."
        )

    def _block(self, rows: Array) -> pa.LargeBinaryArray:
        row = np.dtype([("size", _SIZE), ("values", np.dtype(self.dtype).newbyteorder("<"), rows.shape[1:])])
        table = np.empty(len(rows), row)
        table["size"] = rows.shape[1]
        table["values"] = self._cast(rows)
        ends = np.arange(len(rows) + 1) * row.itemsize
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(table.tobytes())]
        return pa.Array.from_buffers(pa.large_binary(), len(rows), buffers)

    def _cast(self, rows: Array) -> Array:
        """Return the numbers in the type that is sent; whole numbers must stay what they are."""
        with np.errstate(invalid="ignore", over="ignore"):
            cast = rows.astype(self.dtype)
        if np.dtype(self.dtype).kind != "f" and not np.array_equal(cast, rows):
            name = ", ".join(self.inputColumns(StructType([])))
            raise DataError(f"Column {name!r} holds a number that is no {self.dtype}; expected only such.")
        return cast

    def _header(self, rows: int, shape: Sequence[int]) -> bytes:
        header = io.BytesIO()
        descr = np.dtype(self.dtype).newbyteorder("<").str
        whole = (rows, *shape)
        np.lib.format.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": whole})
        return header.getvalue()
