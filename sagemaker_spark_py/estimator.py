"""Estimators that train on SageMaker: the recipe of ``fit()``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pyspark.ml.base import Estimator, _FitMultipleIterator
from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from sagemaker_spark_py import trials
from sagemaker_spark_py.arguments import setting, text, text_map
from sagemaker_spark_py.embedded import role_for, session_for
from sagemaker_spark_py.errors import ResourceCreationError, SchemaError, ServiceError, TrainingError
from sagemaker_spark_py.inputs import HasInputs, Input, attribute_count, common_dim
from sagemaker_spark_py.model import SageMakerModel, hosting_requests
from sagemaker_spark_py.names import NamePolicy, RandomNamePolicy
from sagemaker_spark_py.params import HasHyperparameters
from sagemaker_spark_py.persistence import Persistent
from sagemaker_spark_py.resources import EndpointCreationPolicy, S3DataPath
from sagemaker_spark_py.service import (
    Place,
    Session,
    hosting,
    jobs,
    progress,
    requests,
    resolve_path,
    resolve_role,
)
from sagemaker_spark_py.staging import Plan, SharedRows, Staged, write
from sagemaker_spark_py.transformation.deserializers import Predictions

if TYPE_CHECKING:
    from pyspark.ml._typing import ParamMap
    from typing_extensions import Self

_ANYWHERE = Place("bucket", "prefix")
"""Stands for places that are not known yet while a request is checked."""


class SageMakerEstimatorBase(Estimator[SageMakerModel], HasHyperparameters, HasInputs, Persistent):
    """What all estimators share; use `SageMakerEstimator` or an algorithm's class.

    ``fit()`` runs on the driver and waits for the training job, for hours if need be; the executors write the
    training data to S3. Constructor arguments are read-only attributes of the same names, but for those that
    are Params: the columns of `columns.TrainingColumnParams`, such as ``featuresCol``. These can be set later
    and searched over, and are copied to the model where it has them.
    """

    _from_data: ClassVar[tuple[str, ...]] = ()
    """Hyperparameters that tell the number of features, and need not be given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        uid = self._bind_settings(args, kwargs)
        if uid is not None:
            self._resetUid(uid)
        self._latestTrainingJob: str | None = None
        self._is_trial = False

    @property
    @abstractmethod
    def trainingImage(self) -> str:
        """URI of the image that trains."""

    @property
    @abstractmethod
    def modelImage(self) -> str:
        """URI of the image that serves."""

    @property
    @abstractmethod
    def hyperParameters(self) -> Mapping[str, Any]:
        """Hyperparameters by SageMaker's names."""

    @property
    def latestTrainingJob(self) -> str | None:
        """Name of the last training job that this estimator started; `None` before the first."""
        return self._latestTrainingJob

    @property  # type: ignore[misc]  # the setting, completed
    def sagemakerClient(self) -> Any:
        """The boto3 client of SageMaker that this estimator uses on the driver."""
        return self._session().client("sagemaker")

    @property  # type: ignore[misc]  # the setting, completed
    def s3Client(self) -> Any:
        """The boto3 client of S3 that this estimator uses on the driver."""
        return self._session().client("s3")

    @property  # type: ignore[misc]  # the setting, completed
    def stsClient(self) -> Any:
        """The boto3 client of STS that this estimator uses on the driver."""
        return self._session().client("sts")

    def copy(self, extra: ParamMap | None = None) -> Self:
        """Return a copy with the same uid and settings, and with Params changed by `extra`."""
        that = super().copy(extra)
        that._is_trial = self._is_trial or bool(extra)
        return that

    def fitMultiple(
        self, dataset: DataFrame, paramMaps: Sequence[ParamMap]
    ) -> Iterator[tuple[int, SageMakerModel]]:
        """Fit a model for each map of Params; the rows are staged once for all that want them alike.

        Parameters
        ----------
        dataset : DataFrame
            What to train on.
        paramMaps : sequence of dict
            A map of Params to values for each model.

        Returns
        -------
        iterator of (int, SageMakerModel)
            Fits when asked for the next one; several threads may ask. The number is the place in `paramMaps`.
        """
        rows = SharedRows(dataset, len(paramMaps))
        copies = [self.copy(params) for params in paramMaps]
        return _FitMultipleIterator(lambda index: copies[index]._fit_on(rows), len(copies))

    def _fit(self, dataset: DataFrame) -> SageMakerModel:
        return self._fit_on(SharedRows(dataset, 1))

    def _fit_on(self, rows: SharedRows) -> SageMakerModel:
        trials.delete_forgotten(self.uid)
        dataset, names = rows.dataset, self.namePolicyFactory.createNamePolicy()
        default_role = role_for(self.trainingInstanceType)
        role = resolve_role(self.sagemakerRole, _conf_of(dataset), default_role)
        inputs = self._check(dataset, names, role)
        session = self._session()
        self._require_unused(names, session)
        source, target = self._places(dataset, names, session)
        wanted = {i.way: partial(self._stage, i, source, session) for i in inputs if i.plan is not None}
        with self._beside(session, target):
            with rows.use(wanted, self.deleteStagingDataAfterTraining) as staged:
                dim = common_dim(inputs, staged)
                self._check_job(self._completed_hyperparameters(dim))
                request = self._request(names, role, inputs, staged, target, dim)
                job = self._train(session, request, staged[inputs[0].way])
            artifact = self._artifact(session, target, jobs.model_data_uri(job))
        return self._copyValues(self._model(names, role, session, artifact))

    @contextmanager
    def _beside(self, session: Session, target: Place) -> Iterator[None]:
        """Keep in S3, until the job is over, what it needs besides its channels."""
        yield

    def _artifact(self, session: Session, target: Place, artifact: str) -> str:
        """Return the URI of what is hosted, made of what the job has left."""
        return artifact

    def _toolkit_hyperparameters(self, names: NamePolicy, target: Place) -> dict[str, str]:
        """Return hyperparameters that are meant for what runs the algorithm."""
        return {}

    def _check(self, dataset: DataFrame, names: NamePolicy, role: str) -> list[Input]:
        """Refuse everything that can be refused without asking AWS; return the channels."""
        inputs = self._inputs(dataset, self._known_dim(dataset.schema))
        staged_by_us = isinstance(inputs[0].plan, Plan)
        self.check_hyperparameters([*self.hyperParameters, *(self._from_data if staged_by_us else ())])
        self._check_job(self._all_hyperparameters())
        self._request(names, role, inputs, {}, _ANYWHERE)
        if self.modelPrependInputRowsToTransformationRows:
            self._refuse_taken_names(dataset.schema)
        settings = self._model_settings(names, role, S3DataPath("bucket", "model.tar.gz"))
        self._request_serializer(settings["requestRowSerializer"], self.intake.numbers)
        self._response_deserializer(settings["responseRowDeserializer"], settings["predictions"])
        if self.endpointCreationPolicy is not EndpointCreationPolicy.DO_NOT_CREATE:
            hosting_requests(settings)
        return inputs

    def _require_unused(self, names: NamePolicy, session: Session) -> None:
        """Refuse names that are taken; all that this fit will use but random ones, which never are."""
        if isinstance(names, RandomNamePolicy):
            return
        job, *others = names.names
        jobs.require_unused(session, job)
        on_construct = self.endpointCreationPolicy is EndpointCreationPolicy.CREATE_ON_CONSTRUCT
        if on_construct and self.inferenceWay == "endpoint":
            hosting.require_unused(session, *others)

    def _known_dim(self, schema: StructType) -> int | None:
        """Return how many features there are, as far as that is known before rows are read."""
        given = self._all_hyperparameters().get("feature_dim", "")
        told = attribute_count(schema, self._features())
        if not given.isdigit():
            return told
        if told is not None and told != int(given):
            raise SchemaError(
                f"feature_dim does not fit column {self._features()!r}: {given}; expected {told} by the "
                "schema. Correct it, or leave it out."
            )
        return int(given)

    def _stage(self, some: Input, source: Place, session: Session) -> Staged:
        """Write the rows of one channel below a prefix of its name."""
        channel = some.channel
        assert channel.frame is not None
        assert some.plan is not None
        return write(
            channel.frame,
            replace(source, prefix=source.key(some.name)),
            session,
            some.plan,
            manifest=channel.inputMode != "FastFile",
            instances=self._instances(channel.distribution),
            shards=some.shards,
        )

    def _predictions(self) -> Predictions | None:
        """Return what the answer's columns mean to Spark ML; `None`: as the deserializer says."""
        return None

    def _check_job(self, hyperparameters: Mapping[str, str]) -> None:
        """Refuse settings that the algorithm is known to fail with; `hyperparameters` as they are sent."""

    def _places(self, dataset: DataFrame, names: NamePolicy, session: Session) -> tuple[Place, Place]:
        """Return below what rows are staged and where SageMaker writes the model."""
        job, conf = names.names.trainingJobName, _conf_of(dataset)
        source = resolve_path(self.trainingInputS3DataPath, job, session, conf=conf)
        return source, resolve_path(self.trainingOutputS3DataPath, job, session, conf=conf)

    def _completed_hyperparameters(self, dim: int | None) -> dict[str, str]:
        """Return the hyperparameters; what was not given is taken from the data, if `dim` is known."""
        told = {} if dim is None else dict.fromkeys(self._from_data, str(dim))
        return {**told, **self._all_hyperparameters()}

    def _all_hyperparameters(self) -> dict[str, str]:
        given = {key: requests.as_text(key, value) for key, value in self.hyperParameters.items()}
        return {**given, **self.wire_hyperparameters(given)}

    def _request(
        self,
        names: NamePolicy,
        role: str,
        inputs: Sequence[Input],
        staged: Mapping[Hashable, Staged],
        target: Place,
        dim: int | None = None,
    ) -> dict[str, Any]:
        """Return the parameters of CreateTrainingJob, checked."""
        return requests.training_job(
            name=names.names.trainingJobName,
            image=self.trainingImage,
            role=role,
            channels=[some.request(staged, self.trainingInputMode) for some in inputs],
            output_uri=target.uri,
            instance_type=self.trainingInstanceType,
            instance_count=self.trainingInstanceCount,
            volume_gb=self.trainingInstanceVolumeSizeInGB,
            max_runtime_seconds=self.trainingMaxRuntimeInSeconds,
            input_mode=self.trainingInputMode,
            hyperparameters={
                **self._completed_hyperparameters(dim),
                **self._toolkit_hyperparameters(names, target),
            },
            kms_key_id=self.trainingKmsKeyId,
            extra=self.extraRequest.get("CreateTrainingJob"),
        )

    def _train(self, session: Session, request: dict[str, Any], staged: Staged) -> dict[str, Any]:
        """Start the job and wait for its end."""
        name = self._latestTrainingJob = jobs.create_training_job(session, request)
        watch = progress.watcher(self.logs, jobs.log_tail(session, name))
        try:
            return jobs.wait_for_training_job(session, name, watch=watch)
        except ServiceError as error:
            raise TrainingError(
                f"{error} Training job {name!r} may still run, so its rows at {staged.place.uri} were kept. "
                f"Once it is over, use SageMakerModel.fromTrainingJob({name!r}, ...).",
                name,
                "InProgress",
            ) from error

    def _model_settings(self, names: NamePolicy, role: str, artifact: S3DataPath) -> dict[str, Any]:
        return {
            "endpointInstanceType": self.endpointInstanceType,
            "endpointInitialInstanceCount": self.endpointInitialInstanceCount,
            "endpointServerless": self.endpointServerless,
            "endpointAsync": self.endpointAsync,
            "requestRowSerializer": self.requestRowSerializer,
            "responseRowDeserializer": self.responseRowDeserializer,
            "modelImage": self.modelImage,
            "modelPath": artifact,
            "modelEnvironmentVariables": self.modelEnvironmentVariables,
            "modelExecutionRoleARN": role,
            "endpointCreationPolicy": self.endpointCreationPolicy,
            "prependResultRows": self.modelPrependInputRowsToTransformationRows,
            "namePolicy": names,
            "invocation": self.invocation,
            "inferenceWay": self.inferenceWay,
            "transformInstanceType": self.transformInstanceType,
            "transformInstanceCount": self.transformInstanceCount,
            "transformOptions": self.transformOptions,
            "extraRequest": self.extraRequest,
            "predictions": self._predictions(),
            "validNumbers": self.intake.numbers,
        }

    def _model(self, names: NamePolicy, role: str, session: Session, artifact: str) -> SageMakerModel:
        settings = self._model_settings(names, role, S3DataPath.fromS3URI(artifact))
        try:
            model = SageMakerModel(**settings, session=session, uid=self.uid)
        except ResourceCreationError as error:
            job = self._latestTrainingJob
            raise ResourceCreationError(
                f"{error} The training is not lost: use SageMakerModel.fromTrainingJob({job!r}, ...).",
                error.createdResources,
            ) from error
        model._is_trial = self._is_trial
        return model

    def _session(self) -> Session:
        clients = [self._settings[name] for name in ("sagemakerClient", "s3Client", "stsClient")]
        names = ("trainingInstanceType", "endpointInstanceType")
        kinds = {name: self._settings[name] for name in names}
        return session_for(kinds, self.session, self.region, clients)

    def __getstate__(self) -> dict[str, Any]:
        # boto3 clients cannot be pickled; the other process makes its own from the same region and URLs.
        clients = dict.fromkeys(("sagemakerClient", "s3Client", "stsClient"))
        session = self._session() if any(self._settings[name] for name in clients) else self.session
        return {**self.__dict__, "_settings": {**self._settings, **clients, "session": session}}


