from __future__ import annotations

import logging

import numpy as np
import pytest
from scipy import sparse
from sklearn import datasets, metrics

from sagemaker_spark_py.containers.randomcutforest import CONTAINER
from sagemaker_spark_py.containers.rows import Rows
from sagemaker_spark_py.errors import ContainerError

from .conftest import Ask, Fit

RNG = np.random.default_rng(0)
USUAL = RNG.normal(size=(500, 3)).astype(np.float32)
ODD = RNG.normal(8, 1, (10, 3)).astype(np.float32)
SMALL = {"num_trees": 50, "num_samples_per_tree": 64}


def test_points_far_away_score_high(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, USUAL, **SMALL)
    usual, odd = (ask(CONTAINER, model, rows)["score"] for rows in (USUAL, ODD))
    assert odd.min() > usual.mean() + 3 * usual.std()
    assert 0.3 < usual.mean() < 1.5


def test_the_further_the_higher(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, USUAL, **SMALL)
    scores = ask(CONTAINER, model, np.array([[0, 0, 0], [3, 0, 0], [6, 0, 0], [30, 0, 0]]))["score"]
    assert (np.diff(scores) > 0).all()


def test_malignant_tumours_are_anomalies_among_benign_ones(fit: Fit, ask: Ask) -> None:
    rows, benign = datasets.load_breast_cancer(return_X_y=True)
    rows = rows / rows.std(axis=0)
    model = fit(CONTAINER, rows[benign == 1], **SMALL)
    assert metrics.roc_auc_score(benign == 0, ask(CONTAINER, model, rows)["score"]) > 0.9


def test_a_point_is_scored_by_its_depth_in_a_tree_of_two() -> None:
    """Two points of one dimension: each ends in a leaf of mass 1 at depth 1, times log2(2 + 1)."""
    from sagemaker_spark_py.containers.first_party import Task
    from sagemaker_spark_py.containers.formats import MediaType

    points = np.array([[0.0], [1.0]], np.float32)
    settings = {"num_trees": 1, "num_samples_per_tree": 2, "eval_metrics": ()}
    model = CONTAINER.fit(Task(settings, Rows(points), {}, "algo-1"))
    scores = CONTAINER.predictor(model)(np.array([[0.0], [1.0], [3.0]]), MediaType("", {}))["score"]
    np.testing.assert_allclose(scores[:2], np.log2(3) / 2)
    # from 3 a cut separates the box [0, 1] with chance 2/3 at the root; below, the leaf at 1 always
    np.testing.assert_allclose(scores[2], np.log2(3) * (2 / 3 + 1 / 3 * 1 / 2))


def test_equal_points_make_one_leaf(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, np.ones((20, 2)), **SMALL)
    scores = ask(CONTAINER, model, np.ones((3, 2)))["score"]
    np.testing.assert_allclose(scores, 1.0)


def test_sparse_rows_are_scored_as_dense_ones(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, sparse.csr_matrix(USUAL), **SMALL)
    dense, scarce = (ask(CONTAINER, model, rows)["score"] for rows in (ODD, sparse.csr_matrix(ODD)))
    np.testing.assert_array_equal(dense, scarce)


def test_a_labelled_test_channel_is_scored(fit: Fit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    labels = np.repeat(np.array([0, 1], np.float32), [50, 10])
    fit(CONTAINER, USUAL, None, {"test": Rows(np.vstack([USUAL[:50], ODD]), labels)}, **SMALL)
    logged = [message.split("algo-1, ")[1] for message in caplog.messages]
    assert "test recall <score>=1.0" in logged
    assert [text.split(" <")[0] for text in logged] == [
        "test accuracy",
        "test precision",
        "test recall",
        "test f1",
    ]


def test_an_unlabelled_test_channel_is_refused(fit: Fit) -> None:
    with pytest.raises(ContainerError, match="Channel 'test' has no labels"):
        fit(CONTAINER, USUAL, None, {"test": Rows(USUAL)}, **SMALL)
