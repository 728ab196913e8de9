"""Latent Dirichlet Allocation, by scikit-learn's variational Bayes.

AWS's image decomposes a tensor of moments instead. The model and the answers mean the same; max_restarts,
which belongs to that decomposition, is only checked.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from sagemaker_spark_py.containers.first_party import FirstParty, Model, Predict, Task
from sagemaker_spark_py.containers.formats import MediaType
from sagemaker_spark_py.containers.hyperparameters import integer, real
from sagemaker_spark_py.containers.rows import Columns, Matrix, dense
from sagemaker_spark_py.errors import ContainerError

_SEED = 0
_CHECK_EVERY = 5  # passes between two looks at the perplexity
_LEAST_PERPLEXITY_CHANGE = 0.1
_INFERENCE_ITERATIONS = 100
_INFERENCE_CHANGE = 1e-3
_CHUNK_ROWS = 1000
_TINY = 1e-100


def fit(task: Task) -> Model:
    """Return the topics' pseudo-counts of words, (num_topics, feature_dim), and the topics' prior."""
    from sklearn.decomposition import LatentDirichletAllocation

    settings = task.settings
    for channel, rows in {"train": task.train, **task.held_out}.items():
        if rows.features.min() < 0:
            raise ContainerError(f"Channel '{channel}' has negative word counts; expected 0 or more")
    prior = settings["alpha0"] / settings["num_topics"]
    allocation = LatentDirichletAllocation(
        settings["num_topics"],
        doc_topic_prior=prior,
        max_iter=settings["max_iterations"],
        evaluate_every=_CHECK_EVERY,
        perp_tol=max(settings["tol"], _LEAST_PERPLEXITY_CHANGE),
        random_state=_SEED,
    ).fit(task.train.features)
    model = {"topics": allocation.components_, "prior": np.array(prior)}
    for channel, rows in {"train": task.train, **task.held_out}.items():
        task.report(f"{channel} pwll", _per_word_log_likelihood(rows.features, model), "score")
    return model


def predictor(model: Model) -> Predict:
    """Return a function from word counts to the mixture of topics, (n, num_topics)."""

    def predict(features: Matrix, accept: MediaType) -> Columns:
        chunks = (features[start : start + _CHUNK_ROWS] for start in range(0, features.shape[0], _CHUNK_ROWS))
        return {"topic_mixture": np.concatenate([_mixtures(chunk, model) for chunk in chunks])}

    return predict


def _mixtures(features: Matrix, model: Model) -> np.ndarray:
    """Return each document's expected mixture: Blei, Ng and Jordan (2003), variational inference."""
    counts = dense(features)
    words = np.exp(_expected_logs(model["topics"]))
    gamma = np.ones((len(counts), len(words)))
    for _ in range(_INFERENCE_ITERATIONS):
        topics = np.exp(_expected_logs(gamma))
        updated = model["prior"] + topics * ((counts / (topics @ words + _TINY)) @ words.T)
        change = np.abs(updated - gamma).mean()
        gamma = updated
        if change < _INFERENCE_CHANGE:
            break
    return np.asarray(gamma / gamma.sum(axis=1, keepdims=True))


def _expected_logs(parameters: np.ndarray) -> np.ndarray:
    """Return the expected logarithms under Dirichlet distributions, one per row."""
    return np.asarray(digamma(parameters) - digamma(parameters.sum(axis=1, keepdims=True)))


def _per_word_log_likelihood(features: Matrix, model: Model) -> float:
    mixtures = np.asarray(predictor(model)(features, MediaType("", {}))["topic_mixture"])
    topics = model["topics"] / model["topics"].sum(axis=1, keepdims=True)
    counts = dense(features)
    return float((counts * np.log(mixtures @ topics + _TINY)).sum() / counts.sum())


CONTAINER = FirstParty(
    hyperparameters=(
        integer("feature_dim", at_least=1, required=True),
        integer("num_topics", at_least=1, required=True),
        integer("mini_batch_size", at_least=1, required=True),
        real("alpha0", 1.0, above=0),
        integer("max_restarts", 10, at_least=1),
        integer("max_iterations", 1000, at_least=1),
        real("tol", 1e-8, above=0),
    ),
    fit=fit,
    predictor=predictor,
    supervised=False,
)
