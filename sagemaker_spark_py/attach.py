"""Models of what exists already: a training job, an artifact in S3, or an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sagemaker_spark_py.deployment import AsyncInference
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.names import NamePolicy
from sagemaker_spark_py.resources import EndpointCreationPolicy, S3DataPath
from sagemaker_spark_py.service import Session, hosting, jobs
from sagemaker_spark_py.settings import ModelSettings
from sagemaker_spark_py.transformation.deserializers import ResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

if TYPE_CHECKING:
    from typing_extensions import Self


class Attachable(ModelSettings):
    """The ways to make a `SageMakerModel` without its estimator; it never deletes what existed before."""

    @classmethod
    def fromTrainingJob(
        cls,
        trainingJobName: str,
        modelImage: str,
        modelExecutionRoleARN: str,
        endpointInstanceType: str,
        endpointInitialInstanceCount: int,
        requestRowSerializer: RequestRowSerializer,
        responseRowDeserializer: ResponseRowDeserializer,
        modelEnvironmentVariables: Mapping[str, str] | None = None,
        endpointCreationPolicy: EndpointCreationPolicy = EndpointCreationPolicy.CREATE_ON_CONSTRUCT,
        sagemakerClient: Any = None,
        prependResultRows: bool = True,
        namePolicy: NamePolicy | None = None,
        uid: str | None = None,
        *,
        session: Session | None = None,
        invocation: Invocation | None = None,
        wait: bool = False,
    ) -> Self:
        """Make a model from the artifact of a training job that completed or was stopped.

        Parameters are those of `SageMakerModel`, and

        Parameters
        ----------
        trainingJobName : str
            The job; it is described on the driver.
        wait : bool
            Whether to wait, on the driver, for a job that still runs, such as one whose ``fit()`` was broken
            off; Ctrl-C then ends the waiting, not the job.

        Raises
        ------
        SettingError
            If the policy is DO_NOT_CREATE.
            Also if the job has not ended, unless it is waited for, or has left no artifact.
        TrainingError
            If it was waited for and failed.
        """
        arguments = {k: v for k, v in locals().items() if k not in ("cls", "trainingJobName", "wait")}
        session = session or Session.resolve(clients=[sagemakerClient])
        if wait:
            jobs.wait_for_training_job(session, trainingJobName, accept_stopped=True, stop_on_interrupt=False)
        artifact = jobs.model_data_uri(jobs.finished_training_job(session, trainingJobName))
        return cls._from_artifact(S3DataPath.fromS3URI(artifact), arguments)

    @classmethod
    def fromModelS3Path(
        cls,
        modelPath: str,
        modelImage: str,
        modelExecutionRoleARN: str,
        endpointInstanceType: str,
        endpointInitialInstanceCount: int,
        requestRowSerializer: RequestRowSerializer,
        responseRowDeserializer: ResponseRowDeserializer,
        modelEnvironmentVariables: Mapping[str, str] | None = None,
        endpointCreationPolicy: EndpointCreationPolicy = EndpointCreationPolicy.CREATE_ON_CONSTRUCT,
        sagemakerClient: Any = None,
        prependResultRows: bool = True,
        namePolicy: NamePolicy | None = None,
        uid: str | None = None,
        *,
        session: Session | None = None,
        invocation: Invocation | None = None,
    ) -> Self:
        """Make a model from an artifact in S3.

        Parameters are those of `SageMakerModel`, and

        Parameters
        ----------
        modelPath : str
            ``s3://bucket/key`` of a ``model.tar.gz``.

        Raises
        ------
        SettingError
            If the policy is DO_NOT_CREATE or the URI cannot be read.
        """
        arguments = {k: v for k, v in locals().items() if k not in ("cls", "modelPath")}
        return cls._from_artifact(S3DataPath.fromS3URI(modelPath), arguments)

    @classmethod
    def _from_artifact(cls, artifact: S3DataPath, arguments: dict[str, Any]) -> Self:
        if arguments["endpointCreationPolicy"] is EndpointCreationPolicy.DO_NOT_CREATE:
            raise SettingError(
                "endpointCreationPolicy does not fit a model artifact: DO_NOT_CREATE; expected a policy that "
                "makes an endpoint. Use fromEndpoint for an endpoint that exists."
            )
        return cls(modelPath=artifact, **arguments)

    @classmethod
    def fromEndpoint(
        cls,
        endpointName: str,
        requestRowSerializer: RequestRowSerializer,
        responseRowDeserializer: ResponseRowDeserializer,
        modelEnvironmentVariables: Mapping[str, str] | None = None,
        sagemakerClient: Any = None,
        prependResultRows: bool = True,
        namePolicy: NamePolicy | None = None,
        uid: str | None = None,
        *,
        session: Session | None = None,
        invocation: Invocation | None = None,
        endpointAsync: AsyncInference | None = None,
    ) -> Self:
        """Make a model of an endpoint that exists and is in service; it will never be deleted by this model.

        Parameters are those of `SageMakerModel`, and

        Parameters
        ----------
        endpointName : str
            The endpoint; it is described on the driver.

        Raises
        ------
        SettingError
            If the endpoint is not in service.
        NotFoundError
            If there is no such endpoint.
        """
        arguments = {k: v for k, v in locals().items() if k not in ("cls", "endpointName")}
        session = session or Session.resolve(clients=[sagemakerClient])
        hosting.serving_endpoint(session, endpointName)
        policy = EndpointCreationPolicy.DO_NOT_CREATE
        return cls(existingEndpointName=endpointName, endpointCreationPolicy=policy, **arguments)
