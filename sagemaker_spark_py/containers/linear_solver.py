"""Minimizes the linear learner's objective with SciPy's L-BFGS-B.

AWS's image runs many stochastic optimizers side by side and keeps the best; the objective is convex, so a
quasi-Newton solver gets to the same place. One of its iterations, a pass over the data, stands for one epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import optimize

from sagemaker_spark_py.containers.linear_losses import LossFunction
from sagemaker_spark_py.containers.rows import Matrix


class Scaling(NamedTuple):
    """How features are seen by the solver: ``(x - mean) / scale``."""

    mean: np.ndarray
    scale: np.ndarray


class Linear(NamedTuple):
    """Weights (d, c) and biases (c,) for features as they are in the data."""

    weights: np.ndarray
    bias: np.ndarray

    def scores(self, features: Matrix) -> np.ndarray:
        """Return (n, c) scores."""
        return np.asarray(features @ self.weights + self.bias)


@dataclass(frozen=True)
class Objective:
    """Weighted mean loss plus ``wd / 2 * |w|^2 + l1 * |w|``.

    The bias is penalized by ``wd * bias_wd_mult`` only. Scaling is folded into the weights, so the features
    are never copied and sparse ones stay sparse.
    """

    features: Matrix
    labels: np.ndarray
    row_weights: np.ndarray
    loss: LossFunction
    classes: int
    scaling: Scaling
    wd: float
    bias_wd: float
    use_bias: bool

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the smooth part of the objective and its gradient at the flat parameters."""
        scaled = flat.reshape(-1, self.classes)
        linear = self.linear(flat)
        loss = self.loss(linear.scores(self.features), self.labels)
        slopes = loss.slopes * (self.row_weights / self.row_weights.sum())[:, None]
        total = slopes.sum(axis=0)
        raw = np.asarray(self.features.T @ slopes)
        gradient = np.empty_like(scaled)
        gradient[:-1] = (raw - np.outer(self.scaling.mean, total)) / self.scaling.scale[:, None]
        gradient[:-1] += self.wd * scaled[:-1]
        gradient[-1] = (total + self.bias_wd * scaled[-1]) * self.use_bias
        penalty = self.wd * (scaled[:-1] ** 2).sum() + self.bias_wd * (scaled[-1] ** 2).sum()
        value = np.average(loss.values, weights=self.row_weights) + penalty / 2
        return float(value), gradient.ravel()

    def linear(self, flat: np.ndarray) -> Linear:
        """Return the model that the flat parameters stand for."""
        scaled = flat.reshape(-1, self.classes)
        weights = scaled[:-1] / self.scaling.scale[:, None]
        return Linear(weights, scaled[-1] * self.use_bias - self.scaling.mean @ weights)


def minimize(
    objective: Objective,
    start: np.ndarray,
    l1: float,
    epochs: int,
    after_epoch: Callable[[int, Linear], bool],
) -> Linear:
    """Return the minimum.

    Parameters
    ----------
    objective : Objective
        What to minimize.
    start : ndarray
        Flat parameters to start from: weights (d, c), then biases (c,).
    l1 : float
        Weight of the absolute values of the weights.
    epochs : int
        Most iterations.
    after_epoch : callable
        Gets the number of the epoch and the model so far; returns whether to stop.
    """
    split = _Split(objective, l1) if l1 > 0 else None
    epoch = -1

    def callback(point: np.ndarray) -> None:
        nonlocal epoch
        epoch += 1
        if after_epoch(epoch, objective.linear(split.join(point) if split else point)):
            raise StopIteration

    result = optimize.minimize(
        split or objective,
        split.apart(start) if split else start,
        jac=True,
        method="L-BFGS-B",
        bounds=split.bounds if split else None,
        callback=callback,
        options={"maxiter": epochs, "ftol": 1e-12, "gtol": 1e-9},
    )
    return objective.linear(split.join(result.x) if split else result.x)


class _Split:
    """The objective with weights split into positive and negative parts, which makes l1 smooth."""

    def __init__(self, objective: Objective, l1: float) -> None:
        self._objective = objective
        self._l1 = l1
        self._classes = objective.classes
        size = objective.features.shape[1] * self._classes
        self.bounds = [(0, None)] * (2 * size) + [(None, None)] * self._classes
        self._size = size

    def __call__(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = self._objective(self.join(point))
        weights, bias = gradient[: self._size], gradient[self._size :]
        parts = np.concatenate([weights + self._l1, self._l1 - weights, bias])
        return value + self._l1 * float(point[: 2 * self._size].sum()), parts

    def join(self, point: np.ndarray) -> np.ndarray:
        """Return flat parameters of the split ones."""
        size = self._size
        return np.concatenate([point[:size] - point[size : 2 * size], point[2 * size :]])

    def apart(self, flat: np.ndarray) -> np.ndarray:
        """Return split parameters of the flat ones."""
        weights = flat[: self._size]
        return np.concatenate([np.maximum(weights, 0), np.maximum(-weights, 0), flat[self._size :]])
