from __future__ import annotations

import logging

import numpy as np
import pytest
from scipy import sparse

from sagemaker_spark_py.containers.lda import CONTAINER
from sagemaker_spark_py.containers.rows import Rows
from sagemaker_spark_py.errors import ContainerError

from .conftest import Ask, Fit

RNG = np.random.default_rng(0)
TOPICS = np.kron(np.eye(3), np.full(4, 0.25))
MIXTURES = RNG.dirichlet([0.2] * 3, 150)
DOCUMENTS = np.array([RNG.multinomial(100, mixture @ TOPICS) for mixture in MIXTURES]).astype(np.float32)
SETTINGS = {"num_topics": 3, "mini_batch_size": 150, "alpha0": 0.6}


@pytest.mark.parametrize("documents", [DOCUMENTS, sparse.csr_matrix(DOCUMENTS)])
def test_the_mixtures_that_made_the_documents_are_found(fit: Fit, ask: Ask, documents: np.ndarray) -> None:
    model = fit(CONTAINER, documents, **SETTINGS)
    found = ask(CONTAINER, model, documents)["topic_mixture"]
    np.testing.assert_allclose(found.sum(axis=1), 1)
    order = model["topics"].reshape(3, 3, 4).sum(axis=2).argmax(axis=0)
    assert sorted(order) == [0, 1, 2]
    assert np.abs(found[:, order] - MIXTURES).mean() < 0.05


def test_an_empty_document_has_the_prior(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, DOCUMENTS, **SETTINGS)
    mixture = ask(CONTAINER, model, np.zeros((1, 12), np.float32))["topic_mixture"]
    np.testing.assert_allclose(mixture, [[1 / 3] * 3])


def test_the_likelihood_per_word_is_logged(fit: Fit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    fit(CONTAINER, DOCUMENTS, None, {"test": Rows(DOCUMENTS[:20])}, **SETTINGS)
    (line,) = (message for message in caplog.messages if "test pwll <score>=" in message)
    assert np.log(1 / 12) < float(line.split("=")[-1]) < 0


def test_negative_counts_are_refused(fit: Fit) -> None:
    with pytest.raises(ContainerError, match="'test' has negative word counts"):
        fit(CONTAINER, DOCUMENTS, None, {"test": Rows(-DOCUMENTS)}, **SETTINGS)
