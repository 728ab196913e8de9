"""How bodies become arrays and predictions become bodies where a script does not say it itself.

Facts: aws/sagemaker-inference-toolkit, ``decoder.py`` and ``encoder.py``. Pickled objects are refused here.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from sagemaker_spark_py.errors import ContainerError

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
UNSUPPORTED_MEDIA_TYPE, NOT_ACCEPTABLE = 415, 406


def decode(body: bytes | str, content_type: str) -> np.ndarray:
    """Return the array of a request.

    Raises
    ------
    ContainerError
        With status 415 where the content type is unknown, 400 where the body is not of it.
    """
    kind = _name(content_type)
    if kind not in _DECODERS:
        raise ContainerError(
            f"Content type {content_type!r} is not supported by the default input_fn; expected one of "
            f"{', '.join(_DECODERS)}. Write an input_fn for others",
            UNSUPPORTED_MEDIA_TYPE,
        )
    try:
        return _DECODERS[kind](body.encode() if isinstance(body, str) else body)
    except (ValueError, EOFError) as error:
        raise ContainerError(f"The body is not {kind}: {error}") from error


def encode(prediction: Any, accept: str) -> bytes:
    """Return the body that answers with a prediction.

    Raises
    ------
    ContainerError
        With status 406 where the type that is asked for is unknown.
    """
    kind = _name(accept)
    if kind not in _ENCODERS:
        raise ContainerError(
            f"Accept {accept!r} is not supported by the default output_fn; expected one of "
            f"{', '.join(_ENCODERS)}. Write an output_fn for others",
            NOT_ACCEPTABLE,
        )
    return _ENCODERS[kind](prediction)


def _name(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _from_json(body: bytes) -> np.ndarray:
    return np.array(json.loads(body))


def _from_csv(body: bytes) -> np.ndarray:
    array: np.ndarray = np.genfromtxt(io.BytesIO(body), dtype=None, delimiter=",")
    return array


def _from_npy(body: bytes) -> np.ndarray:
    array: np.ndarray = np.load(io.BytesIO(body), allow_pickle=False)
    return array


def _to_json(prediction: Any) -> bytes:
    return json.dumps(prediction, default=_plain).encode()


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON; expected arrays, lists and numbers")


def _to_csv(prediction: Any) -> bytes:
    text = io.StringIO()
    np.savetxt(text, np.atleast_1d(prediction), delimiter=",", fmt="%s")
    return text.getvalue().encode()


def _to_npy(prediction: Any) -> bytes:
    body = io.BytesIO()
    np.save(body, np.asarray(prediction), allow_pickle=False)
    return body.getvalue()


_DECODERS: dict[str, Callable[[bytes], np.ndarray]] = {JSON: _from_json, CSV: _from_csv, NPY: _from_npy}
_ENCODERS: dict[str, Callable[[Any], bytes]] = {JSON: _to_json, CSV: _to_csv, NPY: _to_npy}
