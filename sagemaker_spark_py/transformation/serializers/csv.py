"""Rows as lines of comma-separated values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from pyspark.sql.types import StructType

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.transformation.features import Features
from sagemaker_spark_py.transformation.schemas import Columns
from sagemaker_spark_py.transformation.serializers.vector import VectorSerializer
from sagemaker_spark_py.transformation.text import as_payloads, glue, join_runs, texts

_BLOCK_CELLS = 1 << 20
"""Sparse rows are written out in full; this bounds what that takes at a time."""


@dataclass(frozen=True)
class UnlabeledCSVRequestRowSerializer(VectorSerializer):
    """Sends each row as a line of its values: ``1.5,0,1e-7``.

    Sparse rows are filled up with zeros. Numbers are written in the shortest form that reads back as the same
    number, ``nan`` and ``inf`` included.

    Parameters
    ----------
    schema : StructType, optional
        Checked at once if it is given; see `setSchema`.
    featuresColumnName : str or sequence of str
        A column of vectors or of arrays of numbers, or several numeric columns.
    """

    schema: StructType | None = field(default=None, hash=False)
    featuresColumnName: Columns = "features"
    contentType = "text/csv"

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.LargeBinaryArray:
        """Return one line per row; executor side.

        Raises
        ------
        DataError
            If a row is null, or not of the same size as the others.
        """
        blocks = [_lines(block) for block in self._features(batch).blocks(_BLOCK_CELLS)]
        return pa.concat_arrays(blocks) if blocks else pa.array([], pa.large_binary())


def _lines(features: Features) -> pa.LargeBinaryArray:
    if features.dim == 0:
        raise DataError(f"Column {features.name!r} holds an empty vector; expected at least one value.")
    bounds = np.arange(len(features) + 1) * features.dim
    cells = texts(features.dense().reshape(-1))
    return as_payloads(glue(join_runs(cells, bounds, ","), "\n"))
