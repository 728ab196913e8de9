"""The formats that this library writes itself: what they look like, and which columns they need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.staging.npz import npz_file
from sagemaker_spark_py.staging.parquet import parquet_file
from sagemaker_spark_py.staging.rows import Columns, Rows
from sagemaker_spark_py.transformation.columns import read_numbers
from sagemaker_spark_py.transformation.records import encode_features
from sagemaker_spark_py.transformation.serializers import (
    JSONLinesRequestRowSerializer,
    LibSVMRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
)
from sagemaker_spark_py.transformation.text import TEXT, as_payloads, glue, texts


@dataclass(frozen=True)
class StagingFormat(ABC):
    """A way to write rows into one object; its instances travel to the executors.

    A subclass sets the class attributes, implements the two methods, and gets a line in `FORMATS`.

    Attributes
    ----------
    extension : str
        How keys end.
    needs_label : bool
        Whether rows without a label are refused.
    takes_weights : bool
        Whether rows may have weights.
    takes_numbers : bool
        Whether numeric columns may stand for the features where none are named.
    takes_matrices : bool
        Whether the features may be matrices.
    expands : bool
        Whether zeros of sparse vectors are written out.
    compressible : bool
        Whether the object may be compressed as a whole, for channels with ``CompressionType=Gzip``.
    options : tuple of str
        Fields that users may set by options of these names.
    """

    extension: ClassVar[str]
    needs_label: ClassVar[bool] = False
    takes_weights: ClassVar[bool] = False
    takes_numbers: ClassVar[bool] = False
    takes_matrices: ClassVar[bool] = False
    expands: ClassVar[bool] = False
    compressible: ClassVar[bool] = True

    options: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def contentType(self, labelled: bool) -> str:
        """Return the channel's ``ContentType``."""

    @abstractmethod
    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield the bytes of one object, in pieces that are never changed again. Runs on executors.

        Parameters
        ----------
        rows : iterable of Rows
            All rows of the object, a few at a time.
        columns : Columns
            What the rows hold.
        """


@dataclass(frozen=True)
class RecordIO(StagingFormat):
    """recordIO-protobuf: one record per row, float32; sparse vectors stay sparse."""

    extension = ".pbr"
    takes_matrices = True

    def contentType(self, labelled: bool) -> str:
        """Return ``application/x-recordio-protobuf``."""
        return "application/x-recordio-protobuf"

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield framed records."""
        for some in map(Rows.float32, rows):
            yield contents(encode_features(some.features, some.labels))


@dataclass(frozen=True)
class CSV(StagingFormat):
    """Lines of comma-separated numbers without a header: label, weight, features; sparse rows filled up."""

    extension = ".csv"
    takes_numbers = True
    takes_weights = True
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
        for some in rows:
            lines = serializer.serializeBatch(some.batch)
            first = [part for n in (some.labels, some.weights) if n is not None for part in (texts(n), ",")]
            yield contents(as_payloads(glue(*first, lines.cast(TEXT))) if first else lines)


@dataclass(frozen=True)
class LibSVM(StagingFormat):
    """Lines of ``label:weight index:value ...``, just as the request serializer of that format writes them.

    Parameters
    ----------
    indexBase : {1, 0}
        Index of the first feature. It must be that of the requests; both have the same default.
    """

    indexBase: int = 1
    extension = ".libsvm"
    needs_label = True
    takes_weights = True
    options = ("indexBase",)

    def __post_init__(self) -> None:
        """Take the number also as text, as options of Spark are."""
        if str(self.indexBase) not in ("0", "1"):
            raise SettingError(f"indexBase is out of range: {self.indexBase!r}; expected 0 or 1.")
        object.__setattr__(self, "indexBase", int(self.indexBase))

    def contentType(self, labelled: bool) -> str:
        """Return ``text/libsvm``."""
        return "text/libsvm"

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield lines."""
        serializer = _WeightedLibSVM(
            labelColumnName=columns.label or "",
            featuresColumnName=columns.named_features,
            indexBase=self.indexBase,
            weightColumnName=columns.weight,
        )
        for some in rows:
            some.float32()  # whose reader, XGBoost, makes something else of larger numbers without a word
            yield contents(serializer.serializeBatch(some.batch))


@dataclass(frozen=True)
class _WeightedLibSVM(LibSVMRequestRowSerializer):
    """Writes ``label:weight`` where there is a weight, which only training data has."""

    _: KW_ONLY
    weightColumnName: str | None = None

    def _labels(self, batch: pa.RecordBatch) -> pa.Array | str:
        labels = super()._labels(batch)
        if self.weightColumnName is None:
            return labels
        column = batch.column(self.weightColumnName)
        return glue(labels, ":", texts(read_numbers(column, name=self.weightColumnName)))


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class JSONLines(StagingFormat):
    """Lines of JSON objects with the names of the columns as keys; vectors become lists, sparse ones too."""

    extension = ".jsonl"
    takes_numbers = True
    takes_weights = True
    expands = True

    def contentType(self, labelled: bool) -> str:
        """Return ``application/jsonlines``."""
        return "application/jsonlines"

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield lines."""
        serializer = JSONLinesRequestRowSerializer(columns.names)
        for some in rows:
            yield contents(serializer.serializeBatch(some.batch))


@dataclass(frozen=True)
class Npz(StagingFormat):
    """NumPy archives of two float32 arrays, ``features`` and ``labels``; sparse rows are filled up."""

    extension = ".npz"
    takes_numbers = True
    expands = True
    compressible = False

    def contentType(self, labelled: bool) -> str:
        """Return ``application/x-npz``, which only scripts read."""
        return "application/x-npz"

    def buffers(self, rows: Iterable[Rows], columns: Columns) -> Iterator[Any]:
        """Yield the pieces of one archive."""
        return npz_file(rows)


FORMATS: dict[str, StagingFormat] = {
    "sagemaker": RecordIO(),
    "csv": CSV(),
    "libsvm": LibSVM(),
    "parquet": Parquet(),
    "jsonlines": JSONLines(),
    "npz": Npz(),
}
"""Formats by the name that users give; any other name is a data source of Spark."""


def contents(payloads: pa.Array) -> memoryview:
    """Return the payloads one after the other, as they lie in the array."""
    _, offsets, data = payloads.buffers()
    ends = np.frombuffer(offsets, np.int64)[payloads.offset :]
    return memoryview(data)[ends[0] : ends[len(payloads)]]
