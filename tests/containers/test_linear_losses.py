from __future__ import annotations

import numpy as np
import pytest

from sagemaker_spark_py.containers.linear_losses import ALLOWED, NAMES, choose

SETTINGS = {"margin": 1.0, "loss_insensitivity": 0.3, "quantile": 0.8, "huber_delta": 0.7}
RNG = np.random.default_rng(0)
CASES = [(kind, name) for kind, names in ALLOWED.items() for name in names]
ERRORS = np.array([-2.0, -0.5, -0.1, 0.1, 0.5, 2.0])


def _case(kind: str) -> tuple[np.ndarray, np.ndarray]:
    classes = 4 if kind == "multiclass_classifier" else 1
    labels = {
        "binary_classifier": RNG.integers(0, 2, 30),
        "multiclass_classifier": RNG.integers(0, 4, 30),
        "regressor": RNG.normal(size=30),
    }[kind]
    return RNG.normal(size=(30, classes)) * 2, labels.astype(np.float64)


def test_every_loss_belongs_to_a_predictor() -> None:
    assert {name for names in ALLOWED.values() for name in names} == set(NAMES) - {"auto"}


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_slopes_are_those_of_the_values(kind: str, name: str) -> None:
    scores, labels = _case(kind)
    loss = choose(name, kind, SETTINGS)
    slopes = loss(scores, labels).slopes
    assert slopes.shape == scores.shape
    step = 1e-6
    for column in range(scores.shape[1]):
        shift = np.zeros_like(scores)
        shift[:, column] = step
        rise = (loss(scores + shift, labels).values - loss(scores - shift, labels).values) / (2 * step)
        np.testing.assert_allclose(slopes[:, column], rise, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("squared_loss", ERRORS**2),
        ("absolute_loss", np.abs(ERRORS)),
        ("eps_insensitive_squared_loss", np.maximum(np.abs(ERRORS) - 0.3, 0) ** 2),
        ("eps_insensitive_absolute_loss", np.maximum(np.abs(ERRORS) - 0.3, 0)),
        ("quantile_loss", np.where(ERRORS < 0, -0.8 * ERRORS, 0.2 * ERRORS)),
        ("huber_loss", np.where(np.abs(ERRORS) < 0.7, ERRORS**2 / 2, 0.7 * (np.abs(ERRORS) - 0.35))),
    ],
)
def test_regression_losses_are_their_definitions(name: str, expected: np.ndarray) -> None:
    labels = np.linspace(-1, 1, 6)
    loss = choose(name, "regressor", SETTINGS)
    np.testing.assert_allclose(loss((labels + ERRORS)[:, None], labels).values, expected, atol=2e-3)


def test_classification_losses_are_their_definitions() -> None:
    scores, labels = np.array([[2.0], [2.0], [-0.5]]), np.array([1.0, 0.0, 0.0])
    logistic = choose("logistic", "binary_classifier", SETTINGS)(scores, labels).values
    np.testing.assert_allclose(logistic, np.log1p(np.exp([-2.0, 2.0, -0.5])))
    hinge = choose("hinge_loss", "binary_classifier", SETTINGS)(scores, labels).values
    np.testing.assert_allclose(hinge, [0, 3, 0.5], atol=1e-3)
    three = np.array([[1.0, 0.0, -2.0]])
    softmax = choose("softmax_loss", "multiclass_classifier", SETTINGS)(three, np.array([1.0])).values
    np.testing.assert_allclose(softmax, np.log(np.exp(three).sum()) - 0)
    rest = choose("hinge_loss", "multiclass_classifier", SETTINGS)(three, np.array([1.0])).values
    np.testing.assert_allclose(rest, [2 + 1 + 0], atol=1e-3)


def test_large_scores_do_not_overflow() -> None:
    with np.errstate(over="raise", invalid="raise"):
        loss = choose("logistic", "binary_classifier", SETTINGS)(
            np.array([[800.0], [-800.0]]), np.array([0.0, 1.0])
        )
    np.testing.assert_allclose(loss.values, [800, 800])
