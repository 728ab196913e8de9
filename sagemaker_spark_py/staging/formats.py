"""The formats that this library writes itself: what they look like, and which columns they need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.staging.parquet import parquet_file
from sagemaker_spark_py.staging.rows import Rows


class StagingFormat(ABC):
    """A way to write rows into one object; instances travel to the executors.

    A subclass sets the class attributes and `buffers`, and gets a line in `FORMATS`.

    Attributes
    ----------
    extension : str
        How keys end.
    needs_label : bool
        Whether rows without a label are refused.
    takes_numbers : bool
        Whether numeric columns may stand for the features where none are named.
    expands : bool
        Whether zeros of sparse vectors are written out.
    compressible : bool
        Whether the object may be compressed as a whole, for channels with ``CompressionType=Gzip``.
    """

    extension: ClassVar[str]
    needs_label: ClassVar[bool] = False
    takes_numbers: ClassVar[bool] = False
    expands: ClassVar[bool] = False
    compressible: ClassVar[bool] = True

    @abstractmethod
    def contentType(self, labelled: bool) -> str:
        """Return the channel's ``ContentType``."""

    @abstractmethod
    def buffers(self, rows: Iterable[Rows]) -> Iterator[Any]:
        """Yield the bytes of one object, in pieces that are never changed again. Runs on executors."""


class RecordIO(StagingFormat):
    """recordIO-protobuf: one record per row, float32; sparse vectors stay sparse."""

    extension = ".pbr"

    def contentType(self, labelled: bool) -> str:
        """Return ``application/x-recordio-protobuf``."""
        return "application/x-recordio-protobuf"

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield framed records."""
        for _, labels, features in map(Rows.float32, rows):
            yield encode(features, labels).data


class CSV(StagingFormat):
    """Lines of comma-separated numbers without a header, the label first; sparse vectors are filled up."""

    extension = ".csv"
    takes_numbers = True
    expands = True

    def contentType(self, labelled: bool) -> str:
        """Return ``text/csv``, which stands for one label, or say that there is none.

        Source: SageMaker developer guide, "Common data formats for training"; XGBoost takes the plain form
        only, and always has a label.
        """
        return "text/csv" if labelled else "text/csv;label_size=0"

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield lines."""
        serializer = UnlabeledCSVRequestRowSerializer(featuresColumnName=columns.named_features)
        for batch, labels, _ in rows:
            lines = serializer.serializeBatch(batch)
            if labels is not None:
                lines = as_payloads(glue(texts(labels), ",", lines.cast(TEXT)))
            yield _contents(lines)


class LibSVM(StagingFormat):
    """Lines of ``label index:value ...``, as the request serializer of the same format writes them."""

    extension = ".libsvm"
    needs_label = True

    def contentType(self, labelled: bool) -> str:
        """Return ``text/libsvm``."""
        return "text/libsvm"

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield lines."""
        serializer = LibSVMRequestRowSerializer(
            labelColumnName=columns.label, featuresColumnName=columns.named_features
        )
        for batch, _, _ in rows:
            yield _contents(serializer.serializeBatch(batch))


class Parquet(StagingFormat):
    """Columns of float32, the label first, one for each number of the vectors."""

    extension = ".parquet"
    takes_numbers = True
    expands = True
    compressible = False

    def contentType(self, labelled: bool) -> str:
        """Return ``application/x-parquet``."""
        return "application/x-parquet"

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield the pieces of one file."""
        return parquet_file(rows)


FORMATS: dict[str, StagingFormat] = {
    "sagemaker": RecordIO(),
    "csv": CSV(),
    "libsvm": LibSVM(),
    "parquet": Parquet(),
}
"""Formats by the name that users give; any other name is a data source of Spark."""


def _contents(payloads: pa.Array) -> memoryview:
    """Return the payloads one after the other, as they lie in the array."""
    _, offsets, data = payloads.buffers()
    ends = np.frombuffer(offsets, np.int64)[payloads.offset :]
    return memoryview(data)[ends[0] : ends[len(payloads)]]
