"""What each algorithm is tried on, and when its answers are right: one entry per estimator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets, decomposition, metrics, neighbors

Answers = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Exercise:
    """Data, hyperparameters by Param name, and a judge of the answers to the training rows."""

    values: np.ndarray
    labels: np.ndarray
    hyperparameters: Mapping[str, Any]
    judge: Callable[[Exercise, Answers], None]


def _standardized(values: np.ndarray) -> np.ndarray:
    spread = values.std(0)
    return (values - values.mean(0)) / np.where(spread == 0, 1, spread)


def _digits(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    values, labels = datasets.load_digits(return_X_y=True)
    return values[:rows], labels[:rows]


def _cancer() -> tuple[np.ndarray, np.ndarray]:
    values, labels = datasets.load_breast_cancer(return_X_y=True)
    return _standardized(values), labels


def _diabetes() -> tuple[np.ndarray, np.ndarray]:
    values, labels = datasets.load_diabetes(return_X_y=True)
    return _standardized(values), (labels - labels.mean()) / labels.std()


def _zeros_and_others() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten zeros, and few other digits, which have the label 1."""
    values, labels = datasets.load_digits(return_X_y=True)
    mixed = np.concatenate([values[labels != 0][:10], values[labels == 0]])
    return mixed, np.arange(len(mixed)) < 10


def _accuracy(column: str, least: float) -> Callable[[Exercise, Answers], None]:
    def judge(exercise: Exercise, answers: Answers) -> None:
        assert (answers[column] == exercise.labels).mean() > least

    return judge


def _explained(column: str, least: float) -> Callable[[Exercise, Answers], None]:
    def judge(exercise: Exercise, answers: Answers) -> None:
        assert metrics.r2_score(exercise.labels, answers[column]) > least

    return judge


def _kmeans(exercise: Exercise, answers: Answers) -> None:
    assert metrics.homogeneity_score(exercise.labels, answers["closest_cluster"]) > 0.6
    assert (answers["distance_to_cluster"] > 0).all()


def _pca(exercise: Exercise, answers: Answers) -> None:
    expected = decomposition.PCA(5, svd_solver="full").fit_transform(exercise.values)[:, ::-1]
    np.testing.assert_allclose(np.abs(answers["projection"]), np.abs(expected), atol=1e-2)


def _knn(exercise: Exercise, answers: Answers) -> None:
    reference = neighbors.KNeighborsClassifier(5).fit(exercise.values, exercise.labels)
    assert (answers["predicted_label"] == reference.predict(exercise.values)).mean() > 0.99


def _lda(exercise: Exercise, answers: Answers) -> None:
    mixtures = answers["topic_mixture"]
    np.testing.assert_allclose(mixtures.sum(1), 1, atol=1e-4)
    # Topics found without labels still tell the digits apart, for a classifier on them alone.
    learner = neighbors.KNeighborsClassifier(5).fit(mixtures[::2], exercise.labels[::2])
    assert learner.score(mixtures[1::2], exercise.labels[1::2]) > 0.5


def _anomalies(exercise: Exercise, answers: Answers) -> None:
    assert metrics.roc_auc_score(exercise.labels, answers["score"]) > 0.9


def _xgboost(exercise: Exercise, answers: Answers) -> None:
    import xgboost

    data = xgboost.DMatrix(exercise.values.astype(np.float32), exercise.labels)
    trained = xgboost.train({"objective": "binary:logistic", "max_depth": 3}, data, 10)
    np.testing.assert_allclose(answers["prediction"], trained.predict(data), atol=1e-4)


_MACHINES = {"feature_dim": 30, "num_factors": 3, "epochs": 20, "mini_batch_size": 50}
_RATES = {"linear_lr": 0.01, "factors_lr": 0.001}

EXERCISES = {
    "FactorizationMachinesBinaryClassifier": Exercise(
        *_cancer(), {**_MACHINES, **_RATES}, _accuracy("predicted_label", 0.93)
    ),
    "FactorizationMachinesRegressor": Exercise(
        *_diabetes(), {**_MACHINES, **_RATES, "feature_dim": 10}, _explained("score", 0.4)
    ),
    "KMeansSageMakerEstimator": Exercise(*_digits(), {"k": 10, "feature_dim": 64}, _kmeans),
    "KNNSageMakerEstimator": Exercise(
        *_digits(),
        {"k": 5, "feature_dim": 64, "predictor_type": "classifier", "sample_size": 400},
        _knn,
    ),
    "LDASageMakerEstimator": Exercise(
        *_digits(200), {"num_topics": 8, "feature_dim": 64, "mini_batch_size": 200}, _lda
    ),
    "LinearLearnerBinaryClassifier": Exercise(
        *_cancer(), {"feature_dim": 30}, _accuracy("predicted_label", 0.95)
    ),
    "LinearLearnerMultiClassClassifier": Exercise(
        *_digits(), {"feature_dim": 64, "num_classes": 10}, _accuracy("predicted_label", 0.93)
    ),
    "LinearLearnerRegressor": Exercise(*_diabetes(), {"feature_dim": 10}, _explained("score", 0.45)),
    "PCASageMakerEstimator": Exercise(*_digits(), {"num_components": 5, "feature_dim": 64}, _pca),
    "RandomCutForestSageMakerEstimator": Exercise(
        *_zeros_and_others(), {"feature_dim": 64, "num_trees": 50, "num_samples_per_tree": 64}, _anomalies
    ),
    "XGBoostSageMakerEstimator": Exercise(
        *_cancer(), {"num_round": 10, "objective": "binary:logistic", "max_depth": 3}, _xgboost
    ),
}
