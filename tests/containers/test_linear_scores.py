from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from sagemaker_spark_py.containers.linear_scores import (
    CRITERIA,
    best_threshold,
    binary_metrics,
    multiclass_metrics,
)

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 300).astype(np.float64)
SCORES = np.round(np.clip(LABELS * 0.3 + RNG.uniform(0, 0.7, 300), 0, 1), 2)
SETTINGS = {"f_beta": 2.0, "target_recall": 0.9, "target_precision": 0.9}


def _at(threshold: float) -> np.ndarray:
    return (threshold <= SCORES).astype(np.float64)


def _choose(criterion: str) -> float:
    settings = {**SETTINGS, "binary_classifier_model_selection_criteria": criterion}
    return best_threshold(SCORES, LABELS, 0.5, settings)


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_binary_metrics_are_those_of_scikit_learn(beta: float) -> None:
    found = binary_metrics(SCORES, LABELS, 0.55, beta)
    assert found == pytest.approx(
        {
            "binary_classification_accuracy": metrics.accuracy_score(LABELS, _at(0.55)),
            f"binary_f_{beta:.3f}": metrics.fbeta_score(LABELS, _at(0.55), beta=beta),
            "precision": metrics.precision_score(LABELS, _at(0.55)),
            "recall": metrics.recall_score(LABELS, _at(0.55)),
            "roc_auc_score": metrics.roc_auc_score(LABELS, SCORES),
        }
    )


def test_metrics_of_one_class_are_defined() -> None:
    found = binary_metrics(SCORES, np.zeros(300), 2.0, 1.0)
    assert found["roc_auc_score"] == 0.5
    assert found["precision"] == found["recall"] == found["binary_f_1.000"] == 0


def test_multiclass_metrics_are_those_of_scikit_learn() -> None:
    labels = RNG.integers(0, 4, 200).astype(np.float64)
    scores = RNG.uniform(size=(200, 4)) + np.eye(4)[labels.astype(int)] * 0.4
    predicted = scores.argmax(axis=1)
    found = multiclass_metrics(scores, labels, 2, 1.0)
    assert found["multiclass_accuracy"] == pytest.approx(metrics.accuracy_score(labels, predicted))
    top = metrics.top_k_accuracy_score(labels, scores, k=2)
    assert found["multiclass_top_k_accuracy_2"] == pytest.approx(top)
    assert found["macro_recall"] == pytest.approx(metrics.recall_score(labels, predicted, average="macro"))
    assert found["macro_precision"] == pytest.approx(
        metrics.precision_score(labels, predicted, average="macro")
    )
    assert found["macro_f_1.000"] == pytest.approx(metrics.f1_score(labels, predicted, average="macro"))
    assert found["multiclass_accuracy"] < found["dcg"] < 1


@pytest.mark.parametrize(
    ("criterion", "quality"),
    [
        ("accuracy", metrics.accuracy_score),
        ("f1", metrics.f1_score),
        ("f_beta", lambda labels, found: metrics.fbeta_score(labels, found, beta=2.0)),
    ],
)
def test_no_threshold_is_better(criterion: str, quality: object) -> None:
    chosen = quality(LABELS, _at(_choose(criterion)))
    assert chosen == pytest.approx(max(quality(LABELS, _at(threshold)) for threshold in np.unique(SCORES)))


def test_precision_is_the_best_at_the_target_recall() -> None:
    chosen = _at(_choose("precision_at_target_recall"))
    assert metrics.recall_score(LABELS, chosen) >= 0.9
    reached = [_at(t) for t in np.unique(SCORES) if metrics.recall_score(LABELS, _at(t)) >= 0.9]
    assert metrics.precision_score(LABELS, chosen) == max(
        metrics.precision_score(LABELS, at) for at in reached
    )


def test_recall_is_the_best_at_the_target_precision() -> None:
    chosen = _at(_choose("recall_at_target_precision"))
    assert metrics.precision_score(LABELS, chosen) >= 0.9
    reached = [_at(t) for t in np.unique(SCORES) if metrics.precision_score(LABELS, _at(t)) >= 0.9]
    assert metrics.recall_score(LABELS, chosen) == max(metrics.recall_score(LABELS, at) for at in reached)


@pytest.mark.parametrize("criterion", ["cross_entropy_loss", "loss_function"])
def test_the_loss_keeps_the_default(criterion: str) -> None:
    assert criterion in CRITERIA
    assert _choose(criterion) == 0.5


def test_a_perfect_separation_is_cut_in_the_middle() -> None:
    settings = {**SETTINGS, "binary_classifier_model_selection_criteria": "accuracy"}
    found = best_threshold(np.array([0.2, 0.1, 0.8, 0.6]), np.array([0, 0, 1, 1.0]), 0.5, settings)
    assert found == pytest.approx(0.4)
