from __future__ import annotations

import logging

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn import cluster, datasets

from sagemaker_spark_py.containers.kmeans import CONTAINER
from sagemaker_spark_py.containers.rows import Rows
from sagemaker_spark_py.errors import ContainerError

from .conftest import Ask, Fit

DIGITS = datasets.load_digits().data.astype(np.float32)
IRIS = datasets.load_iris().data.astype(np.float32)


@pytest.mark.parametrize("half_life_time_size", [0, 500])
@pytest.mark.parametrize("mini_batch_size", [200, 5000])
@pytest.mark.parametrize("init_method", ["random", "kmeans++"])
def test_the_loss_is_near_that_of_lloyds_algorithm(
    fit: Fit, ask: Ask, init_method: str, mini_batch_size: int, half_life_time_size: int
) -> None:
    settings = {"init_method": init_method, "mini_batch_size": mini_batch_size}
    model = fit(CONTAINER, DIGITS, k=10, half_life_time_size=half_life_time_size, **settings)
    loss = (ask(CONTAINER, model, DIGITS)["distance_to_cluster"] ** 2).mean()
    assert loss < 1.05 * cluster.KMeans(10, n_init=2, random_state=0).fit(DIGITS).inertia_ / len(DIGITS)


def test_answers_are_the_nearest_center_and_its_distance(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, IRIS, k=4)
    assert model["centers"].shape == (4, 4)
    answer = ask(CONTAINER, model, IRIS)
    distances = cdist(IRIS, model["centers"])
    np.testing.assert_array_equal(answer["closest_cluster"], distances.argmin(axis=1))
    np.testing.assert_allclose(answer["distance_to_cluster"], distances.min(axis=1), atol=1e-5)
    assert set(answer["closest_cluster"]) == {0, 1, 2, 3}


def test_sparse_rows_are_clustered_as_dense_ones(fit: Fit, ask: Ask) -> None:
    dense, scarce = fit(CONTAINER, DIGITS, k=5), fit(CONTAINER, sparse.csr_matrix(DIGITS), k=5)
    np.testing.assert_allclose(dense["centers"], scarce["centers"], atol=1e-3)
    answer = ask(CONTAINER, dense, sparse.csr_matrix(DIGITS))
    np.testing.assert_allclose(
        answer["distance_to_cluster"], ask(CONTAINER, dense, DIGITS)["distance_to_cluster"]
    )


@pytest.mark.parametrize("k", [1, 3])
def test_k_rows_are_their_own_centers(fit: Fit, ask: Ask, k: int) -> None:
    rows = np.array([[0, 0], [5, 5], [9, 0]], np.float32)[:k]
    model = fit(CONTAINER, rows, k=k)
    np.testing.assert_array_equal(ask(CONTAINER, model, rows)["distance_to_cluster"], np.zeros(k))


def test_fewer_rows_than_clusters_are_refused(fit: Fit) -> None:
    with pytest.raises(ContainerError, match=r"smaller than k: 2 rows; expected at least 3"):
        fit(CONTAINER, IRIS[:2], k=3)


def test_a_row_loses_half_its_weight_in_the_half_life(fit: Fit) -> None:
    """One center over 10 zeros and then 10 ones, a row at a time: the mean is weighted towards the ones."""
    rows = np.repeat([[0.0], [1.0]], 10, axis=0)
    settings = {"k": 1, "extra_center_factor": 1, "mini_batch_size": 1}
    assert fit(CONTAINER, rows, **settings)["centers"][0, 0] == pytest.approx(0.5)
    weights = 0.5 ** (np.arange(20)[::-1] / 5)
    expected = weights[10:].sum() / weights.sum()
    decayed = fit(CONTAINER, rows, half_life_time_size=5, **settings)
    assert decayed["centers"][0, 0] == pytest.approx(expected)


def test_asked_metrics_are_logged_for_each_channel(fit: Fit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    model = fit(CONTAINER, IRIS, None, {"test": Rows(IRIS[:5])}, k=3, eval_metrics='["ssd", "msd"]')
    squares = cdist(IRIS, model["centers"]).min(axis=1) ** 2
    texts = [message for message in caplog.messages if "quality_metric" in message]
    assert [text.split(", ")[1].split(" <")[0] for text in texts] == [
        "train ssd",
        "train msd",
        "test ssd",
        "test msd",
    ]
    assert float(texts[1].split("=")[-1]) == pytest.approx(squares.mean(), rel=1e-4)
    assert float(texts[2].split("=")[-1]) == pytest.approx(squares[:5].sum(), rel=1e-4)


def test_more_centers_than_rows_are_not_made(fit: Fit) -> None:
    assert fit(CONTAINER, IRIS[:7], k=3, extra_center_factor=10)["centers"].shape == (3, 4)


def test_few_trials_from_random_centers_still_give_k(fit: Fit) -> None:
    settings = {"local_lloyd_init_method": "random", "local_lloyd_num_trials": 1, "local_lloyd_max_iter": 1}
    assert len(np.unique(fit(CONTAINER, DIGITS, k=10, **settings)["centers"], axis=0)) == 10