def _conf_of(dataset: DataFrame) -> Any:
    """Return what reads a property of the DataFrame's Spark session, `None` where it is not set."""
    return lambda key: dataset.sparkSession.conf.get(key, None)


class SageMakerEstimator(SageMakerEstimatorBase):
    """Trains with any training image and serves with any hosting image.

    Parameters
    ----------
    trainingImage, modelImage : str
        URIs of the images that train and serve.
    hyperParameters : dict, optional
        By name, as SageMaker knows it; values are turned into texts, lists and dicts as JSON.

    Notes
    -----
    The other arguments are described where they are declared, in `settings.EstimatorSettings`.
    """

    _positional = """
        trainingImage modelImage trainingInstanceType trainingInstanceCount endpointInstanceType
        endpointInitialInstanceCount requestRowSerializer responseRowDeserializer hyperParameters
        trainingInputS3DataPath trainingOutputS3DataPath trainingInstanceVolumeSizeInGB
        trainingProjectedColumns trainingChannelName trainingContentType trainingS3DataDistribution
        trainingSparkDataFormat trainingSparkDataFormatOptions trainingInputMode trainingCompressionCodec
        trainingMaxRuntimeInSeconds trainingKmsKeyId modelEnvironmentVariables endpointCreationPolicy
        sagemakerClient sagemakerRole s3Client stsClient modelPrependInputRowsToTransformationRows
        deleteStagingDataAfterTraining namePolicyFactory uid
        """

    trainingImage: str = setting("URI of the training image.", check=text)
    modelImage: str = setting("URI of the hosting image.", check=text)
    requestRowSerializer: Any = setting()
    responseRowDeserializer: Any = setting()
    hyperParameters: Mapping[str, Any] = setting("Hyperparameters by name.", factory=dict, check=text_map)
