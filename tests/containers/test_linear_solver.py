from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn import datasets, linear_model

from sagemaker_spark_py.containers.linear_losses import LossFunction, choose
from sagemaker_spark_py.containers.linear_solver import Linear, Objective, Scaling, minimize

SETTINGS = {"margin": 1.0, "loss_insensitivity": 0.01, "quantile": 0.5, "huber_delta": 1.0}
ROWS, TARGETS = datasets.make_regression(200, 6, n_informative=3, noise=20, random_state=0)
TARGETS = TARGETS / TARGETS.std()
LABELS = (TARGETS > 0).astype(np.float64)
SQUARED = choose("squared_loss", "regressor", SETTINGS)
LOGISTIC = choose("logistic", "binary_classifier", SETTINGS)


def _objective(
    loss: LossFunction, labels: np.ndarray, features: object = ROWS, **changes: object
) -> Objective:
    plain = {
        "row_weights": np.ones(len(labels)),
        "classes": 1,
        "scaling": Scaling(np.zeros(6), np.ones(6)),
        "wd": 0.0,
        "bias_wd": 0.0,
        "use_bias": True,
    }
    return Objective(features=features, labels=labels, loss=loss, **{**plain, **changes})


def _minimum(objective: Objective, l1: float = 0.0) -> Linear:
    start = np.zeros((objective.features.shape[1] + 1) * objective.classes)
    return minimize(objective, start, l1, 500, lambda epoch, linear: False)


def test_without_penalty_it_is_least_squares() -> None:
    found = _minimum(_objective(SQUARED, TARGETS))
    reference = linear_model.LinearRegression().fit(ROWS, TARGETS)
    np.testing.assert_allclose(found.weights[:, 0], reference.coef_, atol=1e-5)
    np.testing.assert_allclose(found.bias[0], reference.intercept_, atol=1e-5)


def test_wd_is_ridge() -> None:
    found = _minimum(_objective(SQUARED, TARGETS, wd=0.4))
    reference = linear_model.Ridge(0.2 * len(TARGETS)).fit(ROWS, TARGETS)
    np.testing.assert_allclose(found.weights[:, 0], reference.coef_, atol=1e-5)


def test_l1_is_the_lasso() -> None:
    found = _minimum(_objective(SQUARED, TARGETS), l1=0.3)
    reference = linear_model.Lasso(0.15, tol=1e-10).fit(ROWS, TARGETS)
    np.testing.assert_allclose(found.weights[:, 0], reference.coef_, atol=1e-4)
    assert (np.abs(found.weights) < 1e-8).any()


@pytest.mark.parametrize("features", [ROWS, sparse.csr_matrix(ROWS)])
def test_logistic_loss_is_logistic_regression(features: object) -> None:
    found = _minimum(_objective(LOGISTIC, LABELS, features, wd=0.05))
    reference = linear_model.LogisticRegression(C=1 / (0.05 * len(LABELS)), tol=1e-8).fit(ROWS, LABELS)
    np.testing.assert_allclose(found.weights[:, 0], reference.coef_[0], atol=1e-4)
    np.testing.assert_allclose(found.bias, reference.intercept_, atol=1e-4)


def test_softmax_loss_is_multinomial_regression() -> None:
    rows, labels = datasets.load_iris(return_X_y=True)
    softmax = choose("softmax_loss", "multiclass_classifier", SETTINGS)
    scaling = Scaling(np.zeros(4), np.ones(4))
    found = _minimum(_objective(softmax, labels.astype(float), rows, classes=3, scaling=scaling, wd=0.05))
    reference = linear_model.LogisticRegression(C=1 / (0.05 * len(labels)), tol=1e-8, max_iter=1000)
    np.testing.assert_allclose(found.weights.T, reference.fit(rows, labels).coef_, atol=1e-3)


def test_row_weights_count_rows_several_times() -> None:
    weights = np.where(LABELS == 1, 3.0, 1.0)
    found = _minimum(_objective(LOGISTIC, LABELS, wd=0.05, row_weights=weights))
    repeated = np.repeat(np.arange(len(LABELS)), weights.astype(int))
    objective = _objective(LOGISTIC, LABELS[repeated], ROWS[repeated], wd=0.05)
    np.testing.assert_allclose(found.weights, _minimum(objective).weights, atol=1e-5)


def test_scaling_is_seen_by_the_penalty_only() -> None:
    scaling = Scaling(ROWS.mean(axis=0), ROWS.std(axis=0))
    found = _minimum(_objective(SQUARED, TARGETS, wd=0.4, scaling=scaling))
    inside = _minimum(_objective(SQUARED, TARGETS, (ROWS - scaling.mean) / scaling.scale, wd=0.4))
    np.testing.assert_allclose(
        found.scores(ROWS), inside.scores((ROWS - scaling.mean) / scaling.scale), atol=1e-5
    )


def test_without_bias_the_origin_scores_zero() -> None:
    found = _minimum(_objective(SQUARED, TARGETS + 5, use_bias=False))
    assert found.bias[0] == 0
    reference = linear_model.LinearRegression(fit_intercept=False).fit(ROWS, TARGETS + 5)
    np.testing.assert_allclose(found.weights[:, 0], reference.coef_, atol=1e-5)


@pytest.mark.parametrize("l1", [0.0, 0.1])
def test_it_stops_when_told_or_at_the_last_epoch(l1: float) -> None:
    seen: list[int] = []

    def watch(epoch: int, linear: Linear) -> bool:
        assert linear.weights.shape == (6, 1)
        seen.append(epoch)
        return epoch == 2

    minimize(_objective(LOGISTIC, LABELS), np.zeros(7), l1, 500, watch)
    assert seen == [0, 1, 2]
    minimize(_objective(LOGISTIC, LABELS), np.zeros(7), l1, 2, watch)
    assert seen == [0, 1, 2, 0, 1]
