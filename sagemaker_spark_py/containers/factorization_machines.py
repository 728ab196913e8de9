"""Factorization machines: linear terms plus all pairs of features, weighted by the product of their factors.

Steffen Rendle, "Factorization Machines" (IEEE International Conference on Data Mining, 2010). Equation (1)
is the model, Lemma 3.1 its linear-time form. Trained with Adam, with a learning rate each for the bias, the
linear terms and the factors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.special import expit

from sagemaker_spark_py.containers.first_party import FirstParty, Model, Predict, Task
from sagemaker_spark_py.containers.formats import JSON, JSON_LINES, RECORDIO, MediaType
from sagemaker_spark_py.containers.hyperparameters import Hyperparameter, choice, integer, real
from sagemaker_spark_py.containers.linear_scores import binary_metrics
from sagemaker_spark_py.containers.rows import Columns, Matrix, Rows, squared
from sagemaker_spark_py.errors import ContainerError

_SEED = 0
_BETA_1, _BETA_2, _EPS = 0.9, 0.999, 1e-8  # Adam's own defaults
_GROUPS = ("bias", "linear", "factors")
_THRESHOLD = 0.5

Parameters = dict[str, np.ndarray]
"""bias (1,), linear (d,), factors (d, num_factors)."""


def fit(task: Task) -> Model:
    """Return the parameters and the kind of predictor."""
    settings = task.settings
    classifies = settings["predictor_type"] == "binary_classifier"
    for channel, rows in {"train": task.train, **task.held_out}.items():
        if classifies and not np.isin(np.asarray(rows.labels), (0, 1)).all():
            raise ContainerError(
                f"Channel '{channel}' has labels other than 0 and 1, which a classifier needs"
            )
    rng = np.random.default_rng(_SEED)
    parameters = _initial(settings, rng)
    step = _Adam(settings, parameters)
    for epoch in range(settings["epochs"]):
        for rows in _batches(task.train, settings["mini_batch_size"], rng):
            step.update(parameters, _gradients(rows, parameters, classifies))
        _report(task, parameters, classifies, f"epoch={epoch}, train", task.train)
    for channel, rows in {"train": task.train, **task.held_out}.items():
        _report(task, parameters, classifies, channel, rows)
    return {**parameters, "classifies": np.array(classifies)}


def predictor(model: Model) -> Predict:
    """Return a function from features to ``score`` and, for classifiers, ``predicted_label``."""

    def predict(features: Matrix, accept: MediaType) -> Columns:
        scores = _raw_scores(features, model)
        if not model["classifies"]:
            return {"score": scores}
        return {"score": expit(scores), "predicted_label": expit(scores) >= _THRESHOLD}

    return predict


def _raw_scores(features: Matrix, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    factors = parameters["factors"]
    sums, squares = features @ factors, squared(features) @ (factors * factors)
    pairs = (sums * sums - squares).sum(axis=1) / 2
    return np.asarray(parameters["bias"] + features @ parameters["linear"] + pairs)


def _gradients(rows: Rows, parameters: Parameters, classifies: bool) -> Parameters:
    """Return the gradients of the mean loss: logistic, or half the squared error for regressors."""
    features, factors = rows.features, parameters["factors"]
    scores = _raw_scores(features, parameters)
    error = ((expit(scores) if classifies else scores) - rows.labels) / rows.count
    by_sums = features.T @ (error[:, None] * (features @ factors))
    return {
        "bias": np.array([error.sum()]),
        "linear": features.T @ error,
        "factors": by_sums - (squared(features).T @ error)[:, None] * factors,
    }


class _Adam:
    """Adam with weight decay, gradient scaling and clipping as MXNet's optimizers take them."""

    def __init__(self, settings: dict[str, Any], parameters: Parameters) -> None:
        self._settings = settings
        self._first = {name: np.zeros_like(values) for name, values in parameters.items()}
        self._second = {name: np.zeros_like(values) for name, values in parameters.items()}
        self._steps = 0

    def update(self, parameters: Parameters, gradients: Parameters) -> None:
        """Move the parameters one step, in place."""
        self._steps += 1
        correction = np.sqrt(1 - _BETA_2**self._steps) / (1 - _BETA_1**self._steps)
        for name, values in parameters.items():
            gradient = self._prepared(name, gradients[name], values)
            first, second = self._first[name], self._second[name]
            first += (1 - _BETA_1) * (gradient - first)
            second += (1 - _BETA_2) * (gradient**2 - second)
            rate = self._settings[f"{name}_lr"] * correction
            np.subtract(
                values, rate * first / (np.sqrt(second) + (self._settings["eps"] or _EPS)), out=values
            )

    def _prepared(self, name: str, gradient: np.ndarray, values: np.ndarray) -> np.ndarray:
        scale, limit = self._settings["rescale_grad"], self._settings["clip_gradient"]
        scaled = gradient * (1.0 if scale is None else scale)
        clipped = scaled if limit is None else np.clip(scaled, -limit, limit)
        return np.asarray(clipped + self._settings[f"{name}_wd"] * values)


