"""What the built-in serializers have in common: they send feature vectors."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql.types import StructType

from sagemaker_spark_py.transformation.columns import read_columns, read_features
from sagemaker_spark_py.transformation.features import Features
from sagemaker_spark_py.transformation.schemas import Columns, as_columns, names_of, require_features
from sagemaker_spark_py.transformation.serializers.serializer import RequestRowSerializer


class VectorSerializer(RequestRowSerializer):
    """A frozen dataclass with the fields `schema` and `featuresColumnName`."""

    featuresColumnName: Columns
    _matrices = False

    def __post_init__(self) -> None:
        """Check the schema at once where one is given."""
        object.__setattr__(self, "featuresColumnName", as_columns(self.featuresColumnName))
        if self.schema is not None:
            self.validateSchema(self.schema)

    def validateSchema(self, schema: StructType) -> None:
        """Check that the feature columns exist and hold numbers.

        Raises
        ------
        SchemaError
            If a column is missing or has the wrong type.
        """
        require_features(schema, self.featuresColumnName, matrices=self._matrices)

    def inputColumns(self, schema: StructType) -> list[str]:
        """Return the names of the columns to be sent to the executors' Python."""
        return names_of(self.featuresColumnName)

    def _features(self, batch: pa.RecordBatch) -> Features:
        names = names_of(self.featuresColumnName)
        if isinstance(self.featuresColumnName, str):
            return read_features(batch.column(names[0]), name=names[0])
        return read_columns([batch.column(name) for name in names], names)
