"""SageMaker's control plane, S3 and STS through boto3."""

from sagemaker_spark_py.service.cleanup import SageMakerResourceCleanup
from sagemaker_spark_py.service.files import S3Downloader
from sagemaker_spark_py.service.places import Place, resolve_path, resolve_role
from sagemaker_spark_py.service.predictor import Predictor
from sagemaker_spark_py.service.roles import get_execution_role
from sagemaker_spark_py.service.session import SageMakerClients, Session

__all__ = [
    "Place",
    "Predictor",
    "S3Downloader",
    "SageMakerClients",
    "SageMakerResourceCleanup",
    "Session",
    "get_execution_role",
    "resolve_path",
    "resolve_role",
]
