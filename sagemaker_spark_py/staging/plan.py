"""What will be staged and how, settled from the schema alone, before anything runs or costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from sagemaker_spark_py.errors import SchemaError, SettingError
from sagemaker_spark_py.staging.formats import FORMATS, StagingFormat
from sagemaker_spark_py.staging.rows import Columns
from sagemaker_spark_py.staging.tensors import TensorColumns, TensorRecords
from sagemaker_spark_py.transformation.schemas import (
    as_columns,
    field_of,
    names_of,
    require_features,
    require_number,
)
from sagemaker_spark_py.transformation.tensors import check_tensors, require_tensors

LABEL, FEATURES = "labelColumnName", "featuresColumnName"
"""Options of the formats that this library writes itself; AWS's names."""

TENSORS = "tensors"
"""Option of ``sagemaker``, our own: columns by the names of their tensors, instead of the features."""

_DEFAULT_LABEL, _DEFAULT_FEATURES = "label", "features"


@dataclass(frozen=True)
class Plan:
    """How a DataFrame becomes objects of a format that this library writes itself.

    Parameters
    ----------
    format : StagingFormat
        Writes the bytes.
    columns : Columns
        What travels to the executors.
    dim : int, optional
        Values that each feature vector must have; `None`: as many as the first one.
    gzip : bool
        Whether each object is compressed as a whole.
    """

    format: StagingFormat
    columns: Columns
    dim: int | None = None
    gzip: bool = False

    @property
    def contentType(self) -> str:
        """``ContentType`` of the channel."""
        return self.format.contentType(self.columns.label is not None)

    @property
    def extension(self) -> str:
        """How keys end."""
        return self.format.extension + (".gz" if self.gzip else "")


@dataclass(frozen=True)
class SparkPlan:
    """How a DataFrame is written by a data source of Spark, through the Hadoop file system.

    Parameters
    ----------
    source : str
        Short name or class of the data source.
    options : tuple of (str, str)
        Its options.
    columns : tuple of str
        Columns to write, in this order; empty: all.
    gzip : bool
        Whether the channel announces compressed objects.
    """

    source: str
    options: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    gzip: bool = False

    @property
    def contentType(self) -> None:
        """`None`: only the user knows it."""
        return


def plan(
    schema: StructType,
    format: str = "sagemaker",
    options: Mapping[str, Any] | None = None,
    *,
    columns: Sequence[str] | None = None,
    dim: int | None = None,
    compression: str | None = None,
) -> Plan | SparkPlan:
    """Settle how rows of a schema are staged. Runs on the driver and asks neither Spark nor AWS.

    Parameters
    ----------
    schema : StructType
        Of the DataFrame.
    format : str
        A name in `FORMATS`, or any data source of Spark.
    options : mapping, optional
        For `FORMATS`: ``labelColumnName`` (default ``"label"`` where there is such a column; ``""``: no
        label), ``featuresColumnName`` (default ``"features"``: a column of vectors, matrices or arrays of
        numbers, or a list of numeric columns) and the format's own. For Spark's data sources: theirs.
        For ``sagemaker`` also ``tensors`` instead of features, a mapping: the column for each tensor.
    columns : sequence of str, optional
        Use these columns only, in this order.
    dim : int, optional
        Values that each feature vector must have.
    compression : str, optional
        ``"Gzip"`` compresses each object as a whole; `None` or ``"None"`` does not.

    Raises
    ------
    SchemaError
        If a column is missing or has the wrong type.
    SettingError
        If an option is unknown, or the format cannot be compressed.
    """
    gzip = _is_gzip(compression)
    chosen = StructType([field_of(schema, name) for name in columns]) if columns else schema
    if format == "sagemaker" and options and TENSORS in options:
        return _tensor_plan(chosen, options, gzip)
    if format not in FORMATS:
        given = tuple((key, str(value)) for key, value in (options or {}).items())
        return SparkPlan(format, given, tuple(columns or ()), gzip)
    kind, known = FORMATS[format], _known(format, options or {})
    if gzip and not kind.compressible:
        raise SettingError(f"Format {format!r} cannot be compressed as a whole; expected no compression.")
    own = {name: value for name, value in known.items() if name in kind.options}
    return Plan(replace(kind, **own), _columns(chosen, kind, known), dim, gzip)


def project(dataset: DataFrame, names: Sequence[str]) -> DataFrame:
    """Return the DataFrame with these columns only; their names are taken literally, dots included."""
    return dataset.select(*(F.col(f"`{name.replace('`', '``')}`") for name in names))


def _tensor_plan(schema: StructType, options: Mapping[str, Any], gzip: bool) -> Plan:
    """Settle how rows become records of several named tensors."""
    unknown = sorted(set(options) - {TENSORS, LABEL})
    if unknown:
        raise SettingError(f"Option {unknown[0]!r} does not go with tensors; expected {LABEL} at most.")
    tensors: Mapping[str, str] = options[TENSORS]
    check_tensors(tensors)
    label = _label(schema, FORMATS["sagemaker"], options.get(LABEL))
    named = [*([] if label is None else [label]), *tensors.values()]
    if len(set(named)) < len(named):
        raise SchemaError(f"Columns come twice: {named}; expected a column for each tensor and the label.")
    require_tensors(schema, tensors.values())
    columns = TensorColumns(label, tuple(tensors.values()))
    return Plan(TensorRecords(tuple(tensors)), columns, gzip=gzip)


def _is_gzip(compression: str | None) -> bool:
    if compression not in (None, "None", "Gzip"):
        raise SettingError(f"Compression is unknown: {compression!r}; expected None or 'Gzip'.")
    return compression == "Gzip"


def _known(format: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options under their own spelling; Spark does not tell upper case from lower."""
    names = (LABEL, FEATURES, *FORMATS[format].options)
    spelled = {name.lower(): name for name in names}
    unknown = [name for name in options if name.lower() not in spelled]
    if unknown:
        raise SettingError(f"Format {format!r} has no option {unknown[0]!r}; expected {' or '.join(names)}.")
    return {spelled[name.lower()]: value for name, value in options.items()}


def _columns(schema: StructType, format: StagingFormat, options: Mapping[str, Any]) -> Columns:
    label = _label(schema, format, options.get(LABEL))
    features = options.get(FEATURES)
    if features is None and format.takes_numbers and _DEFAULT_FEATURES not in schema.names:
        features = [name for name in schema.names if name != label]
    wanted = as_columns(features or _DEFAULT_FEATURES)
    if label in names_of(wanted):
        raise SchemaError(f"Column {label!r} is the label and a feature; expected different columns.")
    require_features(schema, wanted, matrices=format.takes_matrices)
    return Columns(label, tuple(names_of(wanted)), flat=not isinstance(wanted, str))


def _label(schema: StructType, format: StagingFormat, named: str | None) -> str | None:
    if named is None and (_DEFAULT_LABEL in schema.names or format.needs_label):
        named = _DEFAULT_LABEL
    if named:
        require_number(schema, named)
    elif format.needs_label:
        raise SettingError(f"Format cannot be written without a label; expected {LABEL} to name a column.")
    return named or None
