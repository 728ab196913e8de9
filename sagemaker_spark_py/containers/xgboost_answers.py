"""Answers of the XGBoost images from 1.3 on, and the content that SAGEMAKER_INFERENCE_OUTPUT selects."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from sagemaker_spark_py.containers.formats import CSV, JSON, JSON_LINES, RECORDIO
from sagemaker_spark_py.containers.records import write_recordio
from sagemaker_spark_py.errors import ContainerError
from sagemaker_spark_py.recordio import find_frames, wire

_PROBABILISTIC = ("binary:logistic", "multi:softprob")
_LABELLING = (*_PROBABILISTIC, "binary:logitraw", "binary:hinge", "multi:softmax")
_SCORING = ("reg:squarederror", "reg:logistic", "reg:gamma", "reg:absoluteerror", "reg:tweedie")

Prediction = float | list[float]


def encode_plain(predictions: np.ndarray, accept: str) -> bytes:
    """Return predictions (n,) or (n, classes) as CSV rows or JSON; the images have no other encoder."""
    if accept == CSV:
        text = io.StringIO()
        rows = predictions.reshape(len(predictions), -1)
        csv.writer(text, lineterminator="\n").writerows(rows.tolist())
        return text.getvalue().encode()
    if accept == JSON:
        return json.dumps({"predictions": [{"score": value} for value in predictions.tolist()]}).encode()
    raise ContainerError(f"Cannot encode predictions into {accept}", 500)


def encode_selected(
    predictions: np.ndarray, keys: Sequence[str], objective: str, classes: int, accept: str
) -> bytes:
    """Return the selected content of predictions.

    Parameters
    ----------
    predictions : ndarray
        (n,) or (n, classes) as the booster gives them.
    keys : sequence of str
        Selected content; what the objective does not have is NaN.
    objective : str
        The booster's objective.
    classes : int
        Number of classes of a multiclass booster.
    accept : str
        Media type of the answer.
    """
    if objective not in (*_LABELLING, *_SCORING):
        raise ContainerError(
            f"Objective `{objective}` unsupported for selectable inference predictions.", 500
        )
    content = [
        {key: _content(key, value, objective, classes) for key in keys} for value in predictions.tolist()
    ]
    return _ENCODERS[accept](content)


def _content(key: str, value: Prediction, objective: str, classes: int) -> Any:
    allowed = {
        "predicted_label": _LABELLING,
        "labels": _LABELLING,
        "raw_score": _LABELLING,
        "raw_scores": _LABELLING,
        "probability": _PROBABILISTIC,
        "probabilities": _PROBABILISTIC,
        "predicted_score": _SCORING,
    }
    if objective not in allowed.get(key, ()):
        return math.nan
    if key == "predicted_label":
        return _label(value, objective)
    if key == "labels":
        return list(range(classes)) if objective.startswith("multi:") else [0, 1]
    if key in ("raw_scores", "probabilities"):
        return value if isinstance(value, list) else [1.0 - value, value]
    return max(value) if isinstance(value, list) else value


def _label(value: Prediction, objective: str) -> float:
    if isinstance(value, list):
        return value.index(max(value))
    thresholds = {"binary:logistic": 0.5, "binary:logitraw": 0.0}
    return int(value > thresholds[objective]) if objective in thresholds else value


def _encode_json(content: list[dict[str, Any]]) -> bytes:
    return json.dumps({"predictions": content}).encode()


def _encode_json_lines(content: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in content).encode()


def _encode_csv(content: list[dict[str, Any]]) -> bytes:
    def cell(value: Any) -> str:
        return f'"{value}"' if isinstance(value, list) else str(value)

    return "\n".join(",".join(map(cell, item.values())) for item in content).encode()


def _encode_recordio(content: list[dict[str, Any]]) -> bytes:
    """Encode as the images do, whose buffer is never emptied: record i also holds the messages of all before.

    Readers that keep to protobuf's rule for maps, the last entry of a key counts, get the right values.
    """
    records = write_recordio({key: np.array([item[key] for item in content]) for key in content[0]})
    bounds = zip(*find_frames(records), strict=True)
    return b"".join(map(_frame, accumulate(records[start:stop] for start, stop in bounds)))


def _frame(message: bytes) -> bytes:
    return struct.pack("<II", wire.MAGIC, len(message)) + message + bytes(wire.padding(len(message)))


_ENCODERS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    CSV: _encode_csv,
    JSON: _encode_json,
    JSON_LINES: _encode_json_lines,
    RECORDIO: _encode_recordio,
}
