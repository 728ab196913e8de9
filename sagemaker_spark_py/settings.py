"""The job settings: every constructor argument of estimators and models, with default and meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sagemaker_spark_py.arguments import (
    HasSettings,
    at_least,
    column_names,
    instance_of,
    one_of,
    setting,
    text,
    text_map,
)
from sagemaker_spark_py.batch_transform import BatchTransform
from sagemaker_spark_py.channels import channel_map
from sagemaker_spark_py.deployment import AsyncInference, ServerlessInference, check_kind
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.names import NamePolicy, NamePolicyFactory, RandomNamePolicy, RandomNamePolicyFactory
from sagemaker_spark_py.resources import (
    EndpointCreationPolicy,
    IAMRoleFromConfig,
    IAMRoleResource,
    S3AutoCreatePath,
    S3DataPath,
    S3Resource,
)
from sagemaker_spark_py.transformation.deserializers import Predictions
from sagemaker_spark_py.transformation.invalid import NUMBERS

if TYPE_CHECKING:
    from sagemaker_spark_py.service import Session
    from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
    from sagemaker_spark_py.transformation.serializers import RequestRowSerializer


OPERATIONS = (
    "CreateTrainingJob",
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "CreateTransformJob",
)


def operations(name: str, value: Any) -> None:
    """Check a mapping of AWS's operations to parts of their requests."""
    text_map(name, value)
    for operation, part in value.items():
        one_of(*OPERATIONS)(name, operation)
        text_map(f"{name}[{operation!r}]", part)


