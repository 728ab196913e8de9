from __future__ import annotations

import logging

import numpy as np
import pytest
from scipy import sparse

from sagemaker_spark_py.containers.factorization_machines import CONTAINER
from sagemaker_spark_py.containers.rows import Rows
from sagemaker_spark_py.errors import ContainerError

from .conftest import Ask, Fit

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(400, 6)).astype(np.float32)
TARGETS = (ROWS[:, 0] * ROWS[:, 1] - 2 * ROWS[:, 2] * ROWS[:, 3] + 0.5 * ROWS[:, 4] + 1).astype(np.float32)
LABELS = (TARGETS > 1).astype(np.float32)
LEARNS = {"num_factors": 4, "epochs": 150, "mini_batch_size": 50, "linear_lr": 0.02, "factors_lr": 0.02}
LEARNS = {**LEARNS, "factors_init_sigma": 0.1, "linear_wd": 0, "factors_wd": 0, "bias_wd": 0}


def test_the_score_is_the_papers_equation(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, ROWS, TARGETS, predictor_type="regressor", **{**LEARNS, "epochs": 2})
    expected = []
    for row in ROWS[:5].astype(np.float64):
        pairs = sum(
            model["factors"][i] @ model["factors"][j] * row[i] * row[j]
            for i in range(6)
            for j in range(i + 1, 6)
        )
        expected.append(model["bias"][0] + model["linear"] @ row + pairs)
    np.testing.assert_allclose(ask(CONTAINER, model, ROWS[:5])["score"], expected, rtol=1e-5)


@pytest.mark.parametrize("rows", [ROWS, sparse.csr_matrix(ROWS)])
def test_products_of_features_are_learned(fit: Fit, ask: Ask, rows: np.ndarray) -> None:
    model = fit(CONTAINER, rows, TARGETS, predictor_type="regressor", **LEARNS)
    assert ((ask(CONTAINER, model, rows)["score"] - TARGETS) ** 2).mean() < 0.01 * TARGETS.var()


def test_a_classifier_gives_probabilities_and_labels(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, ROWS, LABELS, predictor_type="binary_classifier", **LEARNS)
    answer = ask(CONTAINER, model, ROWS)
    assert ((answer["score"] >= 0) & (answer["score"] <= 1)).all()
    np.testing.assert_array_equal(answer["predicted_label"], answer["score"] >= 0.5)
    assert (answer["predicted_label"] == LABELS).mean() > 0.97


@pytest.mark.parametrize("classifies", [True, False])
def test_gradients_are_those_of_the_loss(classifies: bool) -> None:
    from sagemaker_spark_py.containers.factorization_machines import _gradients, _raw_scores

    rng = np.random.default_rng(1)
    parameters = {
        "bias": rng.normal(size=1),
        "linear": rng.normal(size=6),
        "factors": rng.normal(size=(6, 2)),
    }
    labels = (LABELS if classifies else TARGETS)[:20]
    rows = Rows(ROWS[:20].astype(np.float64), labels)

    def loss() -> float:
        scores = _raw_scores(rows.features, parameters)
        values = np.logaddexp(0, scores) - labels * scores if classifies else (scores - labels) ** 2 / 2
        return float(values.mean())

    for name, gradient in _gradients(rows, parameters, classifies).items():
        for index in np.ndindex(gradient.shape):
            kept = parameters[name][index]
            parameters[name][index] = kept + 1e-5
            above = loss()
            parameters[name][index] = kept - 1e-5
            assert gradient[index] == pytest.approx((above - loss()) / 2e-5, abs=1e-6)
            parameters[name][index] = kept


def test_epochs_and_channels_are_logged(fit: Fit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    test = {"test": Rows(ROWS, LABELS)}
    fit(CONTAINER, ROWS, LABELS, test, predictor_type="binary_classifier", num_factors=2, epochs=2)
    fit(CONTAINER, ROWS, TARGETS, {"test": Rows(ROWS, TARGETS)}, predictor_type="regressor", num_factors=2)
    logged = "\n".join(caplog.messages)
    for text in (
        "epoch=1, train binary_classification_cross_entropy <loss>=",
        "test binary_classification_accuracy <score>=",
        "epoch=0, train rmse <loss>=",
        "test rmse <loss>=",
    ):
        assert text in logged


@pytest.mark.parametrize("method", ["constant", "uniform"])
def test_initial_values_need_their_size(fit: Fit, method: str) -> None:
    settings = {"predictor_type": "regressor", "num_factors": 2, "linear_init_method": method}
    with pytest.raises(ContainerError, match=r"'linear_init_(value|scale)'"):
        fit(CONTAINER, ROWS, TARGETS, **settings)
    size = {"constant": "linear_init_value", "uniform": "linear_init_scale"}[method]
    model = fit(CONTAINER, ROWS, TARGETS, linear_lr=0, **settings, **{size: 0.25})
    assert np.abs(model["linear"]).max() <= 0.25


def test_clipping_bounds_the_step(fit: Fit) -> None:
    settings = {"predictor_type": "regressor", "num_factors": 2, "linear_wd": 0}
    free = fit(CONTAINER, ROWS, TARGETS, **settings)
    still = fit(CONTAINER, ROWS, TARGETS, clip_gradient=0, rescale_grad=2, eps=1, **settings)
    start = fit(CONTAINER, ROWS, TARGETS, linear_lr=0, **settings)
    np.testing.assert_array_equal(still["linear"], start["linear"])
    assert (free["linear"] != start["linear"]).all()


def test_labels_of_a_classifier_are_zero_and_one(fit: Fit) -> None:
    with pytest.raises(ContainerError, match="'train' has labels other than 0 and 1"):
        fit(CONTAINER, ROWS, TARGETS, predictor_type="binary_classifier", num_factors=2)
