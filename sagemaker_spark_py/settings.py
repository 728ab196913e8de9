"""The job settings: every constructor argument of estimators and models, said once with default and meaning.

A class that inherits from `HasSettings` declares its arguments as annotated class attributes::

    class Example(HasSettings):
        instanceCount: int = setting("Number of instances.", check=at_least(1))
        codec: str | None = setting("Compression of the data.", default=None)

and gets that signature, read-only attributes of the same names that return the values, and type checkers that
know both (PEP 681). A subclass may declare an argument again to change its default; without a text of its own
it keeps the inherited documentation and check, and always its place in the order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.names import NamePolicy, NamePolicyFactory, RandomNamePolicy, RandomNamePolicyFactory
from sagemaker_spark_py.resources import (
    EndpointCreationPolicy,
    IAMRoleFromConfig,
    IAMRoleResource,
    S3AutoCreatePath,
    S3DataPath,
    S3Resource,
)

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    from sagemaker_spark_py.service import Session
    from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
    from sagemaker_spark_py.transformation.serializers import RequestRowSerializer
else:

    def dataclass_transform(**_: Any) -> Callable[[type], type]:
        """Mean nothing at run time: only type checkers read the mark."""
        return lambda cls: cls


REQUIRED: Any = inspect.Parameter.empty
Check = Callable[[str, Any], None]


class Setting(property):
    """One read-only argument: documentation, default, check, and how a given value is stored."""

    def __init__(
        self,
        doc: str | None,
        default: Any,
        factory: Callable[[], Any] | None,
        check: Check | None,
    ) -> None:
        super().__init__(lambda owner: owner._settings[self.name])
        self.__doc__ = doc
        self.name = ""
        self.default = default
        self.factory = factory
        self.check = check

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        if self.__doc__ is None:
            inherited = next(
                vars(k)[name] for k in owner.__mro__[1:] if isinstance(vars(k).get(name), Setting)
            )
            self.__doc__, self.check = inherited.__doc__, inherited.check

    def value(self, given: Any) -> Any:
        """Return what is stored for a given argument; `None` means the default where that is made anew."""
        if given is None and self.factory is not None:
            return self.factory()
        if given is None and self.default is REQUIRED:
            raise SettingError(f"{self.name} is not given: None; expected: {self.__doc__}")
        if self.check is not None and given is not None:
            self.check(self.name, given)
        return dict(given) if isinstance(given, Mapping) else given


def setting(
    doc: str | None = None,
    *,
    default: Any = REQUIRED,
    factory: Callable[[], Any] | None = None,
    check: Check | None = None,
) -> Any:
    """Declare a constructor argument.

    Parameters
    ----------
    doc : str, optional
        Its meaning, unit included; without it, documentation and check are inherited.
    default : Any, optional
        Its default; without one the argument is required.
    factory : callable, optional
        Makes the value when the argument is `None` or not given, anew for each instance.
    check : callable, optional
        Called as ``check(name, value)`` with values other than `None`; raises `SettingError`.
    """
    if factory is not None and default is REQUIRED:
        default = None
    return Setting(doc, default, factory, check)


@dataclass_transform(field_specifiers=(setting,), frozen_default=True, kw_only_default=True)
class HasSettings:
    """Base of classes whose constructor arguments are declared with `setting`."""

    _settings: dict[str, Any]
    __signature__: ClassVar[inspect.Signature]
    _positional: ClassVar[str] = ""
    """Names in positional order; all others are taken by name only."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        defaults = {n: s.default for n, s in cls._declared_settings().items()} | {"uid": None}
        positional = cls._positional.split()
        by_name = [name for name in defaults if name not in positional]
        cls.__signature__ = inspect.Signature(
            [
                inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=defaults[n])
                for n in positional
            ]
            + [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=defaults[n]) for n in by_name]
        )

    @classmethod
    def _declared_settings(cls) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for klass in reversed(cls.__mro__):
            found.update({n: s for n, s in vars(klass).items() if isinstance(s, Setting)})
        return found

    def _bind_settings(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        """Check and store the constructor's arguments, defaults filled in; return the given `uid`."""
        try:
            bound = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            name = type(self).__name__
            raise TypeError(f"{name}(): {error}; expected {name}{self.__signature__}.") from None
        bound.apply_defaults()
        uid: str | None = bound.arguments.pop("uid")
        declared = self._declared_settings()
        self._settings = {name: declared[name].value(value) for name, value in bound.arguments.items()}
        return uid


def at_least(minimum: int) -> Check:
    """Return a check for an integer that is not below `minimum`."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise SettingError(f"{name} has the wrong type: {value!r}; expected an integer >= {minimum}.")
        if value < minimum:
            raise SettingError(f"{name} is too small: {value!r}; expected an integer >= {minimum}.")

    return check


def one_of(*allowed: str) -> Check:
    """Return a check for one of the given words."""

    def check(name: str, value: Any) -> None:
        if value not in allowed:
            raise SettingError(f"{name} is not known: {value!r}; expected one of {', '.join(allowed)}.")

    return check


def instance_of(*kinds: type) -> Check:
    """Return a check for an instance of one of the given classes."""
    words = " or ".join(kind.__name__ for kind in kinds)

    def check(name: str, value: Any) -> None:
        if not isinstance(value, kinds):
            raise SettingError(
                f"{name} has the wrong type: {type(value).__name__}; expected an instance of {words}."
            )

    return check


def text_map(name: str, value: Any) -> None:
    """Check a mapping whose keys are texts."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise SettingError(f"{name} is not a mapping of names to values: {value!r}; expected a dict.")


def text(name: str, value: Any) -> None:
    """Check a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise SettingError(f"{name} has the wrong value: {value!r}; expected a text that is not empty.")


def column_names(name: str, value: Any) -> None:
    """Check a list of column names."""
    if isinstance(value, str) or not all(isinstance(column, str) for column in value):
        raise SettingError(f"{name} is not a list of column names: {value!r}; expected a list of texts.")


def operations(name: str, value: Any) -> None:
    """Check a mapping of AWS's operations to parts of their requests."""
    text_map(name, value)
    for operation, part in value.items():
        one_of("CreateTrainingJob", "CreateModel", "CreateEndpointConfig", "CreateEndpoint")(name, operation)
        text_map(f"{name}[{operation!r}]", part)


class HostingSettings(HasSettings):
    """What estimators and models both need to know of the endpoint."""

    endpointInstanceType: str = setting("ML instance type that serves.", check=text)
    endpointInitialInstanceCount: int = setting("Number of serving instances.", check=at_least(1))
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
    extraRequest: Mapping[str, Mapping[str, Any]] = setting(
        "Parts of requests that are merged into ours, by operation: CreateTrainingJob, CreateModel, "
        "CreateEndpointConfig, CreateEndpoint. Anything that AWS's API knows can be said here.",
        factory=dict,
        check=operations,
    )


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

    trainingInstanceType: str = setting("ML instance type that trains, such as ``ml.m5.large``.", check=text)
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
        "How rows are staged: sagemaker (recordIO-protobuf), csv, libsvm, parquet, or a Spark data source.",
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
    trainingMaxRuntimeInSeconds: int = setting(
        "When SageMaker stops the job, in seconds.", default=86400, check=at_least(1)
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
    namePolicy: NamePolicy = setting(
        "Names of what is created.", factory=RandomNamePolicy, check=instance_of(NamePolicy)
    )
