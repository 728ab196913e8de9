"""Losses of the linear learner: each maps scores and labels to the loss of each row and its slope by score.

Corners of the piecewise linear ones are rounded over a width of 1e-3, so that one quasi-Newton solver serves
all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, log_softmax

_ROUNDING = 1e-3


class Loss(NamedTuple):
    """Loss of each row, (n,), and its slope by each score, (n, c)."""

    values: np.ndarray
    slopes: np.ndarray


LossFunction = Callable[[np.ndarray, np.ndarray], Loss]
"""Scores (n, c) and labels (n,) to the loss. Labels are 0/1, class numbers or targets."""

AUTO = {"binary_classifier": "logistic", "multiclass_classifier": "softmax_loss", "regressor": "squared_loss"}
"""What ``loss=auto`` is, by predictor type."""

_CLASSIFICATION = ("logistic", "hinge_loss")
_REGRESSION = (
    "squared_loss",
    "absolute_loss",
    "eps_insensitive_squared_loss",
    "eps_insensitive_absolute_loss",
    "quantile_loss",
    "huber_loss",
)
ALLOWED = {
    "binary_classifier": _CLASSIFICATION,
    "multiclass_classifier": ("softmax_loss", "hinge_loss"),
    "regressor": _REGRESSION,
}
"""Losses that each predictor type takes, besides ``auto``."""

NAMES = ("auto", "softmax_loss", *_CLASSIFICATION, *_REGRESSION)
"""All values of the hyperparameter ``loss``."""


def choose(name: str, predictor_type: str, settings: Mapping[str, Any]) -> LossFunction:
    """Return a loss with its parameters (margin, quantile, ...) taken from the hyperparameters."""
    if name == "hinge_loss" and predictor_type == "multiclass_classifier":
        return partial(_hinge_one_against_rest, margin=settings["margin"])
    losses: dict[str, LossFunction] = {
        "logistic": _logistic,
        "softmax_loss": _softmax,
        "hinge_loss": partial(_hinge, margin=settings["margin"]),
        "squared_loss": _squared,
        "absolute_loss": partial(_insensitive_absolute, width=0.0),
        "eps_insensitive_squared_loss": partial(_insensitive_squared, width=settings["loss_insensitivity"]),
        "eps_insensitive_absolute_loss": partial(_insensitive_absolute, width=settings["loss_insensitivity"]),
        "quantile_loss": partial(_quantile, quantile=settings["quantile"]),
        "huber_loss": partial(_huber, delta=settings["huber_delta"]),
    }
    return losses[name]


def _logistic(scores: np.ndarray, labels: np.ndarray) -> Loss:
    z = scores[:, 0]
    return Loss(np.logaddexp(0, z) - labels * z, (expit(z) - labels)[:, None])


def _softmax(scores: np.ndarray, labels: np.ndarray) -> Loss:
    logs = log_softmax(scores, axis=1)
    rows, classes = np.arange(len(scores)), labels.astype(np.intp)
    slopes = np.exp(logs)
    slopes[rows, classes] -= 1
    return Loss(-logs[rows, classes], slopes)


def _hinge(scores: np.ndarray, labels: np.ndarray, margin: float) -> Loss:
    signs = 2 * labels - 1
    values, slopes = _positive_part(margin - signs * scores[:, 0])
    return Loss(values, (-signs * slopes)[:, None])


def _hinge_one_against_rest(scores: np.ndarray, labels: np.ndarray, margin: float) -> Loss:
    signs = np.full(scores.shape, -1.0)
    signs[np.arange(len(scores)), labels.astype(np.intp)] = 1
    values, slopes = _positive_part(margin - signs * scores)
    return Loss(values.sum(axis=1), -signs * slopes)


def _squared(scores: np.ndarray, labels: np.ndarray) -> Loss:
    error = scores[:, 0] - labels
    return Loss(error**2, 2 * error[:, None])


def _insensitive_squared(scores: np.ndarray, labels: np.ndarray, width: float) -> Loss:
    error = scores[:, 0] - labels
    beyond = np.sign(error) * np.maximum(np.abs(error) - width, 0)
    return Loss(beyond**2, 2 * beyond[:, None])


def _insensitive_absolute(scores: np.ndarray, labels: np.ndarray, width: float) -> Loss:
    error = scores[:, 0] - labels
    above, rising = _positive_part(error - width)
    below, falling = _positive_part(-error - width)
    return Loss(above + below, (rising - falling)[:, None])


def _quantile(scores: np.ndarray, labels: np.ndarray, quantile: float) -> Loss:
    error = scores[:, 0] - labels
    above, rising = _positive_part(error)
    below, falling = _positive_part(-error)
    values = (1 - quantile) * above + quantile * below
    return Loss(values, ((1 - quantile) * rising - quantile * falling)[:, None])


def _huber(scores: np.ndarray, labels: np.ndarray, delta: float) -> Loss:
    error = scores[:, 0] - labels
    near = np.clip(error, -delta, delta)
    return Loss(near * (error - near / 2), near[:, None])


def _positive_part(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return max(values, 0) with a rounded corner, and its slope."""
    rounded = np.sqrt(values**2 + _ROUNDING**2)
    return (values + rounded) / 2, (1 + values / rounded) / 2
