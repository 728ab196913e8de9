"""The Params by which Spark ML names columns, and what they make of serializers and deserializers.

They have pyspark's names. Each can be given to the constructor, set, put into a map of Params or a grid, and
is copied from the estimator to its model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pyspark.ml.param import Param, Params
from pyspark.sql.types import StructType

from sagemaker_spark_py.arguments import HasSettings
from sagemaker_spark_py.errors import SchemaError, SettingError
from sagemaker_spark_py.params import Checked, HasParams, accessors
from sagemaker_spark_py.rules import Rule, choice, custom
from sagemaker_spark_py.staging.plan import FEATURES, LABEL
from sagemaker_spark_py.transformation.deserializers import Predictions, ResponseRowDeserializer
from sagemaker_spark_py.transformation.deserializers.predictions import SparkColumns
from sagemaker_spark_py.transformation.invalid import HANDLINGS, Invalid
from sagemaker_spark_py.transformation.schemas import as_columns
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer
from sagemaker_spark_py.transformation.serializers.checked import CheckedSerializer

if TYPE_CHECKING:
    from sagemaker_spark_py.params import Hyperparameter

Given = TypeVar("Given")
Got = TypeVar("Got")


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not value:
        raise ValueError
    return value


def _names(value: Any) -> str | list[str]:
    if isinstance(value, str):
        return _name(value)
    if not isinstance(value, Sequence):
        raise TypeError
    if not value:
        raise ValueError
    return [_name(name) for name in value]


_NAME: Rule[str, str] = custom(_name, "the name of a column")
_NAMES: Rule[str | Sequence[str], str | list[str]] = custom(
    _names, "the name of a column, or a list of names of numeric columns"
)


def column(name: str, rule: Rule[Given, Got], doc: str) -> Hyperparameter[Given, Got | None]:
    """Declare a Param; assign it to a class attribute of the same name."""
    words = f"{doc} Takes {rule.expected}."
    declared: Any = Param(Params._dummy(), name, words, typeConverter=Checked(name, rule))
    return declared  # type: ignore[no-any-return]


class ColumnParams(HasParams, HasSettings):
    """The Params that models have, and so estimators too."""

    _keyword_params: ClassVar[str] = """
        featuresCol labelCol predictionCol probabilityCol rawPredictionCol handleInvalid
        """

    featuresCol = column(
        "featuresCol", _NAMES, "Column of vectors or of arrays of numbers, or several numeric columns."
    )
    setFeaturesCol, getFeaturesCol = accessors(featuresCol)

    labelCol = column("labelCol", _NAME, "Numeric or boolean column with what is to be learned.")
    setLabelCol, getLabelCol = accessors(labelCol)

    predictionCol = column(
        "predictionCol",
        _NAME,
        "Column that the model appends for Spark's evaluators: the prediction, a double.",
    )
    setPredictionCol, getPredictionCol = accessors(predictionCol)

    probabilityCol = column(
        "probabilityCol", _NAME, "Column that a classifier appends: a vector with a probability per class."
    )
    setProbabilityCol, getProbabilityCol = accessors(probabilityCol)

    rawPredictionCol = column(
        "rawPredictionCol",
        _NAME,
        "Column that a classifier appends: a vector with a score per class, probabilities or margins, as the "
        "algorithm answers them.",
    )
    setRawPredictionCol, getRawPredictionCol = accessors(rawPredictionCol)

    handleInvalid = column(
        "handleInvalid",
        choice(*HANDLINGS),
        "What becomes of rows with null, infinite numbers or, unless the algorithm takes NaN for a missing "
        "value, NaN: an error; they are skipped (no training row, null predictions); or they are kept, null "
        "as NaN.",
    )
    setHandleInvalid, getHandleInvalid = accessors(handleInvalid)

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(featuresCol="features", labelCol="label", handleInvalid="error")

    def _named(self, param: str) -> Any:
        """Return a Param's value if it was set, else `None`."""
        return self._get_checked(param) if self.isSet(param) else None

    def _invalid(self, numbers: str) -> Invalid:
        return Invalid(self._get_checked("handleInvalid"), numbers)

    def _request_serializer(self, serializer: RequestRowSerializer, numbers: str) -> RequestRowSerializer:
        """Return the serializer, reading the columns that are set and heeding ``handleInvalid``.

        A user's own serializer, without ``featuresColumnName``, is returned as it is.

        Raises
        ------
        SettingError
            If the serializer was told other columns.
        """
        if "featuresColumnName" not in getattr(type(serializer), "__dataclass_fields__", {}):
            return serializer
        pointed = _pointed(serializer, "featuresColumnName", self._named("featuresCol"), "featuresCol")
        pointed = _pointed(pointed, "labelColumnName", self._named("labelCol"), "labelCol")
        invalid = self._invalid(numbers)
        return pointed if invalid.is_idle else CheckedSerializer(pointed, invalid)

    def _response_deserializer(
        self, deserializer: ResponseRowDeserializer, predictions: Predictions | None
    ) -> ResponseRowDeserializer:
        """Return the deserializer, adding the columns of Spark ML that are set.

        Raises
        ------
        SettingError
            If the answer cannot give one of them.
        """
        wanted = {
            name: self._named(f"{name}Col")
            for name in ("prediction", "probability", "rawPrediction")
            if self._named(f"{name}Col") is not None
        }
        if not wanted:
            return deserializer
        meaning = predictions or deserializer.predictions
        if meaning is None:
            kind = type(deserializer).__name__
            raise SettingError(
                f"{next(iter(wanted))}Col cannot be filled: {next(iter(wanted.values()))!r}; {kind} does not "
                "say what its columns mean. Give the model predictions=Predictions(...), or set predictions "
                "in the deserializer's class."
            )
        return SparkColumns(deserializer, meaning, **wanted)


