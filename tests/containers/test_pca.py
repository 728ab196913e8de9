from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn import datasets, decomposition

from sagemaker_spark_py.containers.pca import CONTAINER
from sagemaker_spark_py.errors import ContainerError

from .conftest import Ask, Fit

DIGITS = datasets.load_digits().data.astype(np.float32)
REFERENCE = decomposition.PCA(4, random_state=0).fit(DIGITS)


@pytest.mark.parametrize("algorithm_mode", ["regular", "stable", "randomized"])
@pytest.mark.parametrize("rows", [DIGITS, sparse.csr_matrix(DIGITS)])
def test_projections_are_those_of_scikit_learn_weakest_first(
    fit: Fit, ask: Ask, rows: np.ndarray, algorithm_mode: str
) -> None:
    model = fit(CONTAINER, rows, num_components=4, mini_batch_size=100, algorithm_mode=algorithm_mode)
    np.testing.assert_allclose(model["singular_values"], REFERENCE.singular_values_[::-1], rtol=1e-3)
    expected = np.abs(REFERENCE.transform(DIGITS)[:, ::-1])
    np.testing.assert_allclose(np.abs(ask(CONTAINER, model, rows)["projection"]), expected, atol=0.05)


def test_the_mean_may_stay(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, DIGITS, num_components=3, mini_batch_size=100, subtract_mean="False")
    _, values, vectors = np.linalg.svd(DIGITS.astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(model["singular_values"], values[2::-1])
    expected = np.abs(DIGITS @ vectors[2::-1].T)
    np.testing.assert_allclose(np.abs(ask(CONTAINER, model, DIGITS)["projection"]), expected, atol=1e-3)


def test_one_component_is_a_list_of_one(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, DIGITS, num_components=1, mini_batch_size=100)
    assert ask(CONTAINER, model, DIGITS[:5])["projection"].shape == (5, 1)


def test_all_components_lose_nothing(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, DIGITS, num_components=64, mini_batch_size=100)
    restored = ask(CONTAINER, model, DIGITS)["projection"] @ model["components"].T + model["mean"]
    np.testing.assert_allclose(restored, DIGITS, atol=1e-6)


def test_each_components_largest_entry_is_positive(fit: Fit) -> None:
    components = fit(CONTAINER, DIGITS, num_components=5, mini_batch_size=100)["components"]
    assert (components[np.abs(components).argmax(axis=0), np.arange(5)] > 0).all()


def test_more_components_than_features_are_refused(fit: Fit) -> None:
    with pytest.raises(ContainerError, match=r"num_components is 65, which is larger than feature_dim 64"):
        fit(CONTAINER, DIGITS, num_components=65, mini_batch_size=100)
