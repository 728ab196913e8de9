"""What will be staged and how, settled from the schema alone, before anything runs or costs."""

from __future__ import annotations

from collections import Counter
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
from sagemaker_spark_py.transformation.invalid import NULL_ONLY, Invalid
from sagemaker_spark_py.transformation.schemas import (
    as_columns,
    field_of,
    is_number,
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

WHERE_PRESENT, IF_NUMBER, REQUIRED, NEVER = "where present", "if a number", "required", "never"
"""When a column ``label`` that nobody has named is written: if it is there, if it also is a number (for
algorithms that make no use of it), always, never."""


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
    invalid : Invalid
        What becomes of rows that the algorithm cannot take.
    """

    format: StagingFormat
    columns: Columns
    dim: int | None = None
    gzip: bool = False
    invalid: Invalid = NULL_ONLY

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
    label: str = WHERE_PRESENT,
    weight: str | None = None,
    invalid: Invalid = NULL_ONLY,
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
    dim, invalid
        See `Plan`.
    compression : str, optional
        ``"Gzip"`` compresses each object as a whole; `None` or ``"None"`` does not.
    label, weight : str
        When a label that is not named is written: `WHERE_PRESENT`, ...; a column of weights.

    Raises
    ------
    SchemaError
        If a column is missing or has the wrong type.
    SettingError
        If an option is unknown, or the format cannot be compressed, has no weights or needs a label.
    """
    gzip = _is_gzip(compression)
    chosen = StructType([field_of(schema, name) for name in columns]) if columns else schema
    if format == "sagemaker" and options and TENSORS in options:
        _refuse_for_format(format, gzip, weight)
        return Plan(*_tensors(chosen, options, label), dim, gzip, invalid)
    if format not in FORMATS:
        _refuse_for_spark(format, weight, invalid)
        return SparkPlan(format, _as_texts(options or {}), tuple(columns or ()), gzip)
    kind, known = FORMATS[format], _known(format, options or {})
    _refuse_for_format(format, gzip, weight)
    own = {name: value for name, value in known.items() if name in kind.options}
    found = _columns(chosen, kind, known, REQUIRED if kind.needs_label else label, weight)
    return Plan(replace(kind, **own), found, dim, gzip, invalid)


def project(dataset: DataFrame, names: Sequence[str]) -> DataFrame:
    """Return the DataFrame with these columns only; their names are taken literally, dots included."""
    return dataset.select(*(F.col(f"`{name.replace('`', '``')}`") for name in names))


def _tensors(
    schema: StructType, options: Mapping[str, Any], mode: str
) -> tuple[TensorRecords, TensorColumns]:
    """Settle how rows become records of several named tensors."""
    unknown = sorted(set(options) - {TENSORS, LABEL})
    if unknown:
        raise SettingError(f"Option {unknown[0]!r} does not go with tensors; expected {LABEL} at most.")
    tensors: Mapping[str, str] = options[TENSORS]
    check_tensors(tensors)
    label = _label(schema, options.get(LABEL), mode)
    _refuse_twice([*([] if label is None else [label]), *tensors.values()])
    require_tensors(schema, tensors.values())
    return TensorRecords(tuple(tensors)), TensorColumns(label, tuple(tensors.values()))


def _refuse_for_format(format: str, gzip: bool, weight: str | None) -> None:
    kind = FORMATS[format]
    if gzip and not kind.compressible:
        raise SettingError(f"Format {format!r} cannot be compressed as a whole; expected no compression.")
    if weight is not None and not kind.takes_weights:
        able = " or ".join(repr(name) for name, some in FORMATS.items() if some.takes_weights)
        raise SettingError(f"weightCol has no place in format {format!r}: {weight!r}; expected {able}.")


def _refuse_for_spark(format: str, weight: str | None, invalid: Invalid) -> None:
    names = {"weightCol": weight is not None, "handleInvalid": invalid.handling != "error"}
    for name in (name for name, is_set in names.items() if is_set):
        raise SettingError(
            f"{name} has no meaning for Spark's data source {format!r}; expected one of the formats "
            f"{', '.join(FORMATS)}. Prepare the DataFrame yourself instead."
        )


def _as_texts(options: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((key, str(value)) for key, value in options.items())


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


def _columns(
    schema: StructType, format: StagingFormat, options: Mapping[str, Any], mode: str, weight: str | None
) -> Columns:
    label = _label(schema, options.get(LABEL), mode)
    if weight is not None:
        require_number(schema, weight)
    single = [name for name in (label, weight) if name is not None]
    features = options.get(FEATURES)
    if features is None and format.takes_numbers and _DEFAULT_FEATURES not in schema.names:
        features = [name for name in schema.names if name not in single]
    wanted = as_columns(features or _DEFAULT_FEATURES)
    _refuse_twice([*single, *names_of(wanted)])
    require_features(schema, wanted, matrices=format.takes_matrices)
    return Columns(label, tuple(names_of(wanted)), flat=not isinstance(wanted, str), weight=weight)


def _refuse_twice(names: Sequence[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise SchemaError(
                f"Column {name!r} has two roles among label, weight and features; expected different columns."
            )


def _label(schema: StructType, named: str | None, mode: str) -> str | None:
    present = _DEFAULT_LABEL in schema.names
    wanted = mode == REQUIRED or (present and mode != NEVER)
    if named is None and wanted and not (mode == IF_NUMBER and not is_number(schema, _DEFAULT_LABEL)):
        named = _DEFAULT_LABEL
    if named:
        require_number(schema, named)
    elif mode == REQUIRED:
        raise SettingError(f"Rows cannot be written without a label; expected {LABEL} to name a column.")
    return named or None
