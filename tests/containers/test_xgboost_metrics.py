from __future__ import annotations

import numpy as np
import pytest
import xgboost
from sklearn import metrics

from sagemaker_spark_py.containers.xgboost_metrics import custom_metric
from sagemaker_spark_py.containers.xgboost_settings import CONTAINER_METRICS

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 100).astype(np.float32)
SCORES = np.clip(LABELS * 0.4 + RNG.uniform(0, 0.6, 100), 0, 1)
CLASSES = RNG.integers(0, 3, 100).astype(np.float32)


def _matrix(labels: np.ndarray) -> xgboost.DMatrix:
    return xgboost.DMatrix(np.zeros((len(labels), 1)), labels)


def test_every_metric_is_computed() -> None:
    values = custom_metric(CONTAINER_METRICS, "binary:logistic")(SCORES, _matrix(LABELS))
    assert [name for name, _ in values] == CONTAINER_METRICS
    assert all(np.isfinite(value) for _, value in values)


def test_classifiers_are_judged_by_their_classes() -> None:
    names = ["accuracy", "f1_binary", "precision", "recall"]
    found = dict(custom_metric(names, "binary:logistic")(SCORES, _matrix(LABELS)))
    chosen = SCORES > 0.5
    assert found == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(LABELS, chosen),
            "f1_binary": metrics.f1_score(LABELS, chosen),
            "precision": metrics.precision_score(LABELS, chosen),
            "recall": metrics.recall_score(LABELS, chosen),
        }
    )


def test_multiclass_predictions_are_judged_by_the_likeliest_class() -> None:
    scores = RNG.uniform(size=(100, 3))
    found = dict(custom_metric(["accuracy", "f1_macro"], "multi:softprob")(scores, _matrix(CLASSES)))
    assert found["accuracy"] == pytest.approx((scores.argmax(axis=1) == CLASSES).mean())
    expected = metrics.f1_score(CLASSES, scores.argmax(axis=1), average="macro")
    assert found["f1_macro"] == pytest.approx(expected)


def test_regressors_are_judged_by_their_predictions() -> None:
    found = dict(custom_metric(["mse", "r2"], "reg:squarederror")(SCORES, _matrix(LABELS)))
    assert found["mse"] == pytest.approx(((SCORES - LABELS) ** 2).mean())
    assert found["r2"] == pytest.approx(metrics.r2_score(LABELS, SCORES))