class TrainingColumnParams(ColumnParams):
    """The Params that only estimators have, besides those of their models."""

    _keyword_params = ColumnParams._keyword_params + "weightCol validationIndicatorCol"

    weightCol = column("weightCol", _NAME, "Numeric column that says how much each row counts in training.")
    setWeightCol, getWeightCol = accessors(weightCol)

    validationIndicatorCol = column(
        "validationIndicatorCol",
        _NAME,
        "Boolean column: rows where it is true go to the channel validation instead of the training channel; "
        "null counts as false.",
    )
    setValidationIndicatorCol, getValidationIndicatorCol = accessors(validationIndicatorCol)

    def _with_columns(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return options of a format of ours, completed by the columns that are set.

        Raises
        ------
        SettingError
            If the options name other columns.
        """
        spelled = {name.lower(): name for name in options}
        completed = dict(options)
        for option, param in ((FEATURES, "featuresCol"), (LABEL, "labelCol")):
            wanted, given = self._named(param), options.get(spelled.get(option.lower(), ""))
            if wanted is None:
                continue
            if given is not None and as_columns(given) != as_columns(wanted):
                raise _contradiction(param, wanted, f"trainingSparkDataFormatOptions[{option!r}]", given)
            completed.pop(spelled.get(option.lower(), ""), None)
            completed[option] = wanted
        return completed

    def _refuse_taken_names(self, schema: StructType) -> None:
        """Refuse columns of predictions that the rows have already."""
        taken = {name.lower() for name in schema.names}
        for param in ("predictionCol", "probabilityCol", "rawPredictionCol"):
            name = self._named(param)
            if name is not None and name.lower() in taken:
                raise SchemaError(
                    f"{param} would exist twice in the model's result: {name!r}; expected a new name. Drop "
                    "or rename the DataFrame's column, or set the Param to another name."
                )


def _pointed(serializer: Any, attribute: str, wanted: Any, param: str) -> Any:
    """Return the serializer with its attribute set to what is wanted, unless its user set it."""
    declared: dict[str, Field[Any]] = getattr(type(serializer), "__dataclass_fields__", {})
    if wanted is None or attribute not in declared:
        return serializer
    given, default = getattr(serializer, attribute), declared[attribute].default
    if as_columns(given) == as_columns(wanted):
        return serializer
    if given != default:
        raise _contradiction(param, wanted, f"requestRowSerializer.{attribute}", given)
    # A schema that was given is that of other columns.
    return replace(serializer, **({"schema": None} if "schema" in declared else {}), **{attribute: wanted})


def _contradiction(param: str, wanted: Any, other: str, given: Any) -> SettingError:
    return SettingError(
        f"{param} is {wanted!r}, but {other} is {given!r}; expected the same. Give only one of them."
    )