def _initial(settings: dict[str, Any], rng: np.random.Generator) -> Parameters:
    dim = settings["feature_dim"]
    shapes = {"bias": (1,), "linear": (dim,), "factors": (dim, settings["num_factors"])}
    return {name: _draw(name, shape, settings, rng) for name, shape in shapes.items()}


def _draw(
    name: str, shape: tuple[int, ...], settings: dict[str, Any], rng: np.random.Generator
) -> np.ndarray:
    method = settings[f"{name}_init_method"]
    needed = {"uniform": "scale", "normal": "sigma", "constant": "value"}[method]
    size = settings[f"{name}_init_{needed}"]
    if size is None:
        raise ContainerError(
            f"No value(s) were specified for '{name}_init_{needed}' which are required hyperparameter(s) "
            f"where {name}_init_method is '{method}' (caused by ValidationError)"
        )
    if method == "uniform":
        return rng.uniform(-size, size, shape)
    return rng.normal(0, size, shape) if method == "normal" else np.full(shape, size)


def _batches(rows: Rows, size: int, rng: np.random.Generator) -> Iterator[Rows]:
    order = rng.permutation(rows.count)
    for start in range(0, rows.count, size):
        chosen = order[start : start + size]
        yield Rows(rows.features[chosen], np.asarray(rows.labels)[chosen])


def _report(task: Task, parameters: Parameters, classifies: bool, where: str, rows: Rows) -> None:
    scores, labels = _raw_scores(rows.features, parameters), np.asarray(rows.labels, dtype=np.float64)
    if not classifies:
        mse = float(((scores - labels) ** 2).mean())
        task.report(f"{where} rmse", mse**0.5)
        task.report(f"{where} mse", mse)
        return
    entropy = float((np.logaddexp(0, scores) - labels * scores).mean())
    task.report(f"{where} binary_classification_cross_entropy", entropy)
    for name, value in binary_metrics(expit(scores), labels, _THRESHOLD, 1.0).items():
        task.report(f"{where} {name}", value, "score")


def _group(name: str, learning_rate: float, weight_decay: float, sigma: float) -> tuple[Hyperparameter, ...]:
    """Declare the hyperparameters of one group of parameters."""
    return (
        real(f"{name}_lr", learning_rate, at_least=0),
        real(f"{name}_wd", weight_decay, at_least=0),
        choice(f"{name}_init_method", ("normal", "uniform", "constant"), "normal"),
        real(f"{name}_init_scale", at_least=0),
        real(f"{name}_init_sigma", sigma, at_least=0),
        real(f"{name}_init_value"),
    )


CONTAINER = FirstParty(
    hyperparameters=(
        integer("feature_dim", at_least=1, required=True),
        integer("num_factors", at_least=1, required=True),
        choice("predictor_type", ("binary_classifier", "regressor"), required=True),
        integer("mini_batch_size", 1000, at_least=1),
        integer("epochs", 1, at_least=1),
        real("clip_gradient"),
        real("eps"),
        real("rescale_grad"),
        *_group("bias", 0.1, 0.01, 0.01),
        *_group("linear", 0.001, 0.001, 0.01),
        *_group("factors", 0.0001, 0.00001, 0.001),
    ),
    fit=fit,
    predictor=predictor,
    supervised=True,
    float32_only=True,
    training_types=(RECORDIO,),
    request_types=(RECORDIO, JSON, JSON_LINES),
    response_types=(JSON, JSON_LINES, RECORDIO),
)
