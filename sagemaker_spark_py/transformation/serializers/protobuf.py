"""Rows as recordIO-protobuf records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.sql.types import StructType

from sagemaker_spark_py.transformation.records import encode_column, encode_features, encode_named
from sagemaker_spark_py.transformation.schemas import Columns
from sagemaker_spark_py.transformation.serializers.vector import VectorSerializer
from sagemaker_spark_py.transformation.tensors import check_tensors, read_tensors, require_tensors


@dataclass(frozen=True)
class ProtobufRequestRowSerializer(VectorSerializer):
    """Sends each row as a record of its features, which most of SageMaker's algorithms read fastest.

    Numbers are rounded to float32. Sparse rows stay sparse.

    Parameters
    ----------
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.
    featuresColumnName : str or sequence of str
        A column of vectors, matrices or arrays of numbers, or several numeric columns. Its tensor has the
        name ``values``, which SageMaker's own algorithms expect.
    tensors : mapping of str to str, optional
        Instead of `featuresColumnName`, for models that want several tensors per record: a column of
        numbers, vectors, matrices or arrays of numbers for each tensor, by the tensor's name.
    """

    schema: StructType | None = field(default=None, hash=False)
    featuresColumnName: Columns = "features"
    tensors: Mapping[str, str] | None = field(default=None, hash=False, kw_only=True)
    contentType = "application/x-recordio-protobuf"
    _matrices = True

    def __post_init__(self) -> None:
        """Refuse a mapping of tensors without any, and check the schema at once where one is given."""
        if self.tensors is not None:
            check_tensors(self.tensors)
        super().__post_init__()

    def validateSchema(self, schema: StructType) -> None:
        """Check that the columns exist and hold numbers.

        Raises
        ------
        SchemaError
            If a column is missing or has the wrong type.
        """
        if self.tensors is None:
            super().validateSchema(schema)
        else:
            require_tensors(schema, self.tensors.values())

    def inputColumns(self, schema: StructType) -> list[str]:
        """Return the names of the columns to be sent to the executors' Python."""
        return super().inputColumns(schema) if self.tensors is None else list(self.tensors.values())

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return one record per row; executor side.

        Raises
        ------
        DataError
            If a row is null or holds a finite number too large for float32.
        """
        if self.tensors is not None:
            return encode_named(read_tensors(batch, self.tensors))
        if isinstance(self.featuresColumnName, str):
            return encode_column(batch.column(self.featuresColumnName), name=self.featuresColumnName)
        return encode_features(self._features(batch))
