"""A user's inference functions, as AWS's inference toolkit calls them.

Facts: aws/sagemaker-inference-toolkit, ``transformer.py`` and ``default_inference_handler.py``; what predicts
by default, the framework images' own handlers.
"""

from __future__ import annotations

import importlib.util
import inspect
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from sagemaker_spark_py.containers.job import Hosting
from sagemaker_spark_py.containers.script_codecs import CSV, JSON, decode, encode
from sagemaker_spark_py.containers.server import Handler, Request, Response
from sagemaker_spark_py.errors import ContainerError

_LOG = logging.getLogger(__name__)
_THREE = ("input_fn", "predict_fn", "output_fn")
_ACCEPT_VARIABLE = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
_NOT_IMPLEMENTED = 501
_XGBOOST = "sagemaker-xgboost"


class Functions:
    """The functions of one script and the model that they have loaded.

    Parameters
    ----------
    module : module
        The user's script.
    hosting : Hosting
        Where the model is, and the environment.
    """

    def __init__(self, module: ModuleType, hosting: Hosting) -> None:
        self._module = module
        self._default_accept = hosting.environment.get(_ACCEPT_VARIABLE, JSON)
        self._context = SimpleNamespace(
            system_properties={"model_dir": str(hosting.model_dir), "gpu_id": None}
        )
        self._decode = _xgboost_decoder(hosting.tag) if hosting.repository == _XGBOOST else decode
        self._lock = threading.Lock()
        self._check()
        self._model = self._call("model_fn", 1, str(hosting.model_dir))

    def handler(self) -> Handler:
        """Return what answers one request after the other, as each worker process of the images does."""

        def answer(request: Request) -> Response:
            content_type, accept = request.content_type or JSON, request.accept
            if accept in ("", "*/*"):
                accept = self._default_accept
            body = request.body.decode() if content_type in (JSON, CSV) else request.body
            with self._lock:
                return _response(self._transform(body, content_type, accept), accept)

        return answer

    def _check(self) -> None:
        if self._has("transform_fn") and any(map(self._has, _THREE)):
            raise ContainerError(
                "transform_fn stands beside functions whose place it takes; expected either it or "
                "input_fn, predict_fn and output_fn"
            )
        if not self._has("model_fn"):
            raise ContainerError(
                f"model_fn is missing in {self._module.__name__}.py; expected a function "
                "model_fn(model_dir) that returns the model"
            )

    def _has(self, name: str) -> bool:
        return callable(getattr(self._module, name, None))

    def _call(self, name: str, arguments: int, *given: Any) -> Any:
        """Call a function of the user's, with the context where it takes one argument more."""
        function: Callable[..., Any] = getattr(self._module, name)
        wants_context = len(inspect.signature(function).parameters) > arguments
        return function(*given, self._context) if wants_context else function(*given)

    def _transform(self, body: bytes | str, content_type: str, accept: str) -> Any:
        if self._has("transform_fn"):
            return self._call("transform_fn", 4, self._model, body, content_type, accept)
        data = self._or(self._decode, "input_fn", body, content_type)
        prediction = self._or(_predict, "predict_fn", data, self._model)
        return self._or(encode, "output_fn", prediction, accept)

    def _or(self, default: Callable[..., Any], name: str, *given: Any) -> Any:
        return self._call(name, len(given), *given) if self._has(name) else default(*given)


def load_functions(script: Path, hosting: Hosting) -> Functions:
    """Import a user's script and load its model.

    Raises
    ------
    ContainerError
        If it cannot be imported or its functions are not as they should be.
    """
    _LOG.info("loading the model with %s", script.name)
    specification = importlib.util.spec_from_file_location(script.stem, script)
    if specification is None or specification.loader is None:
        raise ContainerError(f"The script cannot be imported: {script.name!r}; expected a Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[script.stem] = module  # so that objects of its classes can be unpickled
    specification.loader.exec_module(module)
    return Functions(module, hosting)


def _predict(data: Any, model: Any) -> Any:
    """Predict as the framework images do by default: the model's own method, or the model as a function."""
    if type(model).__module__ == "xgboost.core":  # a Booster, which takes no plain arrays
        from xgboost import DMatrix

        features = data if isinstance(data, DMatrix) else DMatrix(data)
        return model.predict(features, validate_features=False)
    if hasattr(model, "predict"):
        return model.predict(data)
    if callable(model):
        return model(data)
    raise ContainerError(
        f"predict_fn is missing, and the model cannot predict by itself: {type(model).__name__}; expected an "
        "object with a method predict, or a function predict_fn(data, model)",
        _NOT_IMPLEMENTED,
    )


def _xgboost_decoder(tag: str) -> Callable[..., Any]:
    """Return what reads requests by default in a version of AWS's XGBoost image: no JSON, no NumPy."""
    from sagemaker_spark_py.containers.xgboost_serving import Habits, decode

    def read(body: bytes | str, content_type: str) -> Any:
        given = body.encode() if isinstance(body, str) else body
        return decode(Request(given, content_type, ""), Habits.of(tag))[0]

    return read


def _response(answer: Any, accept: str) -> Response:
    body, content_type = answer if isinstance(answer, tuple) else (answer, accept)
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, (bytes, bytearray)):
        raise ContainerError(
            f"The script answered with {type(body).__name__}; expected bytes or text, alone or with their "
            "content type",
            500,
        )
    return Response(bytes(body), content_type)
