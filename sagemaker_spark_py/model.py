"""A model on SageMaker as a Spark ML Transformer: the recipe of ``transform()``."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pyspark.ml.base import Model
from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from sagemaker_spark_py import artifacts, trials
from sagemaker_spark_py.attach import Attachable
from sagemaker_spark_py.batches import TransformsInBatches, model_request
from sagemaker_spark_py.columns import ColumnParams
from sagemaker_spark_py.deployment import needed_to_host, queue_for, within_limits
from sagemaker_spark_py.embedded import session_for
from sagemaker_spark_py.errors import ResourceCreationError, SettingError
from sagemaker_spark_py.inference import (
    WAYS,
    BatchData,
    EndpointCall,
    InvocationSummary,
    new_total,
    output_schema,
)
from sagemaker_spark_py.persistence import Persistent
from sagemaker_spark_py.resources import CreatedResources, EndpointCreationPolicy, S3DataPath
from sagemaker_spark_py.service import Predictor, SageMakerResourceCleanup, Session, hosting, requests
from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

_ANYWHERE = "s3://bucket/prefix"


class _Hosting:
    """What a model and its copies share: the endpoint they made, the lock under which one makes it, and the
    accumulator of the last ``transform()``.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.created = CreatedResources()
        self.batch_data: list[BatchData] = []
        self.total: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {"created": self.created}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]
        self.created = state["created"]


def hosting_requests(settings: Mapping[str, Any], async_uri: str = _ANYWHERE) -> hosting.Hosting:
    """Return the requests that make a model's endpoint, checked.

    Parameters
    ----------
    settings : mapping
        As `ModelSettings` declares them.
    async_uri : str
        Below which an asynchronous endpoint puts its answers.

    Raises
    ------
    SettingError
        If AWS's model of a request refuses it.
    """
    names, extra = settings["namePolicy"].names, settings["extraRequest"]
    serverless, asynchronous = settings["endpointServerless"], settings["endpointAsync"]
    return hosting.Hosting(
        model_request(settings, names.modelName),
        requests.endpoint_config(
            name=names.endpointConfigName,
            model_name=names.modelName,
            instance_type=settings["endpointInstanceType"],
            instance_count=settings["endpointInitialInstanceCount"],
            serverless=serverless and serverless.request(),
            asynchronous=asynchronous and asynchronous.request(async_uri),
            extra=extra.get("CreateEndpointConfig"),
        ),
        requests.endpoint(
            name=names.endpointName,
            config_name=names.endpointConfigName,
            extra=extra.get("CreateEndpoint"),
        ),
    )


