"""Training and serving with a user's own script: script mode."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sagemaker_spark_py.algorithms.images import get_image_uri, version_entry
from sagemaker_spark_py.arguments import setting, text, text_map
from sagemaker_spark_py.errors import ServiceError, SettingError, TrainingError
from sagemaker_spark_py.estimator import SageMakerEstimatorBase
from sagemaker_spark_py.names import NamePolicy
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service import Place, Session
from sagemaker_spark_py.service.objects import delete_objects
from sagemaker_spark_py.staging.model_code import CODE, add_code
from sagemaker_spark_py.staging.source import ARCHIVE, SourceCode, upload_source
from sagemaker_spark_py.transformation.deserializers import (
    NpyResponseRowDeserializer,
    ResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.serializers import NpyRequestRowSerializer, RequestRowSerializer

_log = logging.getLogger(__name__)
_INFO = 20
_ALGORITHMS_ONLY = ("first_party", "lda")
"""Account tables of the registry whose images hold no toolkit for scripts."""


def paths(name: str, value: Any) -> None:
    """Check a list of paths."""
    if isinstance(value, str) or not all(isinstance(path, str) for path in value):
        raise SettingError(f"{name} is not a list of paths: {value!r}; expected a list of texts.")


class ScriptModeEstimator(SageMakerEstimatorBase):
    """Trains with a Python script of yours and serves with its functions.

    The script runs in a framework image of AWS (``framework="sklearn"``, ``frameworkVersion="1.4-2-py312"``)
    or in any image that holds AWS's training toolkit (``image=``). It gets each hyperparameter as an argument
    ``--name value``, finds the staged rows in the folder ``SM_CHANNEL_TRAIN`` and writes the model to
    ``SM_MODEL_DIR``. The endpoint calls the script's ``model_fn(model_dir)`` and, where they are there,
    ``input_fn``, ``predict_fn`` and ``output_fn``, or ``transform_fn``. The script is read from the driver's
    disk, with everything in its folder. It becomes part of the model, so the archive that training reads is
    deleted with the staged rows.

    All arguments but the first four are given by name; besides those below, they are the settings of all
    estimators (`settings.EstimatorSettings`). By default rows are staged as CSV, label first. The endpoint is
    asked with a float32 array of shape (rows, features) in NumPy's format and answers so, one number for each
    row; ``NpyResponseRowDeserializer("probabilities vector")`` takes several. In a class of your own that
    inherits from this one, hyperparameters can be Spark Params.

    Parameters
    ----------
    entryPoint : str
        The script: a path in `sourceDir`, or of one file by itself. What does not end with ``.py`` is run by
        the shell.
    sourceDir : str, optional
        Folder on the driver whose content goes along; ``requirements.txt`` in it is installed by the image.
        Links are followed, but not out of the folder. At most 256 MiB.
    dependencies : list of str, optional
        Further files and folders to stand beside the script.
    requirements : str, optional
        A file that goes along as ``requirements.txt``.
    inferenceEntryPoint : str, optional
        The script with the inference functions, in the same folder; default `entryPoint`.
    image, inferenceImage : str, optional
        URIs of the images that train and serve; the second is by default the first.
    framework, frameworkVersion : str, optional
        Name and version of an image in the registry, instead of `image`.
    hyperParameters : dict, optional
        Arguments of the script; any JSON value.

    Examples
    --------
    >>> estimator = ScriptModeEstimator(
    ...     entryPoint="train.py",
    ...     sourceDir="code",
    ...     framework="sklearn",
    ...     frameworkVersion="1.4-2-py312",
    ...     hyperParameters={"hidden-units": 32},
    ...     trainingInstanceType="ml.m5.large",
    ...     trainingInstanceCount=1,
    ...     endpointInstanceType="ml.m5.large",
    ...     endpointInitialInstanceCount=1,
    ... )
    """

    entryPoint: str = setting("The script that trains, on the driver.", check=text)
    sourceDir: str | None = setting("Folder whose content goes along.", default=None, check=text)
    dependencies: Sequence[str] = setting(
        "Files and folders that go along beside the script.", factory=list, check=paths
    )
    requirements: str | None = setting(
        "A file that goes along as requirements.txt.", default=None, check=text
    )
    inferenceEntryPoint: str | None = setting(
        "The script that serves; `None`: the one that trains.", default=None, check=text
    )
    image: str | None = setting("URI of the image that trains.", default=None, check=text)
    inferenceImage: str | None = setting(
        "URI of the image that serves; `None`: the one that trains.", default=None, check=text
    )
    framework: str | None = setting(
        "Name of AWS's image in the registry: sklearn or xgboost.", default=None, check=text
    )
    frameworkVersion: str | None = setting("Version of that image.", default=None, check=text)
    hyperParameters: Mapping[str, Any] = setting(
        "Arguments of the script by name; any JSON value.", factory=dict, check=text_map
    )
    requestRowSerializer: RequestRowSerializer = setting(factory=NpyRequestRowSerializer)
    responseRowDeserializer: ResponseRowDeserializer = setting(factory=NpyResponseRowDeserializer)
    trainingSparkDataFormat: str = setting(default="csv")

    @property
    def trainingImage(self) -> str:
        """URI of the image that trains."""
        if self.image is not None and self.framework is None and self.frameworkVersion is None:
            return self.image
        if self.image is not None or self.framework is None or self.frameworkVersion is None:
            raise SettingError(
                f"Image is not clear: image={self.image!r}, framework={self.framework!r}, "
                f"frameworkVersion={self.frameworkVersion!r}; expected either image, or framework with "
                "frameworkVersion."
            )
        if version_entry(self.framework, self.frameworkVersion)["accounts"] in _ALGORITHMS_ONLY:
            raise SettingError(
                f"framework runs no scripts: {self.framework!r} is an algorithm of AWS's own; expected "
                "sklearn or xgboost. Give the URI of another image as `image`."
            )
        region = self.region or self._session().region or ""
        return get_image_uri(region, self.framework, self.frameworkVersion)

    @property
    def modelImage(self) -> str:
        """URI of the image that serves."""
        return self.inferenceImage or self.trainingImage

    @property
    def _source(self) -> SourceCode:
        return SourceCode(self.entryPoint, self.sourceDir, tuple(self.dependencies), self.requirements)

    @property
    def _inference_program(self) -> str:
        return self.inferenceEntryPoint or self._source.program

    def _check_job(self, hyperparameters: Mapping[str, str]) -> None:
        super()._check_job(hyperparameters)
        if self._inference_program not in self._source.files():
            raise SettingError(
                f"inferenceEntryPoint is not beside the script: {self.inferenceEntryPoint!r}; expected the "
                "path of a file in sourceDir, or the name of one of dependencies."
            )

    def _all_hyperparameters(self) -> dict[str, str]:
        """Return the arguments of the script as the toolkits want them: each as JSON."""
        given = {name: _as_json(name, value) for name, value in self.hyperParameters.items()}
        return {**given, **self.wire_hyperparameters(given)}

    def _toolkit_hyperparameters(self, names: NamePolicy, target: Place) -> dict[str, str]:
        own = {
            "sagemaker_program": self._source.program,
            "sagemaker_submit_directory": f"{target.uri}/{ARCHIVE}",
            "sagemaker_container_log_level": _INFO,
            "sagemaker_job_name": names.names.trainingJobName,
            "sagemaker_region": self.region or self._session().region,
        }
        return {name: json.dumps(value) for name, value in own.items()}

    @contextmanager
    def _beside(self, session: Session, target: Place) -> Iterator[None]:
        """Keep the source code in S3 until the job is over; longer, where we do not know that it is."""
        key = upload_source(self._source, session, target)
        try:
            yield
        except TrainingError as error:
            if error.status != "InProgress":
                self._delete(session, target, key)
            raise
        except BaseException:
            self._delete(session, target, key)
            raise
        self._delete(session, target, key)

    def _delete(self, session: Session, target: Place, key: str) -> None:
        if not self.deleteStagingDataAfterTraining:
            return
        try:
            delete_objects(session, target, [key])
        except ServiceError as error:  # the model, or the reason why there is none, matters more
            _log.warning("Source code at s3://%s/%s is left: %s", target.bucket, key, error)

    def _artifact(self, session: Session, target: Place, artifact: str) -> str:
        source = S3DataPath(target.bucket, target.key(ARCHIVE))
        return add_code(session, S3DataPath.fromS3URI(artifact), source, target)

    def _model_settings(self, names: NamePolicy, role: str, artifact: S3DataPath) -> dict[str, Any]:
        environment = {
            "SAGEMAKER_PROGRAM": self._inference_program,
            "SAGEMAKER_SUBMIT_DIRECTORY": f"/opt/ml/model/{CODE}",
            "SAGEMAKER_CONTAINER_LOG_LEVEL": str(_INFO),
            "SAGEMAKER_REGION": self.region or self._session().region or "",
            **self.modelEnvironmentVariables,
        }
        settings = super()._model_settings(names, role, artifact)
        return {**settings, "modelEnvironmentVariables": environment}


def _as_json(name: str, value: Any) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"Hyperparameter {name!r} cannot be written as JSON: {error}; expected numbers, texts and lists."
        ) from error
