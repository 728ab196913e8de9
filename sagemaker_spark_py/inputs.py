"""The channels of a training job, settled from settings and schemas before anything is written."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, StructType

from sagemaker_spark_py.channels import Channel, as_channel
from sagemaker_spark_py.columns import TrainingColumnParams
from sagemaker_spark_py.errors import DataError, SchemaError, SettingError
from sagemaker_spark_py.intake import Intake
from sagemaker_spark_py.service import requests
from sagemaker_spark_py.settings import EstimatorSettings
from sagemaker_spark_py.staging import FORMATS, Plan, SparkPlan, Staged, plan, require_enough
from sagemaker_spark_py.staging.plan import FEATURES, IF_NUMBER, REQUIRED
from sagemaker_spark_py.transformation.schemas import field_of

VALIDATION = "validation"
"""Channel of the rows that ``validationIndicatorCol`` marks."""


@dataclass(frozen=True)
class Input:
    """One channel of a job.

    Parameters
    ----------
    name : str
        Of the channel.
    channel : Channel
        Data and how the job gets it, nothing left open.
    plan : Plan or SparkPlan, optional
        How the rows are staged; `None` for data that is in S3.
    shards : int, optional
        In how many objects.
    split : str, optional
        Column that has parted these rows from the others of their DataFrame.
    """

    name: str
    channel: Channel
    plan: Plan | SparkPlan | None
    shards: int | None = None
    split: str | None = None

    @property
    def way(self) -> Hashable:
        """Equal for inputs of one DataFrame whose staged rows are the same."""
        return self.name, self.plan, self.split

    def request(self, staged: Mapping[Hashable, Staged], input_mode: str) -> dict[str, Any]:
        """Return the channel as the request names it; rows that are not staged yet are anywhere."""
        channel = self.channel
        uri, kind = channel.data, channel.s3DataType
        if self.plan is not None:
            rows = staged.get(self.way)
            uri, kind = (rows.uri, rows.s3DataType) if rows else ("s3://bucket/prefix", "ManifestFile")
        return requests.channel(
            self.name,
            uri,
            s3_data_type=kind,
            distribution=channel.distribution,
            content_type=channel.contentType,
            compression=channel.compression,
            input_mode=None if channel.inputMode == input_mode else channel.inputMode,
        )


def common_dim(inputs: list[Input], staged: Mapping[Hashable, Staged]) -> int | None:
    """Return how many values the rows of all channels have; `None` if nobody knows.

    Raises
    ------
    DataError
        If they differ.
    """
    dims = {i.name: staged[i.way].dim for i in inputs if i.plan is not None and staged[i.way].dim is not None}
    for name, dim in dims.items():
        first = next(iter(dims))
        if dim != dims[first]:
            raise DataError(
                f"Channel {name!r} has rows of another size: {dim} values; expected {dims[first]}, as in "
                f"channel {first!r}."
            )
    return next(iter(dims.values()), None)


def attribute_count(schema: StructType, features: Any) -> int | None:
    """Return how many features a schema tells of: by the attributes of Spark ML, or by counting columns."""
    if not isinstance(features, str):
        return len(features)
    for field in schema.fields:
        if field.name == features and field.metadata:
            count = field.metadata.get("ml_attr", {}).get("num_attrs")
            return None if count is None else int(count)
    return None


class HasInputs(TrainingColumnParams, EstimatorSettings):
    """What an estimator makes its channels of."""

    intake: ClassVar[Intake] = Intake()
    """What the algorithm takes."""

    def _inputs(self, dataset: DataFrame, dim: int | None) -> list[Input]:
        """Return the channels, the training channel first, having refused what can be refused.

        Raises
        ------
        SettingError, SchemaError
            If settings contradict each other, the algorithm does not take them, or a column does not fit.
        """
        split = self._named("validationIndicatorCol")
        names = [self.trainingChannelName, *([VALIDATION] if split else []), *self.channels]
        for name in names:
            if names.count(name) > 1:
                raise SettingError(f"Channel is given twice: {name!r}; expected different names.")
        training = self._training(_part(dataset, split, False), dim, split)
        others = [] if split is None else [self._validation(_part(dataset, split, True), dim, split)]
        others += [self._other(name, as_channel(data), training, dim) for name, data in self.channels.items()]
        for other in others:
            self._check_other(other, training)
        return [training, *others]

    def _features(self) -> Any:
        """Return the column or columns of features, as far as they are named."""
        options = self._with_columns(self.trainingSparkDataFormatOptions)
        named = {name.lower(): value for name, value in options.items()}
        return named.get(FEATURES.lower()) or self.getFeaturesCol()

    def _training(self, rows: DataFrame, dim: int | None, split: str | None) -> Input:
        format, weight = self.trainingSparkDataFormat, self._named("weightCol")
        self.intake.check_format("training data", format, self.trainingContentType)
        if weight is not None:
            self.intake.check_weights(format)
        asked = Channel(rows, compression=self.trainingCompressionCodec)
        require_enough(self.numShards, self._instances(self.trainingS3DataDistribution))
        told = self._plan(rows, asked, dim, label=self.intake.label, weight=weight)
        return Input(self.trainingChannelName, self._as_training(rows, told), told, self.numShards, split)

    def _instances(self, distribution: str) -> int:
        """Return how many instances share the objects of a channel."""
        return self.trainingInstanceCount if distribution == "ShardedByS3Key" else 1

    def _validation(self, rows: DataFrame, dim: int | None, split: str) -> Input:
        """Return the channel of the marked rows, without weights: XGBoost expects none there in CSV."""
        told = self._plan(rows, Channel(rows, compression=self.trainingCompressionCodec), dim)
        channel = replace(self._as_training(rows, told), distribution="FullyReplicated")
        return Input(VALIDATION, channel, told, None, split)

    def _other(self, name: str, channel: Channel, training: Input, dim: int | None) -> Input:
        format = channel.format or self.trainingSparkDataFormat
        told = None if channel.frame is None else self._plan(channel.frame, channel, dim)
        kind = channel.contentType
        if told is not None:
            self.intake.check_format(f"channel {name!r}", format, kind)
            kind = kind or self._content_type(format, told)
        elif kind is None and self.intake.formats is not None:
            kind = training.channel.contentType
        mode = channel.inputMode or self.trainingInputMode
        return Input(name, replace(channel, contentType=kind, inputMode=mode), told)

    def _check_other(self, other: Input, training: Input) -> None:
        self.intake.check_channel(other.name, other.channel.distribution)
        kinds = other.channel.contentType, training.channel.contentType
        if other.name in self.intake.one_type and kinds[0] != kinds[1]:
            raise SettingError(
                f"Channel {other.name!r} has another ContentType than the training channel: {kinds[0]!r}; "
                f"expected {kinds[1]!r}, as which the algorithm reads it."
            )

    def _as_training(self, rows: DataFrame, told: Plan | SparkPlan) -> Channel:
        return Channel(
            rows,
            contentType=self.trainingContentType or self._content_type(self.trainingSparkDataFormat, told),
            inputMode=self.trainingInputMode,
            compression=self.trainingCompressionCodec,
            distribution=self.trainingS3DataDistribution,
        )

    def _plan(
        self,
        rows: DataFrame,
        channel: Channel,
        dim: int | None,
        *,
        label: str = "",
        weight: str | None = None,
    ) -> Plan | SparkPlan:
        """Settle how rows are staged; without `label`, as those of a channel that is not trained on."""
        format = channel.format or self.trainingSparkDataFormat
        options = (
            self.trainingSparkDataFormatOptions if channel.formatOptions is None else channel.formatOptions
        )
        # A weight that is not wanted must not be taken for a feature.
        spare = self._named("weightCol") if weight is None else None
        schema = StructType([field for field in rows.schema.fields if field.name != spare])
        return plan(
            schema,
            format,
            self._with_columns(options) if format in FORMATS else options,
            columns=[name for name in self.trainingProjectedColumns or () if name != spare],
            dim=dim,
            compression=channel.compression,
            label=label or (REQUIRED if self.intake.label == REQUIRED else IF_NUMBER),
            weight=weight,
            invalid=self._invalid(self.intake.numbers),
        )

    def _content_type(self, format: str, told: Plan | SparkPlan) -> str | None:
        labelled = isinstance(told, Plan) and told.columns.label is not None
        return self.intake.content_type(format, labelled) or told.contentType


def _part(dataset: DataFrame, split: str | None, marked: bool) -> DataFrame:
    """Return the rows that a boolean column marks, or the others, without that column."""
    if split is None:
        return dataset
    kind = field_of(dataset.schema, split).dataType
    if not isinstance(kind, BooleanType):
        raise SchemaError(
            f"Column {split!r} has the wrong type: {kind.simpleString()}; expected a boolean that is true "
            "for validation."
        )
    mark = F.coalesce(F.col(f"`{split.replace('`', '``')}`"), F.lit(False))
    return dataset.filter(mark if marked else ~mark).drop(split)
