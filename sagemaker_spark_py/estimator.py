"""Estimators that train on SageMaker: the recipe of ``fit()``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from pyspark.ml.base import Estimator
from pyspark.sql import DataFrame

from sagemaker_spark_py.model import SageMakerModel
from sagemaker_spark_py.params import HasHyperparameters
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service import Session, jobs, places, requests
from sagemaker_spark_py.settings import EstimatorSettings, setting, text, text_map
from sagemaker_spark_py.staging import Staged, plan, write
from sagemaker_spark_py.transformation import RequestRowSerializer, ResponseRowDeserializer

logger = logging.getLogger(__name__)


class SageMakerEstimatorBase(Estimator[SageMakerModel], HasHyperparameters, EstimatorSettings):
    """What all estimators share; use `SageMakerEstimator` or an algorithm's class.

    ``fit()`` runs on the driver and waits for the training job, for hours if need be; the executors write the
    training data to S3. Its arguments are read-only attributes of the same names.
    """

    trainingImage: str
    modelImage: str
    hyperParameters: Mapping[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        uid = self._bind_settings(args, kwargs)
        if uid is not None:
            self._resetUid(uid)
        self._latestTrainingJob: str | None = None

    @property
    def latestTrainingJob(self) -> str | None:
        """Name of the last training job that this estimator created; `None` before the first."""
        return self._latestTrainingJob

    @property
    def sagemakerClient(self) -> Any:
        """The boto3 client of SageMaker that this estimator uses on the driver."""
        return self._session().client("sagemaker")

    @property
    def s3Client(self) -> Any:
        """The boto3 client of S3 that this estimator uses on the driver."""
        return self._session().client("s3")

    @property
    def stsClient(self) -> Any:
        """The boto3 client of STS that this estimator uses on the driver."""
        return self._session().client("sts")
