"""k nearest neighbours, found exactly.

AWS's image builds a faiss index. Here all three index types search exactly, so the approximate ones differ
from AWS's by being right more often; their own hyperparameters are only checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sagemaker_spark_py.containers.first_party import FirstParty, Model, Predict, Task
from sagemaker_spark_py.containers.formats import MediaType
from sagemaker_spark_py.containers.hyperparameters import FIRST_PARTY, choice, integer
from sagemaker_spark_py.containers.rows import Columns, Matrix, dense
from sagemaker_spark_py.errors import ContainerError

_SEED = 0
_CHUNK_NUMBERS = 16_000_000  # distances held at once: 128 MB
_METRICS = ("L2", "INNER_PRODUCT", "COSINE")
_PQ_M = ("1", "2", "3", "4", "8", "12", "16", "20", "24", "28", "32", "40", "48", "56", "64", "96")


def fit(task: Task) -> Model:
    """Return the sampled rows, projected where that is asked for, and their labels."""
    settings = task.settings
    _check(task)
    rng = np.random.default_rng(_SEED)
    projection = _projection(settings, rng)
    count = min(settings["sample_size"], task.train.count)
    sample = np.sort(rng.choice(task.train.count, count, replace=False))
    model = {
        "points": _project(task.train.features[sample], projection).astype(np.float32),
        "labels": np.asarray(task.train.labels)[sample],
        "projection": projection,
        "k": np.array(settings["k"]),
        "metric": np.array(_METRICS.index(settings["index_metric"])),
        "classifies": np.array(settings["predictor_type"] == "classifier"),
    }
    _report(task, model)
    return model


def predictor(model: Model) -> Predict:
    """Return a function from features to the neighbours' label, with ``verbose=true`` also the neighbours."""
    vote = _most_frequent if model["classifies"] else _mean

    def predict(features: Matrix, accept: MediaType) -> Columns:
        distances, labels = _neighbours(_project(features, model["projection"]), model)
        columns = {"predicted_label": vote(labels)}
        if accept.parameters.get("verbose", "").lower() == "true":
            columns.update(distances=distances, labels=labels)
        return columns

    return predict


def _check(task: Task) -> None:
    settings = task.settings
    if settings["k"] > min(settings["sample_size"], task.train.count):
        raise ContainerError(
            f"k is {settings['k']}, but sample_size is {settings['sample_size']} and there are "
            f"{task.train.count} rows; expected at most as many neighbours as sampled rows"
        )
    if settings["index_type"] == "faiss.IVFPQ" and settings["index_metric"] != "L2":
        raise ContainerError(
            f"index_metric {settings['index_metric']} is not supported with faiss.IVFPQ; expected L2"
        )
    kind, target = settings["dimension_reduction_type"], settings["dimension_reduction_target"]
    if kind is not None and target is None:
        raise ContainerError(FIRST_PARTY.missing(["dimension_reduction_target"]))
    if kind is not None and target >= settings["feature_dim"]:
        raise ContainerError(
            f"dimension_reduction_target is {target}; expected less than feature_dim, "
            f"{settings['feature_dim']}"
        )


def _projection(settings: dict[str, Any], rng: np.random.Generator) -> np.ndarray:
    """Return a (d, target) random projection that keeps distances, or an empty array for none."""
    dim, target = settings["feature_dim"], settings["dimension_reduction_target"]
    if settings["dimension_reduction_type"] == "sign":
        return np.asarray(rng.choice([-1.0, 1.0], (dim, target)) / np.sqrt(target))
    if settings["dimension_reduction_type"] == "fjlt":
        return _fast_johnson_lindenstrauss(dim, target, rng)
    return np.empty((0, 0))


def _fast_johnson_lindenstrauss(dim: int, target: int, rng: np.random.Generator) -> np.ndarray:
    """Return random signs, a Hadamard transform and a sample of its outputs, as one (dim, target) matrix."""
    from scipy.linalg import hadamard

    size = 1 << (dim - 1).bit_length()
    mixed = hadamard(size)[:dim] * rng.choice([-1.0, 1.0], (dim, 1))
    return np.asarray(mixed[:, rng.choice(size, target, replace=False)] / np.sqrt(target))


def _project(features: Matrix, projection: np.ndarray) -> np.ndarray:
    return np.asarray(features @ projection) if projection.size else dense(features)


def _neighbours(queries: np.ndarray, model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Return distances, ascending, and labels of the k nearest points of each query: both (n, k)."""
    k = int(model["k"])
    found = [_nearest(part, model, k) for part in _chunks(queries, len(model["points"]))]
    distances, indices = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return distances, model["labels"][indices]


def _nearest(queries: np.ndarray, model: Model, k: int) -> tuple[np.ndarray, np.ndarray]:
    distances = _DISTANCES[_METRICS[int(model["metric"])]](
        queries.astype(np.float64), model["points"].astype(np.float64)
    )
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, nearest, axis=1), nearest


def _squared_euclidean(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    """As faiss reports L2: squared."""
    squares = (queries * queries).sum(axis=1)[:, None] + (points * points).sum(axis=1)
    return np.asarray(np.maximum(squares - 2 * queries @ points.T, 0))


def _inner_product(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.asarray(-(queries @ points.T))


def _cosine(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(points, axis=1)
    return np.asarray(1 - queries @ points.T / np.where(norms > 0, norms, 1))


_DISTANCES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "L2": _squared_euclidean,
    "INNER_PRODUCT": _inner_product,
    "COSINE": _cosine,
}


def _chunks(queries: np.ndarray, points: int) -> Iterator[np.ndarray]:
    rows = max(1, _CHUNK_NUMBERS // points)
    return (queries[start : start + rows] for start in range(0, len(queries), rows))


def _most_frequent(labels: np.ndarray) -> np.ndarray:
    """Return each row's most frequent label; among equals the smallest."""
    classes, codes = np.unique(labels, return_inverse=True)
    votes = np.apply_along_axis(np.bincount, 1, codes.reshape(labels.shape), minlength=len(classes))
    return np.asarray(classes[votes.argmax(axis=1)])


def _mean(labels: np.ndarray) -> np.ndarray:
    return np.asarray(labels.mean(axis=1))


def _report(task: Task, model: Model) -> None:
    predict = predictor(model)
    for channel, rows in task.held_out.items():
        predicted = predict(rows.features, MediaType("", {}))["predicted_label"]
        if model["classifies"]:
            task.report(f"{channel} accuracy", float((predicted == rows.labels).mean()), "score")
        else:
            task.report(f"{channel} mse", float(((predicted - rows.labels) ** 2).mean()))


CONTAINER = FirstParty(
    hyperparameters=(
        integer("feature_dim", at_least=1, required=True),
        integer("k", at_least=1, required=True),
        choice("predictor_type", ("classifier", "regressor"), required=True),
        integer("sample_size", at_least=1, required=True),
        choice("dimension_reduction_type", ("sign", "fjlt")),
        integer("dimension_reduction_target", at_least=1),
        choice("index_type", ("faiss.Flat", "faiss.IVFFlat", "faiss.IVFPQ"), "faiss.Flat"),
        choice("index_metric", _METRICS, "L2"),
        integer("faiss_index_ivf_nlists", "auto", at_least=1, words=("auto",)),
        choice("faiss_index_pq_m", _PQ_M),
        integer("mini_batch_size", 5000, at_least=1),
    ),
    fit=fit,
    predictor=predictor,
    supervised=True,
)
