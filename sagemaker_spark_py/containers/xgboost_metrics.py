"""Metrics that AWS's XGBoost images add to those of XGBoost, from scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import xgboost

CustomMetric = Callable[[np.ndarray, "xgboost.DMatrix"], list[tuple[str, float]]]


def custom_metric(names: Sequence[str], objective: str) -> CustomMetric:
    """Return a function that computes the named metrics of predictions, as `xgboost.train` takes it."""
    from sklearn import metrics

    averages = {"binary": "binary", "macro": "macro", "micro": "micro"}
    functions: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
        "accuracy": metrics.accuracy_score,
        "balanced_accuracy": metrics.balanced_accuracy_score,
        "mse": metrics.mean_squared_error,
        "r2": metrics.r2_score,
        "f1": partial(metrics.f1_score, average="macro"),
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
    }
    for name in ("f1", "precision", "recall"):
        function = getattr(metrics, f"{name}_score")
        functions.update(
            {f"{name}_{key}": partial(function, average=value) for key, value in averages.items()}
        )

    def evaluate(predictions: np.ndarray, matrix: xgboost.DMatrix) -> list[tuple[str, float]]:
        labels = matrix.get_label()
        predicted = _predicted(predictions, objective)
        return [(name, float(functions[name](labels, predicted))) for name in names]

    return evaluate


def _predicted(predictions: np.ndarray, objective: str) -> np.ndarray:
    """Return classes for classifiers, the predictions themselves for regressors."""
    if predictions.ndim == 2:
        return np.asarray(predictions.argmax(axis=1))
    if objective in ("binary:logistic", "binary:logitraw", "reg:logistic"):
        return predictions > (0.0 if objective == "binary:logitraw" else 0.5)
    return predictions
