"""Amazon SageMaker from Spark: ``fit()`` trains, ``transform()`` predicts."""

from sagemaker_spark_py import aws_names as _aws_names  # noqa: F401  (registers AWS's module names)
from sagemaker_spark_py.estimator import SageMakerEstimator, SageMakerEstimatorBase
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
from sagemaker_spark_py.service import SageMakerClients, SageMakerResourceCleanup, Session

__all__ = [
    "CreatedResources",
    "CustomNamePolicy",
    "CustomNamePolicyFactory",
    "CustomNamePolicyWithTimeStampSuffix",
    "CustomNamePolicyWithTimeStampSuffixFactory",
    "EndpointCreationPolicy",
    "IAMRole",
    "IAMRoleFromConfig",
    "IAMRoleResource",
    "NamePolicy",
    "NamePolicyFactory",
    "RandomNamePolicy",
    "RandomNamePolicyFactory",
    "S3AutoCreatePath",
    "S3DataPath",
    "S3Resource",
    "SageMakerClients",
    "SageMakerEstimator",
    "SageMakerEstimatorBase",
    "SageMakerModel",
    "SageMakerResourceCleanup",
    "Session",
    "classpath_jars",
]