class SageMakerModel(Model, ColumnParams, TransformsInBatches, Attachable, Persistent):
    """Predicts through a SageMaker endpoint, which it makes by its policy or which exists, or in batches.

    All arguments are given by name; each is an attribute of the same name. Copies share the endpoint of their
    original. Constructor and ``transform()`` run on the driver and wait for an endpoint that they make; rows
    are sent by the executors when Spark runs the result.

    Parameters
    ----------
    endpointInstanceType : str
        ML instance type that serves. Not needed where the endpoint exists.
    endpointInitialInstanceCount : int
        Number of serving instances. Not needed where the endpoint exists.
    endpointServerless : ServerlessInference, optional
        Makes a serverless endpoint instead of one on instances.
    endpointAsync : AsyncInference, optional
        Makes an asynchronous endpoint; or says that the one that exists is asynchronous.
    requestRowSerializer : RequestRowSerializer
        Turns rows into request bodies.
    responseRowDeserializer : ResponseRowDeserializer
        Turns answers into columns.
    existingEndpointName : str, optional
        An endpoint that exists; needs the policy DO_NOT_CREATE. It is never deleted by this model.
    modelImage : str, optional
        URI of the serving image.
    modelPath : S3DataPath, optional
        The model artifact, a ``model.tar.gz``.
    modelEnvironmentVariables : dict, optional
        Environment of the serving container.
    modelExecutionRoleARN : str, optional
        Role that the endpoint runs as.
    endpointCreationPolicy : EndpointCreationPolicy
        When the endpoint is made; default CREATE_ON_CONSTRUCT.
    sagemakerClient : boto3 client, optional
        Used for the control plane instead of one made from `session`.
    prependResultRows : bool
        Whether ``transform()`` keeps the input columns; default True.
    featuresCol, labelCol, predictionCol, probabilityCol, rawPredictionCol, handleInvalid : optional
        Set the Params of these names, which can also be set later.
    predictions : Predictions, optional
        Which columns of the answer are the prediction and the scores; default: as the deserializer says.
    validNumbers : str
        Which numbers the model takes as features: ``"all"`` (the default), ``"nan"`` for finite ones and NaN,
        or ``"finite"``. Others are invalid, see ``handleInvalid``.
    namePolicy : NamePolicy, optional
        Names of what is created; default a new `RandomNamePolicy`.
    session : Session, optional
        Region, profile and endpoint URLs; default boto3's chains.
    invocation : Invocation, optional
        How the endpoint is asked: limits, requests in flight, timeouts, what becomes of bad rows.
    inferenceWay : str
        ``"endpoint"`` (the default), or ``"batch"``: ``transform()`` is ``batchTransform()`` and no endpoint
        is made, whatever the policy says.
    transformInstanceType, transformInstanceCount : str, int
        The instances of Batch Transform; default one, of the endpoint's type.
    transformOptions : BatchTransform, optional
        How Batch Transform is run.
    uid : str, optional
        Spark ML's identifier of the stage.

    Raises
    ------
    SettingError
        If arguments contradict each other or one that is needed is missing.
    ResourceCreationError
        If the endpoint could not be made; it names what exists.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        uid = self._bind_settings(args, kwargs)
        if uid is not None:
            self._resetUid(uid)
        self._hosting = _Hosting()
        self._is_trial = False
        self._check_settings()
        on_construct = self.endpointCreationPolicy is EndpointCreationPolicy.CREATE_ON_CONSTRUCT
        if on_construct and self.inferenceWay == "endpoint":
            self._ensure_endpoint()

    def _check_settings(self) -> None:
        creates = self.endpointCreationPolicy is not EndpointCreationPolicy.DO_NOT_CREATE
        if self.existingEndpointName is not None and creates:
            raise SettingError(
                "endpointCreationPolicy does not fit an existing endpoint: "
                f"{self.endpointCreationPolicy.name}; expected DO_NOT_CREATE with "
                f"existingEndpointName={self.existingEndpointName!r}."
            )
        if self.inferenceWay == "batch":
            self._require_batch()
            return
        missing = [name for name in needed_to_host(self._settings) if self._settings[name] is None]
        if creates and missing:
            raise SettingError(
                f"SageMakerModel lacks arguments: {', '.join(missing)}; expected all of them with policy "
                f"{self.endpointCreationPolicy.name}. Give them, or existingEndpointName with DO_NOT_CREATE."
            )

    @property  # type: ignore[misc]  # the setting, completed
    def sagemakerClient(self) -> Any:
        """The boto3 client of SageMaker that this model uses on the driver."""
        return self._settings["sagemakerClient"] or self._session().client("sagemaker")

    @property
    def endpointName(self) -> str | None:
        """Name of the endpoint that exists or was made; `None` while there is none."""
        return self.existingEndpointName or self._hosting.created.endpoint_name

    @property
    def modelData(self) -> str | None:
        """URI of the model artifact, ``s3://bucket/key``; `None` for a model of an endpoint that existed."""
        return None if self.modelPath is None else self.modelPath.toS3UriString()

    def download(self, path: str | os.PathLike[str]) -> Path:
        """Bring the model artifact to the driver's machine, streamed in bounded memory.

        Parameters
        ----------
        path : str or path-like
            A name that ends with ``.tar.gz`` or ``.tgz``: the archive is saved under it. Any other: a folder,
            made if it is missing, in which the archive is unpacked. Files of the same names are replaced;
            members that would land outside of the folder are refused.

        Returns
        -------
        pathlib.Path
            The archive or the folder.

        Raises
        ------
        SettingError
            If the model has no artifact.
        ArtifactError
            If it cannot be unpacked; then nothing is left in the folder.
        NotFoundError, AccessError, ServiceError
            If S3 refuses or fails.
        OSError
            If the files cannot be written.
        """
        return artifacts.download(self._session(), self._artifact(), path)

    def nativeModel(self) -> Any:
        """Return the trained booster as an object of the package xgboost, which must be on the driver.

        Works where AWS's XGBoost images from version 1.3 on trained, or a script that saved
        ``xgboost-model`` with ``Booster.save_model``. The booster counts features as the training data
        did: with LibSVM, which counts from 1 unless said otherwise, its column 0 is an empty one before
        yours. With early stopping it ends at the best round; then its predictions are the endpoint's.

        Returns
        -------
        xgboost.Booster

        Raises
        ------
        SettingError
            If the model has no artifact.
        ArtifactError
            If xgboost is missing or cannot read the artifact, or there is no booster in it.
        NotFoundError, AccessError, ServiceError
            If S3 refuses or fails.
        """
        return artifacts.read_booster(self._session(), self._artifact(), self.modelImage)

    def _artifact(self) -> S3DataPath:
        if self.modelPath is None:
            raise SettingError(
                "The model has no artifact: modelPath is None, since it was made of an endpoint; expected "
                "modelPath. Use fromTrainingJob or fromModelS3Path."
            )
        return self.modelPath

    @property
    def resourceCleanup(self) -> SageMakerResourceCleanup:
        """Deletes resources with this model's client."""
        return SageMakerResourceCleanup(self.sagemakerClient)

    def getCreatedResources(self) -> CreatedResources:
        """Return the names of what this model or a copy of it created; never of an endpoint that existed."""
        return self._hosting.created

    def predictor(self) -> Predictor:
        """Return what asks the endpoint for one NumPy array at a time; make the endpoint first if need be.

        Raises
        ------
        SettingError
            If the model has no endpoint and may make none.
        ResourceCreationError
            If the endpoint could not be made; it names what exists.
        """
        return Predictor(self._ensure_endpoint(), self._session())

    def transformSchema(self, schema: StructType) -> StructType:
        """Return the output schema, after checking that the serializer can work on the input.

        Parameters
        ----------
        schema : StructType
            Schema of the DataFrame to transform.

        Raises
        ------
        SchemaError
            If a column is missing or has the wrong type, or an output name is taken.
        """
        serializer, deserializer = self._ways()
        how = self.invocation if self.inferenceWay == "endpoint" else None
        return output_schema(schema, serializer, deserializer, self.prependResultRows, invocation=how)

    def _left_by_batches(self) -> list[BatchData]:
        return self._hosting.batch_data

    @property
    def lastInvocationSummary(self) -> InvocationSummary | None:
        """What asking the endpoint took since the last ``transform()``: its actions together, while and after
        they run.

        Tasks add to it when they end: those that Spark breaks off (``LIMIT``) are missing, those that it
        repeats count again. `None` before the first ``transform()``, and over Spark Connect, where tasks have
        nothing to add to; there, each task's counts are in its executor's log.
        """
        total = self._hosting.total
        return None if total is None else total.value

    def _transform(self, dataset: DataFrame) -> DataFrame:
        if self.inferenceWay == "batch":
            return self.batchTransform(dataset)
        self.transformSchema(dataset.schema)
        serializer, deserializer = self._ways()
        if dataset.isStreaming and self.endpointName is None:
            raise SettingError(
                "The model has no endpoint yet, and none is made for a stream: who would delete it? Expected "
                "an endpoint that exists. Use SageMakerModel.fromEndpoint, or transform a static DataFrame "
                "with this model first; getCreatedResources() then names what to delete after the stream."
            )
        self._hosting.total = new_total(dataset.sparkSession)
        call = EndpointCall(
            session=self._session(),
            endpointName=self._ensure_endpoint(),
            serializer=serializer,
            deserializer=deserializer,
            invocation=within_limits(self.invocation, self.endpointServerless),
            queue=queue_for(self._settings, self._session()),
            total=self._hosting.total,
        )
        return WAYS["endpoint"](dataset, call, self.prependResultRows)

    def _ways(self) -> tuple[RequestRowSerializer, ResponseRowDeserializer]:
        """Return how rows are sent and answers read, with the Params that name columns."""
        return (
            self._request_serializer(self.requestRowSerializer, self.validNumbers),
            self._response_deserializer(self.responseRowDeserializer, self.predictions),
        )

    def _session(self) -> Session:
        names = ("endpointInstanceType", "transformInstanceType")
        kinds = {name: self._settings[name] for name in names}
        return session_for(kinds, self.session, None, [self._settings["sagemakerClient"]])

    def _ensure_endpoint(self) -> str:
        """Return the endpoint's name; make it first where the policy says so and no copy has."""
        with self._hosting.lock:
            return self.endpointName or self._create_endpoint()

    def _create_endpoint(self) -> str:
        if self.endpointCreationPolicy is EndpointCreationPolicy.DO_NOT_CREATE:
            raise SettingError(
                "The model has no endpoint: existingEndpointName is None; expected the name of an endpoint "
                "with policy DO_NOT_CREATE. Give one, or use CREATE_ON_TRANSFORM."
            )
        queue = queue_for(self._settings, self._session())
        wanted = hosting_requests(self._settings, queue.place.uri if queue else _ANYWHERE)
        try:
            self._hosting.created = hosting.create_endpoint(self._session(), wanted)
        except ResourceCreationError as error:
            self._hosting.created = error.createdResources
            raise
        if self._is_trial:
            trials.watch(self._hosting, self.uid, self._session(), self._hosting.created)
        return wanted.endpoint_name

    def _state(self) -> dict[str, Any]:
        return {"created": asdict(self._hosting.created)}

    @classmethod
    def _restored(cls, settings: dict[str, Any], uid: str, state: dict[str, Any]) -> SageMakerModel:
        # Loading must not make an endpoint, whatever the policy says.
        policy = settings["endpointCreationPolicy"]
        model = cls(**{**settings, "endpointCreationPolicy": EndpointCreationPolicy.DO_NOT_CREATE}, uid=uid)
        model._settings["endpointCreationPolicy"] = policy
        model._hosting.created = CreatedResources(**state["created"])
        return model

    def __getstate__(self) -> dict[str, Any]:
        # A boto3 client cannot be pickled; the other process makes its own from the same region and URLs.
        settings = {**self._settings, "sagemakerClient": None, "session": self._session()}
        return {**self.__dict__, "_settings": settings}
