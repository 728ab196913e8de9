"""K-Means as AWS describes its own: a stream of rows moves many centers, which are then shrunk to k.

See AWS's developer guide, "How K-Means Clustering Works": ``k * extra_center_factor`` centers are started
from the first rows, moved by mini-batches, weighted by the rows they stand for, and clustered by Lloyd's
iterations into k.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from sagemaker_spark_py.containers.first_party import FirstParty, Model, Predict, Task
from sagemaker_spark_py.containers.formats import CSV, JSON, JSON_LINES, RECORDIO, MediaType
from sagemaker_spark_py.containers.hyperparameters import choice, flag, integer, metrics, real
from sagemaker_spark_py.containers.rows import Columns, Matrix, dense, squared
from sagemaker_spark_py.errors import ContainerError

_LOG = logging.getLogger(__name__)
_SEED = 0
_AUTO_CENTER_FACTOR = 10  # what AWS's log says "auto" was evaluated to
_AUTO_TRIALS = 10  # as many attempts as AWS's log shows
_CHUNK_ROWS = 5000


def fit(task: Task) -> Model:
    """Return the k centers, float32 (k, d)."""
    settings, features = task.settings, task.train.features
    if task.train.count < settings["k"]:
        raise ContainerError(
            f"The number of training rows is smaller than k: {task.train.count} rows; expected at least "
            f"{settings['k']}. Reduce k or give more data."
        )
    rng = np.random.default_rng(_SEED)
    centers, weights = _stream(features, settings, rng)
    centers = _shrink(centers, weights, settings)
    _report(task, "train", features, centers)
    for name, rows in task.held_out.items():
        _report(task, name, rows.features, centers)
    return {"centers": centers.astype(np.float32)}


def predictor(model: Model) -> Predict:
    """Return a function from features to the closest center's number and the Euclidean distance to it."""
    centers = model["centers"].astype(np.float64)

    def predict(features: Matrix, accept: MediaType) -> Columns:
        closest, squares = _closest(features, centers)
        return {"closest_cluster": closest, "distance_to_cluster": np.sqrt(squares)}

    return predict


def _stream(
    features: Matrix, settings: dict[str, Any], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return many centers (K, d) and the (decayed) number of rows that each stands for."""
    batch_rows, half_life = settings["mini_batch_size"], settings["half_life_time_size"]
    centers = _initial_centers(features, settings, rng)
    weights = np.zeros(len(centers))
    for _ in range(settings["epochs"]):
        for batch in _batches(features, batch_rows):
            if half_life:
                weights *= 0.5 ** (batch.shape[0] / half_life)
            _move(centers, weights, batch)
    return centers, weights


def _initial_centers(features: Matrix, settings: dict[str, Any], rng: np.random.Generator) -> np.ndarray:
    factor = settings["extra_center_factor"]
    wanted = settings["k"] * (_AUTO_CENTER_FACTOR if factor == "auto" else factor)
    first = features[: max(settings["mini_batch_size"], wanted)]
    count = min(wanted, first.shape[0])
    if settings["init_method"] == "kmeans++":
        from sklearn.cluster import kmeans_plusplus

        centers, _ = kmeans_plusplus(first, count, random_state=_SEED)
    else:
        centers = first[np.sort(rng.choice(first.shape[0], count, replace=False))]
    return dense(centers)


def _move(centers: np.ndarray, weights: np.ndarray, batch: Matrix) -> None:
    """Move each center to the weighted mean of what it stood for and of its rows in `batch`, in place."""
    rows = batch.shape[0]
    closest, _ = _closest(batch, centers)
    members = sparse.csr_matrix((np.ones(rows), (closest, np.arange(rows))), shape=(len(centers), rows))
    counts = np.bincount(closest, minlength=len(centers))
    sums = dense(members @ batch) + centers * weights[:, None]
    weights += counts
    moved = counts > 0
    centers[moved] = sums[moved] / weights[moved, None]


def _shrink(centers: np.ndarray, weights: np.ndarray, settings: dict[str, Any]) -> np.ndarray:
    from sklearn.cluster import KMeans

    trials = settings["local_lloyd_num_trials"]
    _LOG.info("shrinking %d centers into %d", len(centers), settings["k"])
    if len(centers) == settings["k"]:
        return centers
    local = KMeans(
        settings["k"],
        init="k-means++" if settings["local_lloyd_init_method"] == "kmeans++" else "random",
        n_init=_AUTO_TRIALS if trials == "auto" else trials,
        max_iter=settings["local_lloyd_max_iter"],
        tol=settings["local_lloyd_tol"],
        random_state=_SEED,
    )
    shrunk: np.ndarray = local.fit(centers, sample_weight=weights).cluster_centers_
    return shrunk


def _report(task: Task, channel: str, features: Matrix, centers: np.ndarray) -> None:
    ssd = sum(float(_closest(batch, centers)[1].sum()) for batch in _batches(features, _CHUNK_ROWS))
    values = {"ssd": ssd, "msd": ssd / features.shape[0]}
    for name in task.settings["eval_metrics"]:
        task.report(f"{channel} {name}", values[name])


def _closest(features: Matrix, centers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each row's closest center and the squared Euclidean distance to it."""
    rows = features.astype(np.float64)
    partial = (centers * centers).sum(axis=1) - 2 * (rows @ centers.T)
    closest = partial.argmin(axis=1)
    norms = np.asarray(squared(rows).sum(axis=1)).ravel()
    return closest, np.maximum(partial[np.arange(len(closest)), closest] + norms, 0)


def _batches(features: Matrix, rows: int) -> Iterator[Matrix]:
    return (features[start : start + rows] for start in range(0, features.shape[0], rows))


CONTAINER = FirstParty(
    hyperparameters=(
        integer("feature_dim", at_least=1, required=True),
        integer("k", at_least=1, required=True),
        integer("mini_batch_size", 5000, at_least=1),
        integer("epochs", 1, at_least=1),
        choice("init_method", ("random", "kmeans++"), "random"),
        integer("extra_center_factor", "auto", at_least=1, words=("auto",)),
        integer("half_life_time_size", 0, at_least=0),
        choice("local_lloyd_init_method", ("random", "kmeans++"), "kmeans++"),
        integer("local_lloyd_max_iter", 300, at_least=1),
        integer("local_lloyd_num_trials", "auto", at_least=1, words=("auto",)),
        real("local_lloyd_tol", 0.0001, at_least=0, at_most=1),
        metrics("eval_metrics", ("msd", "ssd"), ("msd",)),
        flag("force_dense", True),  # undocumented, but AWS's SDK sends it
    ),
    fit=fit,
    predictor=predictor,
    supervised=False,
    response_types=(JSON, JSON_LINES, RECORDIO, CSV),
)
