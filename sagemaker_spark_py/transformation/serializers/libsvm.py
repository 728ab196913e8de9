"""Rows as LibSVM lines, as XGBoost's containers read them."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field

import numpy as np
import pyarrow as pa
from pyspark.sql.types import StructType

from sagemaker_spark_py.errors import DataError, SettingError
from sagemaker_spark_py.transformation.columns import read_numbers
from sagemaker_spark_py.transformation.features import Array, Features
from sagemaker_spark_py.transformation.schemas import Columns, require_number
from sagemaker_spark_py.transformation.serializers.vector import VectorSerializer
from sagemaker_spark_py.transformation.text import TEXT, as_payloads, as_runs, glue, texts

_ZERO_ENTRY = " 0:0"


class _LibSVMSerializer(VectorSerializer):
    """A frozen dataclass with the fields below besides those of its base."""

    indexBase: int
    zeroEntry: bool
    omitZeros: bool
    contentType = "text/x-libsvm"

    def __post_init__(self) -> None:
        if self.indexBase not in (0, 1):
            raise SettingError(f"indexBase is out of range: {self.indexBase!r}; expected 0 or 1.")
        super().__post_init__()

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return one line per row; executor side.

        Raises
        ------
        DataError
            If a row's features or label are null or infinite.
        """
        features = _without_missing(self._features(batch))
        if self.omitZeros:
            features = features.only(features.values != 0)
        positions = features.all_indices()
        entries = as_runs(_entries(features.values, positions, self.indexBase), features.indptr)
        return as_payloads(glue(self._labels(batch), self._marks(features, positions), entries, "\n"))

    def _marks(self, features: Features, positions: Array) -> pa.Array | str:
        """Return the entry of index 0 for the rows that have none."""
        if not self.zeroEntry:
            return ""
        if self.indexBase == 1:
            return _ZERO_ENTRY
        marks = np.ones(len(features), np.int8)
        marks[features.row_of_entry()[positions == 0]] = 0
        return pa.array(["", _ZERO_ENTRY], TEXT).take(pa.array(marks))

    def _labels(self, batch: pa.RecordBatch) -> pa.Array | str:
        return "0"


@dataclass(frozen=True)
class LibSVMRequestRowSerializer(_LibSVMSerializer):
    """Sends each row as its label and its values: ``1 0:0 1:1.5 2:0 5:2``.

    All entries that a row stores are written, zeros too: XGBoost takes what is absent for missing, which is
    not the same as 0. NaN means missing, so it is left out. Data without a label column is sent with the
    label 0, which models ignore.

    Parameters
    ----------
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.
    labelColumnName : str
        A numeric or boolean column. It need not exist.
    featuresColumnName : str or sequence of str
        A column of vectors or of arrays of numbers, or several numeric columns.
    indexBase : {1, 0}
        Index of the first feature; it must be the same as in the training data. Spark's own LibSVM writer,
        and so AWS's library, counts from 1.
    zeroEntry : bool
        Whether rows without an entry of index 0 get one, of value 0. AWS's XGBoost containers lose rows
        without entries at the end of a request, and version 3.2-0 lowers all indices of a request by one if
        none of them is 0 (seen in their ``serve_utils.py``). If indices count from 1, index 0 belongs to no
        feature and its value does not matter. Turn it off for containers that refuse the index.
    omitZeros : bool
        Whether to leave out entries whose value is 0, for models that make no difference.
    """

    schema: StructType | None = field(default=None, hash=False)
    labelColumnName: str = "label"
    featuresColumnName: Columns = "features"
    _: KW_ONLY
    indexBase: int = 1
    zeroEntry: bool = True
    omitZeros: bool = False

    def validateSchema(self, schema: StructType) -> None:
        """Check that the features hold numbers, and so does the label if there is one.

        Raises
        ------
        SchemaError
            If a column has the wrong type or the features are missing.
        """
        super().validateSchema(schema)
        if self.labelColumnName in schema.names:
            require_number(schema, self.labelColumnName)

    def inputColumns(self, schema: StructType) -> list[str]:
        """Return the names of the columns to be sent to the executors' Python."""
        labels = [self.labelColumnName] if self.labelColumnName in schema.names else []
        return labels + super().inputColumns(schema)

    def _labels(self, batch: pa.RecordBatch) -> pa.Array | str:
        if self.labelColumnName not in batch.schema.names:
            return super()._labels(batch)
        labels = read_numbers(batch.column(self.labelColumnName), name=self.labelColumnName)
        if not np.isfinite(labels).all():
            raise _infinite(self.labelColumnName, int(np.isfinite(labels).argmin()))
        return texts(labels)


@dataclass(frozen=True)
class UnlabeledLibSVMRequestRowSerializer(_LibSVMSerializer):
    """Sends each row as the label 0 and its values; see `LibSVMRequestRowSerializer`.

    Parameters
    ----------
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.
    featuresColumnName : str or sequence of str
        A column of vectors or of arrays of numbers, or several numeric columns.
    indexBase, zeroEntry, omitZeros
        See `LibSVMRequestRowSerializer`.
    """

    schema: StructType | None = field(default=None, hash=False)
    featuresColumnName: Columns = "features"
    _: KW_ONLY
    indexBase: int = 1
    zeroEntry: bool = True
    omitZeros: bool = False


def _without_missing(features: Features) -> Features:
    """Leave out NaN, which the format cannot say: some readers take the next number instead."""
    if np.isfinite(features.values).all():
        return features
    infinite = np.isinf(features.values)
    if infinite.any():
        raise _infinite(features.name, int(features.row_of_entry()[infinite.argmax()]))
    return features.only(~np.isnan(features.values))


def _infinite(name: str, row: int) -> DataError:
    return DataError(
        f"Column {name!r} holds a number that LibSVM cannot say in row {row} of the batch; "
        "expected a finite one."
    )


def _entries(values: Array, positions: Array, base: int) -> pa.LargeStringArray:
    """Return `` index:value`` for each entry."""
    count = int(positions.max(initial=-1)) + 1
    if count > len(positions):
        return glue(" ", texts(positions + base), ":", texts(values))
    prefixes = glue(" ", texts(np.arange(base, base + count)), ":")
    return glue(prefixes.take(pa.array(positions)), texts(values))
