"""What a model can do with Batch Transform: predict for a DataFrame, and for objects in S3."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, SparkSession

from sagemaker_spark_py.batch_transform import BatchTransform
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.inference import WAYS, BatchCall, BatchData, Transformer
from sagemaker_spark_py.names import LONGEST
from sagemaker_spark_py.resources import S3AutoCreatePath, S3Resource
from sagemaker_spark_py.service import Place, Session, requests, resolve_path
from sagemaker_spark_py.settings import ModelSettings

if TYPE_CHECKING:
    from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
    from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

NEEDED_TO_TRANSFORM = ("modelImage", "modelPath", "modelExecutionRoleARN")


def model_request(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the parameters of CreateModel, checked.

    Raises
    ------
    SettingError
        If AWS's model of the request refuses it.
    """
    return requests.model(
        name=name,
        image=settings["modelImage"],
        model_data_uri=settings["modelPath"].toS3UriString(),
        role=settings["modelExecutionRoleARN"],
        environment=settings["modelEnvironmentVariables"],
        extra=settings["extraRequest"].get("CreateModel"),
    )


class TransformsInBatches(ModelSettings):
    """The part of `SageMakerModel` that runs Batch Transform jobs; no endpoint is made or asked."""

    if TYPE_CHECKING:

        def _session(self) -> Session: ...

        def _left_by_batches(self) -> list[BatchData]: ...

        def _ways(self) -> tuple[RequestRowSerializer, ResponseRowDeserializer]: ...

    def batchTransform(self, dataset: DataFrame) -> DataFrame:
        """Predict with one Batch Transform job; waits on the driver until it is over.

        The executors write the rows to S3, in the bytes of the request serializer, and beside them the rows
        themselves. The DataFrame that is returned reads both from S3 when Spark runs it: every row of
        `dataset` once, in its order, with its own prediction, also where `dataset` is not deterministic.
        What it reads stays in S3 until `deleteBatchData`. ``transform()`` does the same where the model's
        `inferenceWay` is ``"batch"``.

        Parameters
        ----------
        dataset : DataFrame
            Classic or Connect, static. It is evaluated once.

        Returns
        -------
        DataFrame
            With the columns of ``transformSchema(dataset.schema)``.

        Raises
        ------
        SettingError, SchemaError
            If something cannot work; before anything costs.
        DataError, StagingError
            If the rows cannot be staged.
        TransformError
            If the job failed, was stopped (as Ctrl-C does), or did not leave one output for each object.
        AccessError, ServiceError
            If AWS refuses or fails. After any error nothing is left, unless the text says so.
        """
        self._require_batch()
        if dataset.isStreaming:
            raise SettingError("DataFrame is streaming; expected a static one. Use an endpoint for streams.")
        name, session = self._new_job_name(), self._session()
        serializer, deserializer = self._ways()
        conf = dataset.sparkSession.conf
        call = BatchCall(
            session=session,
            name=name,
            model=model_request(self._settings, name),
            place=lambda: self._job_place(name, lambda key: conf.get(key, None)),
            serializer=serializer,
            deserializer=deserializer,
            instanceType=str(self.transformInstanceType or self.endpointInstanceType),
            instanceCount=self.transformInstanceCount,
            options=self.transformOptions,
            extra=self.extraRequest.get("CreateTransformJob"),
            on_data=self._left_by_batches().append,
        )
        return WAYS["batch"](dataset, call, self.prependResultRows)

    def deleteBatchData(self) -> None:
        """Delete what the batch transforms of this model and its copies have left in S3.

        DataFrames that ``batchTransform()`` has returned cannot be read after it.

        Raises
        ------
        AccessError, ServiceError
            If S3 refuses; what is left can be deleted by another call.
        """
        left = self._left_by_batches()
        while left:
            left[-1].delete()
            left.pop()

    def transformer(
        self,
        instanceCount: int,
        instanceType: str,
        outputPath: str | None = None,
        *,
        accept: str | None = None,
        **options: Any,
    ) -> Transformer:
        """Return what runs Batch Transform jobs over objects that are in S3 already.

        Parameters
        ----------
        instanceCount, instanceType : int, str
            The instances.
        outputPath : str, optional
            S3 URI below which the outputs go; default: a fresh prefix of the automatic bucket for each job.
        accept : str, optional
            What the model is asked to answer in; default: as it likes.
        **options
            ``strategy``, ``assembleWith``, ``maxPayload``, ``maxConcurrentTransforms``, ``environment``,
            ``kmsKeyId``, ``logs`` and others of `BatchTransform`.

        Raises
        ------
        SettingError
            If a value cannot work, or the model lacks its image, artifact or role.
        """
        self._require_batch(instanceType)
        return Transformer(
            self._session(),
            lambda name: model_request(self._settings, name),
            self._new_job_name,
            lambda name: self._job_place(name, _active_conf, S3AutoCreatePath()),
            instanceCount=instanceCount,
            instanceType=instanceType,
            outputPath=outputPath,
            accept=accept,
            options=BatchTransform(**options),
            extra=self.extraRequest.get("CreateTransformJob"),
        )

    def _require_batch(self, instance_type: str | None = None) -> None:
        """Refuse a model that lacks what a transform job needs."""
        missing = [name for name in NEEDED_TO_TRANSFORM if self._settings[name] is None]
        if not (instance_type or self.transformInstanceType or self.endpointInstanceType):
            missing.append("transformInstanceType")
        if missing:
            raise SettingError(
                f"SageMakerModel lacks arguments: {', '.join(missing)}; expected all of them for Batch "
                "Transform. Give them, or use fromTrainingJob or fromModelS3Path."
            )

    def _new_job_name(self) -> str:
        """Return a name that was not used before, known by the model's."""
        ending = f"-{uuid.uuid4().hex[:8]}"
        return self.namePolicy.names.modelName[: LONGEST - len(ending)].rstrip("-") + ending

    def _job_place(
        self, name: str, conf: Callable[[str], str | None], path: S3Resource | None = None
    ) -> Place:
        path, key = path or self.transformOptions.s3DataPath, self.transformOptions.kmsKeyId
        return resolve_path(path, name, self._session(), conf=conf, kms_key_id=key)


def _active_conf(key: str) -> str | None:
    """Read a property of the Spark session, where there is one."""
    spark = SparkSession.getActiveSession()
    return None if spark is None else spark.conf.get(key, None)
