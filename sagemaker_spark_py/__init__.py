"""Amazon SageMaker from Spark: ``fit()`` trains, ``transform()`` predicts."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sagemaker_spark_py import aws_names

if TYPE_CHECKING:
    from sagemaker_spark_py.algorithms.images import get_image_uri
    from sagemaker_spark_py.algorithms.script_mode import ScriptModeEstimator
    from sagemaker_spark_py.batch_transform import BatchTransform
    from sagemaker_spark_py.channels import Channel
    from sagemaker_spark_py.deployment import AsyncInference, ServerlessInference
    from sagemaker_spark_py.embedded import local_session
    from sagemaker_spark_py.estimator import SageMakerEstimator, SageMakerEstimatorBase
    from sagemaker_spark_py.inference import InvocationSummary
    from sagemaker_spark_py.inference.endpoint_udf import endpoint_udf
    from sagemaker_spark_py.invocation import Invocation
    from sagemaker_spark_py.jvm import classpath_jars
    from sagemaker_spark_py.model import SageMakerModel
    from sagemaker_spark_py.names import (
        CustomNamePolicy,
        CustomNamePolicyFactory,
        CustomNamePolicyWithTimeStampSuffix,
        CustomNamePolicyWithTimeStampSuffixFactory,
        NamePolicy,
        NamePolicyFactory,
        RandomNamePolicy,
        RandomNamePolicyFactory,
    )
    from sagemaker_spark_py.resources import (
        CreatedResources,
        EndpointCreationPolicy,
        IAMRole,
        IAMRoleFromConfig,
        IAMRoleResource,
        S3AutoCreatePath,
        S3DataPath,
        S3Resource,
    )
    from sagemaker_spark_py.service import (
        Predictor,
        S3Downloader,
        SageMakerClients,
        SageMakerResourceCleanup,
        Session,
        get_execution_role,
    )
    from sagemaker_spark_py.staging import read_recordio
    from sagemaker_spark_py.transformation.deserializers import Predictions

__all__ = [
    "AsyncInference",
    "BatchTransform",
    "Channel",
    "CreatedResources",
    "CustomNamePolicy",
    "CustomNamePolicyFactory",
    "CustomNamePolicyWithTimeStampSuffix",
    "CustomNamePolicyWithTimeStampSuffixFactory",
    "EndpointCreationPolicy",
    "IAMRole",
    "IAMRoleFromConfig",
    "IAMRoleResource",
    "Invocation",
    "InvocationSummary",
    "NamePolicy",
    "NamePolicyFactory",
    "Predictions",
    "Predictor",
    "RandomNamePolicy",
    "RandomNamePolicyFactory",
    "S3AutoCreatePath",
    "S3DataPath",
    "S3Downloader",
    "S3Resource",
    "SageMakerClients",
    "SageMakerEstimator",
    "SageMakerEstimatorBase",
    "SageMakerModel",
    "SageMakerResourceCleanup",
    "ScriptModeEstimator",
    "ServerlessInference",
    "Session",
    "classpath_jars",
    "endpoint_udf",
    "get_execution_role",
    "get_image_uri",
    "local_session",
    "read_recordio",
]

# Names are loaded when they are first asked for: a container of the local SageMaker is a process that needs
# neither Spark nor AWS, and should start without them.
_HOMES = {
    "algorithms.images": ("get_image_uri",),
    "algorithms.script_mode": ("ScriptModeEstimator",),
    "channels": ("Channel",),
    "deployment": (
        "AsyncInference",
        "ServerlessInference",
    ),
    "embedded": ("local_session",),
    "estimator": (
        "SageMakerEstimator",
        "SageMakerEstimatorBase",
    ),
    "batch_transform": ("BatchTransform",),
    "inference": ("InvocationSummary",),
    "invocation": ("Invocation",),
    "inference.endpoint_udf": ("endpoint_udf",),
    "jvm": ("classpath_jars",),
    "model": ("SageMakerModel",),
    "names": (
        "CustomNamePolicy",
        "CustomNamePolicyFactory",
        "CustomNamePolicyWithTimeStampSuffix",
        "CustomNamePolicyWithTimeStampSuffixFactory",
        "NamePolicy",
        "NamePolicyFactory",
        "RandomNamePolicy",
        "RandomNamePolicyFactory",
    ),
    "resources": (
        "CreatedResources",
        "EndpointCreationPolicy",
        "IAMRole",
        "IAMRoleFromConfig",
        "IAMRoleResource",
        "S3AutoCreatePath",
        "S3DataPath",
        "S3Resource",
    ),
    "service": (
        "Predictor",
        "S3Downloader",
        "SageMakerClients",
        "SageMakerResourceCleanup",
        "Session",
        "get_execution_role",
    ),
    "staging": ("read_recordio",),
    "transformation.deserializers": ("Predictions",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

aws_names.register(__name__)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