class HostingSettings(HasSettings):
    """What estimators and models both need to know of the endpoint."""

    endpointInstanceType: str = setting(
        "ML instance type that serves; ``local``: this machine, without AWS.",
        check=text,
        instead="endpointServerless",
    )
    endpointInitialInstanceCount: int = setting(
        "Number of serving instances.", check=at_least(1), instead="endpointServerless"
    )
    endpointServerless: ServerlessInference | None = setting(
        "Makes a serverless endpoint instead of one on instances.",
        default=None,
        check=instance_of(ServerlessInference),
    )
    endpointAsync: AsyncInference | None = setting(
        "Makes an asynchronous endpoint; or says that the one that exists is asynchronous.",
        default=None,
        check=instance_of(AsyncInference),
    )
    requestRowSerializer: RequestRowSerializer = setting("Turns rows into request bodies.", default=None)
    responseRowDeserializer: ResponseRowDeserializer = setting("Turns answers into columns.", default=None)
    modelEnvironmentVariables: Mapping[str, str] = setting(
        "Environment of the serving container.", factory=dict, check=text_map
    )
    endpointCreationPolicy: EndpointCreationPolicy = setting(
        "When the endpoint is made.",
        default=EndpointCreationPolicy.CREATE_ON_CONSTRUCT,
        check=instance_of(EndpointCreationPolicy),
    )
    sagemakerClient: Any = setting("A boto3 client of SageMaker; `None`: made from `session`.", default=None)
    session: Session | None = setting(
        "Region, profile and endpoint URLs for the calls to AWS, here and on the executors.",
        default=None,
    )
    inferenceWay: str = setting(
        "How ``transform()`` asks the model: through an endpoint, or with a Batch Transform job (batch).",
        default="endpoint",
        check=one_of("endpoint", "batch"),
    )
    transformInstanceType: str | None = setting(
        "ML instance type of Batch Transform; `None`: the endpoint's.", default=None, check=text
    )
    transformInstanceCount: int = setting(
        "Number of instances of Batch Transform.", default=1, check=at_least(1)
    )
    transformOptions: BatchTransform = setting(
        "How Batch Transform is run: what one request holds, retries, where data is kept and for how long.",
        factory=BatchTransform,
        check=instance_of(BatchTransform),
    )
    invocation: Invocation = setting(
        "How the endpoint is asked: limits, requests in flight, timeouts, what becomes of bad rows.",
        factory=Invocation,
        check=instance_of(Invocation),
    )
    extraRequest: Mapping[str, Mapping[str, Any]] = setting(
        "Parts of requests that are merged into ours, by operation: CreateTrainingJob, CreateModel, "
        "CreateEndpointConfig, CreateEndpoint, CreateTransformJob. All that AWS's API knows can be said.",
        factory=dict,
        check=operations,
    )

    def _bind_settings(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        uid = super()._bind_settings(args, kwargs)
        check_kind(self._settings)
        return uid


class EstimatorSettings(HostingSettings):
    """The arguments of all estimators, in AWS's positional order for the algorithms."""

    _positional = """
        trainingInstanceType trainingInstanceCount endpointInstanceType endpointInitialInstanceCount
        sagemakerRole requestRowSerializer responseRowDeserializer
        trainingInputS3DataPath trainingOutputS3DataPath trainingInstanceVolumeSizeInGB
        trainingProjectedColumns trainingChannelName trainingContentType
        trainingS3DataDistribution trainingSparkDataFormat trainingSparkDataFormatOptions trainingInputMode
        trainingCompressionCodec trainingMaxRuntimeInSeconds trainingKmsKeyId modelEnvironmentVariables
        endpointCreationPolicy sagemakerClient region s3Client stsClient
        modelPrependInputRowsToTransformationRows deleteStagingDataAfterTraining namePolicyFactory uid
        """

    trainingInstanceType: str = setting(
        "ML instance type that trains, such as ``ml.m5.large``; ``local``: this machine, without AWS.",
        check=text,
    )
    trainingInstanceCount: int = setting("Number of training instances.", check=at_least(1))
    sagemakerRole: IAMRoleResource = setting(
        "Role that SageMaker takes on to train and to host.",
        factory=IAMRoleFromConfig,
        check=instance_of(IAMRoleResource),
    )
    trainingInputS3DataPath: S3Resource = setting(
        "Where the training data is staged.", factory=S3AutoCreatePath, check=instance_of(S3Resource)
    )
    trainingOutputS3DataPath: S3Resource = setting(
        "Where SageMaker writes the model.", factory=S3AutoCreatePath, check=instance_of(S3Resource)
    )
    trainingInstanceVolumeSizeInGB: int = setting(
        "Size of each training instance's volume, in GB.", default=1024, check=at_least(1)
    )
    trainingProjectedColumns: Sequence[str] | None = setting(
        "Columns to stage, in this order; `None` or empty: those that the format needs.",
        default=None,
        check=column_names,
    )
    trainingChannelName: str = setting("Name of the training channel.", default="train", check=text)
    trainingContentType: str | None = setting(
        "MIME type of the staged data; `None`: as the format says.", default=None, check=text
    )
    trainingS3DataDistribution: str = setting(
        "Whether each instance gets a share of the objects or all of them.",
        default="ShardedByS3Key",
        check=one_of("ShardedByS3Key", "FullyReplicated"),
    )
    trainingSparkDataFormat: str = setting(
        "How rows are staged: sagemaker (recordIO-protobuf), csv, libsvm, parquet, jsonlines, npz (for "
        "scripts), or a Spark data source.",
        default="sagemaker",
        check=text,
    )
    trainingSparkDataFormatOptions: Mapping[str, str] = setting(
        "Options of that format.", factory=dict, check=text_map
    )
    trainingInputMode: str = setting(
        "How the data reaches the algorithm.", default="File", check=one_of("File", "Pipe", "FastFile")
    )
    trainingCompressionCodec: str | None = setting(
        "Compression that the channel announces: None or Gzip.", default=None, check=one_of("None", "Gzip")
    )
    trainingMaxRuntimeInSeconds: int | None = setting(
        "When SageMaker stops the job, in seconds; `None`: SageMaker's own limit.",
        default=86400,
        check=at_least(1),
    )
    trainingKmsKeyId: str | None = setting("KMS key that encrypts the model.", default=None, check=text)
    region: str | None = setting("AWS region; `None`: boto3's default chain.", default=None, check=text)
    s3Client: Any = setting("A boto3 client of S3; `None`: made from `session`.", default=None)
    stsClient: Any = setting("A boto3 client of STS; `None`: made from `session`.", default=None)
    modelPrependInputRowsToTransformationRows: bool = setting(
        "Whether ``transform()`` keeps the input columns.", default=True, check=instance_of(bool)
    )
    deleteStagingDataAfterTraining: bool = setting(
        "Whether the staged data is deleted when training has ended, well or not.",
        default=True,
        check=instance_of(bool),
    )
    namePolicyFactory: NamePolicyFactory = setting(
        "Makes the names of each fit.", factory=RandomNamePolicyFactory, check=instance_of(NamePolicyFactory)
    )
    channels: Mapping[str, Any] = setting(
        "More channels by name: a DataFrame, staged as the training rows are, an S3 URI, or a `Channel`.",
        factory=dict,
        check=channel_map,
    )
    numShards: int | None = setting(
        "Shuffle the training rows into so many objects; `None`: as they are partitioned, in at least one "
        "object for each instance that needs one.",
        default=None,
        check=at_least(1),
    )
    logs: str = setting(
        "What is shown while training: nothing, a line per change of status, or the job's log too.",
        default="status",
        check=one_of("none", "status", "all"),
    )


class ModelSettings(HostingSettings):
    """The arguments that a `SageMakerModel` takes, all by name."""

    # Not needed where the endpoint exists.
    endpointInstanceType: str | None = setting(default=None)  # type: ignore[assignment]
    endpointInitialInstanceCount: int | None = setting(default=None)  # type: ignore[assignment]
    requestRowSerializer: RequestRowSerializer = setting()
    responseRowDeserializer: ResponseRowDeserializer = setting()
    existingEndpointName: str | None = setting("An endpoint that exists.", default=None, check=text)
    modelImage: str | None = setting("URI of the serving image.", default=None, check=text)
    modelPath: S3DataPath | None = setting(
        "The model artifact, a ``model.tar.gz`` in S3.", default=None, check=instance_of(S3DataPath)
    )
    modelExecutionRoleARN: str | None = setting("Role that the endpoint runs as.", default=None, check=text)
    prependResultRows: bool = setting(
        "Whether ``transform()`` keeps the input columns.", default=True, check=instance_of(bool)
    )
    predictions: Predictions | None = setting(
        "Which columns of the answer are Spark ML's prediction and scores; `None`: as the deserializer says.",
        default=None,
        check=instance_of(Predictions),
    )
    validNumbers: str = setting(
        "Which numbers the model takes as features: all, finite ones and nan, or finite ones only.",
        default="all",
        check=one_of(*NUMBERS),
    )
    namePolicy: NamePolicy = setting(
        "Names of what is created.", factory=RandomNamePolicy, check=instance_of(NamePolicy)
    )
