"""SageMaker's control plane, S3 and STS through boto3."""

from sagemaker_spark_py.service.cleanup import SageMakerResourceCleanup
from sagemaker_spark_py.service.places import Place, resolve_path, resolve_role
from sagemaker_spark_py.service.session import SageMakerClients, Session

__all__ = [
    "Place",
    "SageMakerClients",
    "SageMakerResourceCleanup",
    "Session",
    "resolve_path",
    "resolve_role",
]
