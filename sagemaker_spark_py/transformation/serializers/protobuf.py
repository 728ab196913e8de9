"""Rows as recordIO-protobuf records."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.sql.types import StructType

from sagemaker_spark_py.transformation.records import encode_column, encode_features
from sagemaker_spark_py.transformation.schemas import Columns
from sagemaker_spark_py.transformation.serializers.vector import VectorSerializer


@dataclass(frozen=True)
class ProtobufRequestRowSerializer(VectorSerializer):
    """Sends each row as a record of its features, which most of SageMaker's algorithms read fastest.

    Numbers are rounded to float32. Sparse rows stay sparse.

    Parameters
    ----------
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.
    featuresColumnName : str or sequence of str
        A column of vectors, matrices or arrays of numbers, or several numeric columns.
    """

    schema: StructType | None = field(default=None, hash=False)
    featuresColumnName: Columns = "features"
    contentType = "application/x-recordio-protobuf"
    _matrices = True

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return one record per row; executor side.

        Raises
        ------
        DataError
            If a row is null or holds a finite number too large for float32.
        """
        if isinstance(self.featuresColumnName, str):
            return encode_column(batch.column(self.featuresColumnName), name=self.featuresColumnName)
        return encode_features(self._features(batch))
