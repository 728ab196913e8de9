"""Batch Transform over objects that are in S3 already, as users of AWS's Python SDK know it."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from typing import Any

from sagemaker_spark_py.batch_transform import BatchTransform
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service import progress, requests, transform_jobs
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session

_log = logging.getLogger(__name__)
_running: set[str] = set()


@atexit.register
def _name_running() -> None:
    for name in _running:
        _log.warning("Transform job %s was not waited for; it may still run, and its model is left.", name)


class Transformer:
    """Runs Batch Transform jobs of one model; made by `SageMakerModel.transformer`.

    Each job has a SageMaker model of its own, which bears the job's name and is deleted by `wait` or `stop`.
    Everything here runs on the driver.

    Parameters
    ----------
    session : Session
        How to reach AWS.
    model : callable
        Returns the parameters of CreateModel for a name.
    jobName : callable
        Returns a name that was not used before.
    place : callable
        Returns where a job's outputs go by default.
    instanceCount, instanceType : int, str
        The instances.
    outputPath : str, optional
        S3 URI below which the outputs go; default: a fresh prefix of the automatic bucket for each job.
    accept : str, optional
        What the model is asked to answer in; default: as it likes.
    options : BatchTransform
        All else.
    extra : mapping, optional
        Merged into CreateTransformJob.
    """

    def __init__(
        self,
        session: Session,
        model: Callable[[str], dict[str, Any]],
        jobName: Callable[[], str],
        place: Callable[[str], Place],
        *,
        instanceCount: int,
        instanceType: str,
        outputPath: str | None,
        accept: str | None,
        options: BatchTransform,
        extra: Any = None,
    ) -> None:
        self._session, self._model, self._job_name, self._place = session, model, jobName, place
        self._instance_count, self._instance_type = instanceCount, instanceType
        self._wanted_path = None if outputPath is None else S3DataPath.fromS3URI(outputPath).toS3UriString()
        self._output_path = self._wanted_path
        self._accept, self._options, self._extra = accept, options, extra
        self._latest: str | None = None

    @property
    def outputPath(self) -> str | None:
        """S3 URI below which the outputs of the latest job are; `None` before the first, unless given."""
        return self._output_path

    @property
    def latestTransformJob(self) -> str | None:
        """Name of the latest job; `None` before the first."""
        return self._latest

    def transform(
        self,
        data: str,
        *,
        contentType: str | None = None,
        splitType: str | None = None,
        compressionType: str | None = None,
        dataType: str = "S3Prefix",
        inputFilter: str | None = None,
        outputFilter: str | None = None,
        joinSource: str | None = None,
        jobName: str | None = None,
    ) -> str:
        """Start a job over objects in S3 and return its name; `wait` waits for it.

        Each object ``<data>/a/b`` gets an object ``<outputPath>/a/b.out``.

        Parameters
        ----------
        data, dataType : str
            S3 URI of a prefix (``"S3Prefix"``), which should end with ``/``, or of a manifest
            (``"ManifestFile"``).
        contentType, compressionType, splitType : str, optional
            What the objects are, ``"Gzip"`` if they are compressed, and how records are told apart:
            ``"None"`` (the default), ``"Line"``, ``"RecordIO"``, ``"TFRecord"``.
        inputFilter, outputFilter, joinSource : str, optional
            JSONPath of what the model gets of a record, and of what goes to the output; ``"Input"`` puts
            the record beside its prediction.
        jobName : str, optional
            Name of the job, which must never have been used; default: a new one.

        Raises
        ------
        SettingError
            If AWS's model of the request refuses it; before anything is made.
        AccessError, ServiceError
            If AWS refuses, for example because the name is in use (``ResourceInUse``).
        """
        S3DataPath.fromS3URI(data)
        name = jobName or self._job_name()
        source = requests.transform_input(
            data,
            s3_data_type=dataType,
            content_type=contentType,
            compression=compressionType,
            split_type=splitType,
        )
        filters = {"InputFilter": inputFilter, "OutputFilter": outputFilter, "JoinSource": joinSource}
        return self._start(name, source, {key: value for key, value in filters.items() if value is not None})

    def wait(self) -> None:
        """Wait until the latest job is over; its SageMaker model is deleted then, whatever came of it.

        Raises
        ------
        TransformError, TransformStoppedError, TransformInterruptedError
            If it failed, was stopped, or Ctrl-C was pressed, which stops it.
        ServiceError
            If SageMaker cannot be asked any longer: for all we know the job still runs.
        """
        name = self._job()
        watch = progress.watcher(self._options.logs, transform_jobs.log_tail(self._session, name))
        with transform_jobs.model_removed_when_over(self._session, name):
            transform_jobs.wait_for_transform_job(self._session, name, watch=watch)
        _running.discard(name)

    def stop(self) -> None:
        """Stop the latest job, wait until it is over, and delete its SageMaker model; outputs stay.

        Raises
        ------
        ServiceError
            If SageMaker refuses, for example because the job is over.
        """
        name = self._job()
        transform_jobs.stop_transform_job(self._session, name)
        with transform_jobs.model_removed_when_over(self._session, name):
            transform_jobs.wait_until_over(self._session, name)
        _running.discard(name)

    def _start(self, name: str, source: dict[str, Any], filters: dict[str, Any]) -> str:
        self._request(name, source, "s3://bucket/prefix", filters)  # refused before a bucket is made
        output = self._wanted_path or f"{self._place(name).uri}/output"
        request = self._request(name, source, output, filters)
        transform_jobs.create_transform_job(self._session, self._model(name), request)
        _running.add(name)
        self._latest, self._output_path = name, output
        return name

    def _request(
        self, name: str, source: dict[str, Any], output: str, filters: dict[str, Any]
    ) -> dict[str, Any]:
        options = self._options
        target = requests.transform_output(
            output, accept=self._accept, assemble_with=options.assembleWith, kms_key_id=options.kmsKeyId
        )
        return requests.transform_job(
            name=name,
            source=source,
            target=target,
            instance_type=self._instance_type,
            instance_count=self._instance_count,
            extra=self._extra,
            DataProcessing=filters,
            **options.members(),
        )

    def _job(self) -> str:
        if self._latest is None:
            raise SettingError("Transformer has no job yet: None; expected one. Call transform() first.")
        return self._latest
