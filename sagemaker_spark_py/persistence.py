"""Saving and loading of stages as plain JSON, on classic Spark and over Spark Connect.

A stage's folder holds ``metadata``, in the layout of Spark's own stages: one line of JSON with class, uid,
Params and, of ours, the settings. A value such as a serializer is saved as ``{"class": its import path,
"arguments": its constructor's arguments}``, found by the convention that each argument is an attribute of the
same name. Nothing is pickled, and nothing secret is saved: boto3 clients are left out.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import time
from collections.abc import Mapping
from typing import Any, TypeVar

from pyspark.ml.util import DefaultParamsReader, MLReadable, MLReader, MLWritable, MLWriter
from pyspark.sql import SparkSession
from pyspark.sql.types import DataType, StructType

from sagemaker_spark_py.batch_transform import BatchTransform
from sagemaker_spark_py.channels import Channel, is_frame
from sagemaker_spark_py.deployment import AsyncInference, ServerlessInference
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.names import NamePolicy, NamePolicyFactory
from sagemaker_spark_py.resources import EndpointCreationPolicy, IAMRoleResource, S3Resource
from sagemaker_spark_py.service import Session
from sagemaker_spark_py.transformation.deserializers import Predictions, ResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import RequestRowSerializer

S = TypeVar("S", bound="Persistent")

VALUES: tuple[type, ...] = (
    RequestRowSerializer,
    ResponseRowDeserializer,
    IAMRoleResource,
    S3Resource,
    NamePolicy,
    NamePolicyFactory,
    EndpointCreationPolicy,
    Invocation,
    Session,
    ServerlessInference,
    AsyncInference,
    BatchTransform,
    Channel,
    Predictions,
)
"""What may be built on loading; a saved file can name no other class."""

CLIENTS = ("sagemakerClient", "s3Client", "stsClient")


class Persistent(MLWritable, MLReadable[Any]):
    """Gives a stage with settings ``save(path)``, ``write()``, ``load(path)`` and ``read()``."""

    uid: str
    _settings: dict[str, Any]

    def write(self) -> MLWriter:
        """Return a writer of this stage, which knows ``overwrite()``."""
        return _Writer(self)

    @classmethod
    def read(cls) -> MLReader[Any]:
        """Return a reader of stages of this class."""
        return _Reader(cls)

    def _state(self) -> dict[str, Any]:
        """Return what else must be saved; JSON values only."""
        return {}

    @classmethod
    def _restored(cls: type[S], settings: dict[str, Any], uid: str, state: dict[str, Any]) -> S:
        """Return a stage from what was saved, its Params not yet set."""
        return cls(**settings, uid=uid)  # type: ignore[call-arg]


class _Writer(MLWriter):
    def __init__(self, stage: Any) -> None:
        super().__init__()
        self.stage = stage

    def save(self, path: str) -> None:
        # The parent deletes through the JVM; Spark's own write modes also work over Connect.
        mode = "overwrite" if self.shouldOverwrite else "error"
        frame = self.sparkSession.createDataFrame([(json.dumps(_metadata(self.stage)),)], "value string")
        frame.coalesce(1).write.mode(mode).text(f"{path}/metadata")


class _Reader(MLReader[Any]):
    def __init__(self, kind: type[Any]) -> None:
        super().__init__()
        self.kind = kind

    def load(self, path: str) -> Any:
        row = self.sparkSession.read.text(f"{path}/metadata").first()
        metadata = json.loads(row[0]) if row else {}
        name = f"{self.kind.__module__}.{self.kind.__qualname__}"
        if metadata.get("class") != name:
            raise SettingError(f"{path} holds another class: {metadata.get('class')}; expected {name}.")
        settings = {key: decode(value) for key, value in metadata["settings"].items()}
        stage = self.kind._restored(settings, metadata["uid"], metadata["state"])
        DefaultParamsReader.getAndSetParams(stage, metadata)
        return stage


def _metadata(stage: Any) -> dict[str, Any]:
    settings = {k: v for k, v in stage._settings.items() if v is not None and k not in CLIENTS}
    return {
        "class": _import_path(type(stage)),
        "timestamp": int(time.time() * 1000),
        "sparkVersion": SparkSession.active().version,
        "uid": stage.uid,
        "paramMap": {p.name: v for p, v in stage._paramMap.items()},
        "defaultParamMap": {p.name: v for p, v in stage._defaultParamMap.items()},
        "settings": {key: encode(value) for key, value in settings.items()},
        "state": stage._state(),
    }


def _import_path(kind: type) -> str:
    """Return the name by which another process can import a class."""
    if kind.__module__ == "__main__" or "<" in kind.__qualname__:
        raise SettingError(
            f"{kind.__qualname__} cannot be saved: it is defined in {kind.__module__}, inside a script, "
            "notebook or function; expected a class at the top of a module that can be imported."
        )
    return f"{kind.__module__}.{kind.__qualname__}"


def encode(value: Any) -> Any:
    """Return a setting's value as JSON.

    Raises
    ------
    SettingError
        If the value, or one of its constructor's arguments, is of a kind that cannot be saved.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, Mapping):
        return {"map": {str(key): encode(item) for key, item in value.items()}}
    if isinstance(value, DataType):
        return {"schema": value.jsonValue()}
    if isinstance(value, enum.Enum):
        return {"class": _import_path(type(value)), "arguments": {"value": value.value}}
    if isinstance(value, VALUES):
        names = inspect.signature(type(value)).parameters
        return {
            "class": _import_path(type(value)),
            "arguments": {name: encode(getattr(value, name)) for name in names},
        }
    if is_frame(value):
        raise SettingError(
            "A DataFrame among channels cannot be saved; expected S3 URIs. Write its rows to S3 and name the "
            "place, or save an estimator without this channel."
        )
    raise SettingError(
        f"A value of {type(value).__qualname__} cannot be saved: expected numbers, texts, lists, maps, "
        "schemas and this library's values. Give an importable class instead of a function or an object."
    )


def decode(saved: Any) -> Any:
    """Return the value that `encode` saved.

    Raises
    ------
    SettingError
        If the class cannot be imported or is not one that may be saved.
    """
    if isinstance(saved, list):
        return [decode(item) for item in saved]
    if not isinstance(saved, dict):
        return saved
    if "tuple" in saved:
        return tuple(decode(item) for item in saved["tuple"])
    if "map" in saved:
        return {key: decode(item) for key, item in saved["map"].items()}
    if "schema" in saved:
        return StructType.fromJson(saved["schema"])
    arguments = {name: decode(value) for name, value in saved["arguments"].items()}
    return _imported(saved["class"])(**arguments)


def _imported(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SettingError(
            f"{path} cannot be imported: {error}; expected the class that was saved. Put its module on the "
            "Python path of this process."
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, VALUES)):
        raise SettingError(
            f"{path} may not be loaded: it is not a value of this library or a subclass of one."
        )
    return kind
