"""Random Cut Forest: anomaly scores from how easily a point is cut off from a sample of the data.

Guha, Mishra, Roy and Schrijvers, "Robust Random Cut Forest Based Anomaly Detection on Streams" (ICML 2016).
Trees are built on random samples; the score is that of Amazon's published forest: a point that a random cut
of the bounding box would separate at depth t scores 1 / (t + 1), and a point that reaches a leaf of mass m
scores 1 / (t + log2(m + 1)), both times log2(n + 1) for a tree of n points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sagemaker_spark_py.containers.first_party import FirstParty, Model, Predict, Task
from sagemaker_spark_py.containers.formats import MediaType
from sagemaker_spark_py.containers.hyperparameters import integer, metrics
from sagemaker_spark_py.containers.rows import Columns, Matrix, Rows, dense
from sagemaker_spark_py.errors import ContainerError

_SEED = 0
_CHUNK_NUMBERS = 4_000_000  # bounding box sides held at once: 32 MB
_LEAF = -1
_DEVIATIONS = 3  # AWS's advice: scores beyond three standard deviations are anomalies


class _Node(NamedTuple):
    """One node of a tree under construction."""

    low: np.ndarray
    high: np.ndarray
    mass: int
    cut_dim: int = _LEAF
    cut_value: float = 0.0
    left: int = 0
    right: int = 0


def fit(task: Task) -> Model:
    """Return the trees, flattened: boxes, masses, cuts and children of all nodes, and each tree's root."""
    settings = task.settings
    rng = np.random.default_rng(_SEED)
    size = min(settings["num_samples_per_tree"], task.train.count)
    nodes: list[_Node] = []
    roots = []
    for _ in range(settings["num_trees"]):
        sample = task.train.features[np.sort(rng.choice(task.train.count, size, replace=False))]
        roots.append(_grow(dense(sample), nodes, rng))
    model = _flatten(nodes, roots)
    _report(task, model)
    return model


def predictor(model: Model) -> Predict:
    """Return a function from features to ``score``; the higher, the more anomalous."""

    def predict(features: Matrix, accept: MediaType) -> Columns:
        rows = max(1, _CHUNK_NUMBERS // (len(model["roots"]) * features.shape[1]))
        chunks = (features[start : start + rows] for start in range(0, features.shape[0], rows))
        return {"score": np.concatenate([_score(dense(chunk), model) for chunk in chunks])}

    return predict


def _grow(points: np.ndarray, nodes: list[_Node], rng: np.random.Generator) -> int:
    """Add the tree of `points` to `nodes` and return the number of its root."""
    low, high = points.min(axis=0), points.max(axis=0)
    sides = high - low
    number = len(nodes)
    nodes.append(_Node(low, high, len(points)))
    if sides.sum() > 0:
        dim = int(rng.choice(len(sides), p=sides / sides.sum()))
        value = rng.uniform(low[dim], high[dim])
        goes_left = points[:, dim] <= value
        if goes_left.all():  # the cut fell on the very upper side
            value = np.nextafter(high[dim], low[dim])
            goes_left = points[:, dim] <= value
        left = _grow(points[goes_left], nodes, rng)
        right = _grow(points[~goes_left], nodes, rng)
        nodes[number] = _Node(low, high, len(points), dim, value, left, right)
    return number


def _flatten(nodes: list[_Node], roots: list[int]) -> Model:
    columns = zip(*nodes, strict=True)
    return {
        **{name: np.array(column) for name, column in zip(_Node._fields, columns, strict=True)},
        "roots": np.array(roots),
    }


def _score(points: np.ndarray, model: Model) -> np.ndarray:
    """Return the mean score over the trees of each point, walking down all trees at once."""
    trees = len(model["roots"])
    node = np.tile(model["roots"], len(points))
    point = np.repeat(np.arange(len(points)), trees)
    score, remaining = np.zeros(len(node)), np.ones(len(node))
    active, depth = np.arange(len(node)), 0
    while active.size:
        here, values = node[active], points[point[active]]
        separated = _chance_of_separation(values, model["low"][here], model["high"][here])
        leaf = model["cut_dim"][here] == _LEAF
        inside = np.where(leaf, 1 / (depth + np.log2(model["mass"][here] + 1)), 0)
        score[active] += remaining[active] * (separated / (depth + 1) + (1 - separated) * inside)
        remaining[active] *= 1 - separated
        active, here, values = active[~leaf], here[~leaf], values[~leaf]
        dims = model["cut_dim"][here]
        goes_left = values[np.arange(len(here)), dims] <= model["cut_value"][here]
        node[active] = np.where(goes_left, model["left"][here], model["right"][here])
        depth += 1
    sizes = model["mass"][model["roots"]]
    return np.asarray((score.reshape(len(points), trees) * np.log2(sizes + 1)).mean(axis=1))


def _chance_of_separation(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the chance that a random cut of the box, grown to hold the point, falls between the two."""
    outside = np.maximum(values - high, 0) + np.maximum(low - values, 0)
    grown = outside.sum(axis=1)
    total = grown + (high - low).sum(axis=1)
    return np.asarray(grown / np.where(total > 0, total, 1))


def _report(task: Task, model: Model) -> None:
    """Log how well scores beyond three standard deviations find what the test channel labels 1."""
    test = task.held_out.get("test")
    if test is None:
        return
    if test.labels is None:
        raise ContainerError(
            "Channel 'test' has no labels; expected 1 for anomalies and 0 for others in each row"
        )
    train_scores = _scores_of(task.train, model)
    limit = train_scores.mean() + _DEVIATIONS * train_scores.std()
    found, truth = _scores_of(test, model) > limit, test.labels == 1
    hits = float((found & truth).sum())
    precision, recall = hits / max(found.sum(), 1), hits / max(truth.sum(), 1)
    values = {
        "accuracy": {"accuracy": float((found == truth).mean())},
        "precision_recall_fscore": {
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / max(precision + recall, 1e-12),
        },
    }
    for group in task.settings["eval_metrics"]:
        for name, value in values[group].items():
            task.report(f"test {name}", value, "score")


def _scores_of(rows: Rows, model: Model) -> np.ndarray:
    return np.asarray(predictor(model)(rows.features, MediaType("", {}))["score"])


CONTAINER = FirstParty(
    hyperparameters=(
        integer("feature_dim", at_least=1, at_most=10_000, required=True),
        integer("num_trees", 100, at_least=50, at_most=1000),
        integer("num_samples_per_tree", 256, at_least=1, at_most=2048),
        metrics(
            "eval_metrics", ("accuracy", "precision_recall_fscore"), ("accuracy", "precision_recall_fscore")
        ),
        integer("mini_batch_size", 1000, at_least=1),
    ),
    fit=fit,
    predictor=predictor,
    supervised=False,
    distributions={"train": "ShardedByS3Key", "test": "FullyReplicated"},
    wrapper="scores",
)
