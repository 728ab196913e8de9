"""Principal components, from the covariance matrix or by random projection.

AWS's image orders components from the smallest singular value to the largest, in the model and in
projections: the last number of a projection is the one on the strongest component. So does this one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sagemaker_spark_py.containers.first_party import FirstParty, Model, Predict, Task
from sagemaker_spark_py.containers.formats import MediaType
from sagemaker_spark_py.containers.hyperparameters import choice, flag, integer
from sagemaker_spark_py.containers.rows import Columns, Matrix, dense, squared
from sagemaker_spark_py.errors import ContainerError

_SEED = 0
_LEAST_EXTRA_COMPONENTS = 10  # AWS's documentation of extra_components


def fit(task: Task) -> Model:
    """Return the mean (d,), the components (d, num_components) and their singular values, ascending."""
    settings, features = task.settings, task.train.features
    if settings["num_components"] > settings["feature_dim"]:
        raise ContainerError(
            f"num_components is {settings['num_components']}, which is larger than feature_dim "
            f"{settings['feature_dim']}; expected at most as many components as features"
        )
    mean = _column_means(features) if settings["subtract_mean"] else np.zeros(task.train.dim)
    decompose = _randomized if settings["algorithm_mode"] == "randomized" else _exact
    components, singular_values = decompose(features, mean, settings)
    model = {"mean": mean, "components": _with_fixed_signs(components), "singular_values": singular_values}
    for channel, rows in {"train": task.train, **task.held_out}.items():
        task.report(f"{channel} mse", _reconstruction_error(rows.features, model))
    return model


def predictor(model: Model) -> Predict:
    """Return a function from features to their projections, (n, num_components)."""

    def predict(features: Matrix, accept: MediaType) -> Columns:
        return {"projection": _project(features, model)}

    return predict


def _exact(features: Matrix, mean: np.ndarray, settings: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Decompose the (d, d) scatter matrix; sparse features stay sparse."""
    exact = features.astype(np.float64)
    scatter = dense(exact.T @ exact)
    values, vectors = np.linalg.eigh(scatter - features.shape[0] * np.outer(mean, mean))
    count = settings["num_components"]
    return vectors[:, -count:], np.sqrt(np.maximum(values[-count:], 0))


def _randomized(
    features: Matrix, mean: np.ndarray, settings: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.utils.extmath import randomized_svd

    count, extra = settings["num_components"], settings["extra_components"]
    _, values, vectors = randomized_svd(
        dense(features) - mean,
        count,
        n_oversamples=max(_LEAST_EXTRA_COMPONENTS, count) if extra == -1 else extra,
        random_state=_SEED,
    )
    return vectors[::-1].T, values[::-1]


def _with_fixed_signs(components: np.ndarray) -> np.ndarray:
    """Make each component's largest entry positive, so that one data set has one result."""
    largest = np.abs(components).argmax(axis=0)
    signs = np.where(components[largest, np.arange(components.shape[1])] < 0, -1.0, 1.0)
    flipped: np.ndarray = components * signs
    return flipped


def _project(features: Matrix, model: Model) -> np.ndarray:
    projected: np.ndarray = features @ model["components"] - model["mean"] @ model["components"]
    return projected


def _reconstruction_error(features: Matrix, model: Model) -> float:
    """Return the mean squared distance between rows and their projections (components are orthonormal)."""
    exact = features.astype(np.float64)
    cross = np.asarray(exact @ model["mean"]).sum()
    total = squared(exact).sum() - 2 * cross + features.shape[0] * (model["mean"] @ model["mean"])
    return float(max(total - (_project(features, model) ** 2).sum(), 0) / features.shape[0])


def _column_means(features: Matrix) -> np.ndarray:
    return np.asarray(features.astype(np.float64).mean(axis=0)).ravel()


CONTAINER = FirstParty(
    hyperparameters=(
        integer("feature_dim", at_least=1, required=True),
        integer("num_components", at_least=1, required=True),
        integer("mini_batch_size", at_least=1, required=True),
        choice("algorithm_mode", ("regular", "stable", "randomized"), "regular"),
        integer("extra_components", -1, at_least=-1),
        flag("subtract_mean", True),
    ),
    fit=fit,
    predictor=predictor,
    supervised=False,
    wrapper="projections",
)
