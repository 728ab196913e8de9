from __future__ import annotations

import logging

import numpy as np
import pytest
from scipy import sparse
from sklearn import datasets, neighbors

from sagemaker_spark_py.containers.knn import CONTAINER
from sagemaker_spark_py.containers.rows import Rows
from sagemaker_spark_py.errors import ContainerError

from .conftest import Ask, Fit

ROWS, LABELS = (part.astype(np.float32) for part in datasets.load_digits(return_X_y=True))
TRAIN, TEST = slice(None, 1200), slice(1200, None)
CLASSIFIES = {"k": 5, "predictor_type": "classifier", "sample_size": 5000}


@pytest.mark.parametrize(("index_metric", "metric"), [("L2", "euclidean"), ("COSINE", "cosine")])
@pytest.mark.parametrize("index_type", ["faiss.Flat", "faiss.IVFFlat"])
def test_labels_are_those_of_scikit_learn(
    fit: Fit, ask: Ask, index_type: str, index_metric: str, metric: str
) -> None:
    model = fit(
        CONTAINER, ROWS[TRAIN], LABELS[TRAIN], index_type=index_type, index_metric=index_metric, **CLASSIFIES
    )
    reference = neighbors.KNeighborsClassifier(5, metric=metric).fit(ROWS[TRAIN], LABELS[TRAIN])
    answer = ask(CONTAINER, model, ROWS[TEST])
    assert list(answer) == ["predicted_label"]
    assert (answer["predicted_label"] == reference.predict(ROWS[TEST])).mean() > 0.995


def test_a_regressor_gives_the_mean(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, ROWS[TRAIN], LABELS[TRAIN], k=3, predictor_type="regressor", sample_size=5000)
    reference = neighbors.KNeighborsRegressor(3).fit(ROWS[TRAIN], LABELS[TRAIN])
    answer = ask(CONTAINER, model, ROWS[TEST])["predicted_label"]
    assert np.isclose(answer, reference.predict(ROWS[TEST])).mean() > 0.995


def test_verbose_answers_have_the_neighbours_nearest_first(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, ROWS[TRAIN], LABELS[TRAIN], **CLASSIFIES)
    answer = ask(CONTAINER, model, ROWS[TRAIN][:10], "application/json; verbose=true")
    assert answer["distances"].shape == answer["labels"].shape == (10, 5)
    np.testing.assert_array_equal(answer["distances"], np.sort(answer["distances"], axis=1))
    np.testing.assert_array_equal(answer["distances"][:, 0], np.zeros(10))
    np.testing.assert_array_equal(answer["labels"][:, 0], LABELS[TRAIN][:10])


def test_inner_products_rank_the_largest_first(fit: Fit, ask: Ask) -> None:
    settings = {**CLASSIFIES, "k": 1, "index_metric": "INNER_PRODUCT"}
    model = fit(CONTAINER, ROWS[TRAIN], LABELS[TRAIN], **settings)
    best = (ROWS[TEST] @ ROWS[TRAIN].T).argmax(axis=1)
    np.testing.assert_array_equal(ask(CONTAINER, model, ROWS[TEST])["predicted_label"], LABELS[TRAIN][best])


def test_sparse_rows_are_answered_as_dense_ones(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, sparse.csr_matrix(ROWS[TRAIN]), LABELS[TRAIN], **CLASSIFIES)
    dense = ask(CONTAINER, model, ROWS[TEST])["predicted_label"]
    scarce = ask(CONTAINER, model, sparse.csr_matrix(ROWS[TEST]))["predicted_label"]
    np.testing.assert_array_equal(dense, scarce)


def test_only_a_sample_is_kept(fit: Fit) -> None:
    model = fit(CONTAINER, ROWS, LABELS, **{**CLASSIFIES, "sample_size": 100})
    assert len(model["points"]) == len(model["labels"]) == 100
    assert len(np.unique(model["points"], axis=0)) == 100


@pytest.mark.parametrize("kind", ["sign", "fjlt"])
def test_a_projection_keeps_most_of_the_neighbours(fit: Fit, ask: Ask, kind: str) -> None:
    settings = {**CLASSIFIES, "dimension_reduction_type": kind, "dimension_reduction_target": 32}
    model = fit(CONTAINER, ROWS[TRAIN], LABELS[TRAIN], **settings)
    assert model["points"].shape == (1200, 32)
    assert (ask(CONTAINER, model, ROWS[TEST])["predicted_label"] == LABELS[TEST]).mean() > 0.85


def test_the_test_channel_is_scored(fit: Fit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    test = {"test": Rows(ROWS[TRAIN][:10], LABELS[TRAIN][:10])}
    fit(CONTAINER, ROWS[TRAIN], LABELS[TRAIN], test, **{**CLASSIFIES, "k": 1})
    fit(CONTAINER, ROWS[TRAIN], LABELS[TRAIN], test, k=1, predictor_type="regressor", sample_size=2000)
    assert "#quality_metric: host=algo-1, test accuracy <score>=1.0" in caplog.messages
    assert "#quality_metric: host=algo-1, test mse <loss>=0.0" in caplog.messages


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"k": 2000}, "k is 2000"),
        ({"sample_size": 3}, "sample_size is 3"),
        ({"index_type": "faiss.IVFPQ", "index_metric": "COSINE"}, "COSINE is not supported with faiss.IVFPQ"),
        ({"dimension_reduction_type": "sign"}, "'dimension_reduction_target'"),
        ({"dimension_reduction_type": "sign", "dimension_reduction_target": 64}, "less than feature_dim, 64"),
    ],
)
def test_settings_that_do_not_fit_are_refused(fit: Fit, change: dict[str, object], text: str) -> None:
    with pytest.raises(ContainerError, match=text):
        fit(CONTAINER, ROWS, LABELS, **{**CLASSIFIES, **change})
