"""What each image is exercised with: real data, every format that it takes and gives, and what is right."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from sklearn import cluster, datasets, decomposition, metrics, neighbors

from .harness import Answer, csv, decode_labels, recordio, sparse_recordio

Outputs = Mapping[str, np.ndarray]
Encoder = Callable[[np.ndarray, "np.ndarray | None"], bytes]

RECORDIO = "application/x-recordio-protobuf"
ASKED_ROWS = 40
TOPIC_ROWS = 120


@dataclass(frozen=True)
class Exercise:
    image: str
    hyperparameters: dict[str, str]
    features: np.ndarray
    labels: np.ndarray | None
    check: Callable[[Exercise, Outputs], None]
    required: str
    channel_distribution: str = "FullyReplicated"
    training: dict[str, list[Encoder]] = field(default_factory=dict)
    requests: dict[str, list[Encoder]] = field(default_factory=dict)
    responses: dict[str, Callable[[Answer], Outputs]] = field(default_factory=dict)
    refuses_accept: bool = True

    @property
    def training_labels(self) -> np.ndarray | None:
        return self.labels if self.takes_labels else None

    takes_labels: bool = True


def _json_instances(values: np.ndarray, labels: np.ndarray | None = None) -> bytes:
    """The three item forms in turn."""
    return json.dumps({"instances": [_item(i, row) for i, row in enumerate(values.tolist())]}).encode()


def _json_lines(values: np.ndarray, labels: np.ndarray | None = None) -> bytes:
    return "".join(json.dumps(_item(i, row)) + "\n" for i, row in enumerate(values.tolist())).encode()


def _item(index: int, row: list[float]) -> object:
    if index % 3 == 0:
        return {"features": row}
    if index % 3 == 1:
        return {"data": {"features": {"values": row}}}
    keys = [key for key, value in enumerate(row) if value]
    return {"data": {"features": {"keys": keys, "shape": [len(row)], "values": [row[key] for key in keys]}}}


def libsvm(values: np.ndarray, labels: np.ndarray | None = None) -> bytes:
    """0-based, with an entry for index 0 on each row, as our own serializer writes it."""
    given = np.zeros(len(values)) if labels is None else labels
    lines = (
        " ".join([f"{label:g}", *(f"{i}:{value!r}" for i, value in enumerate(row) if value or i == 0)])
        for label, row in zip(given, values.tolist(), strict=True)
    )
    return ("\n".join(lines) + "\n").encode()


def parquet(values: np.ndarray, labels: np.ndarray | None = None) -> bytes:
    columns = [labels, *values.T]
    table = pa.table({f"c{i}": column for i, column in enumerate(columns)})
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink)
    return sink.getvalue()


def _from_items(items: list[dict[str, object]]) -> Outputs:
    return {key: np.array([item[key] for item in items]) for key in items[0]}


def _read_json(wrapper: str) -> Callable[[Answer], Outputs]:
    def read(answer: Answer) -> Outputs:
        (key, items), *others = json.loads(answer.body).items()
        assert key == wrapper
        assert not others
        return _from_items(items)

    return read


def _read_json_lines(answer: Answer) -> Outputs:
    assert answer.text.endswith("\n")
    return _from_items([json.loads(line) for line in answer.text.splitlines()])


def _read_recordio(answer: Answer) -> Outputs:
    columns = decode_labels(answer.body)
    return {key: values[:, 0] if values.shape[1] == 1 else values for key, values in columns.items()}


def _read_csv(*keys: str) -> Callable[[Answer], Outputs]:
    def read(answer: Answer) -> Outputs:
        table = np.loadtxt(io.StringIO(answer.text), delimiter=",", ndmin=2)
        return dict(zip(keys, table.T, strict=True))

    return read


def _read_score_rows(answer: Answer) -> Outputs:
    table = np.loadtxt(io.StringIO(answer.text), delimiter=",", ndmin=2)
    return {"score": np.squeeze(table, axis=1) if table.shape[1] == 1 else table}


def _read_score_line(answer: Answer) -> Outputs:
    assert "\n" not in answer.text
    return {"score": np.array([float(value) for value in answer.text.split(",")])}


def _first_party(wrapper: str = "predictions", **changes: object) -> dict[str, object]:
    parts: dict[str, object] = {
        "training": {
            RECORDIO: [recordio, sparse_recordio],
            "text/csv": [csv],
        },
        "requests": {
            RECORDIO: [recordio, sparse_recordio],
            "text/csv": [csv],
            "text/csv; label_size=0": [csv],
            "application/json": [_json_instances],
            "application/jsonlines": [_json_lines],
        },
        "responses": {
            "application/json": _read_json(wrapper),
            "application/jsonlines": _read_json_lines,
            RECORDIO: _read_recordio,
        },
    }
    return {**parts, **changes}


def _unsupervised(**changes: object) -> dict[str, object]:
    training = {RECORDIO: [recordio, sparse_recordio], "text/csv;label_size=0": [csv]}
    return _first_party(**{"training": training, "takes_labels": False, **changes})


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    values, labels = datasets.load_digits(return_X_y=True)
    return values.astype(np.float32), labels.astype(np.float32)


@cache
def cancer() -> tuple[np.ndarray, np.ndarray]:
    values, labels = datasets.load_breast_cancer(return_X_y=True)
    return values.astype(np.float32), labels.astype(np.float32)


@cache
def _best_clusters() -> cluster.KMeans:
    return cluster.KMeans(10, n_init=4, random_state=0).fit(digits()[0])


def _check_kmeans(exercise: Exercise, outputs: Outputs) -> None:
    values, reference = exercise.features[:ASKED_ROWS], _best_clusters()
    best = np.linalg.norm(values - reference.cluster_centers_[reference.predict(values)], axis=1)
    assert (outputs["distance_to_cluster"] ** 2).mean() < 1.1 * (best**2).mean()
    assert metrics.homogeneity_score(exercise.labels[:ASKED_ROWS], outputs["closest_cluster"]) > 0.7


def _check_pca(exercise: Exercise, outputs: Outputs) -> None:
    reference = decomposition.PCA(5, random_state=0).fit(exercise.features)
    projected = reference.transform(exercise.features[:ASKED_ROWS])[:, ::-1]
    np.testing.assert_allclose(np.abs(outputs["projection"]), np.abs(projected), atol=1e-3)


def _check_labels(share: float) -> Callable[[Exercise, Outputs], None]:
    def check(exercise: Exercise, outputs: Outputs) -> None:
        assert (outputs["predicted_label"] == exercise.labels[:ASKED_ROWS]).mean() >= share

    return check


def _check_neighbours(exercise: Exercise, outputs: Outputs) -> None:
    reference = neighbors.KNeighborsClassifier(5).fit(exercise.features, exercise.labels)
    expected = reference.predict(exercise.features[:ASKED_ROWS])
    np.testing.assert_array_equal(outputs["predicted_label"], expected)


def _check_anomalies(exercise: Exercise, outputs: Outputs) -> None:
    assert metrics.roc_auc_score(exercise.labels[:ASKED_ROWS], outputs["score"]) > 0.9


@cache
def _topics() -> np.ndarray:
    allocation = decomposition.LatentDirichletAllocation(
        4, doc_topic_prior=0.25, max_iter=1000, evaluate_every=5, random_state=0
    )
    return allocation.fit(digits()[0][:TOPIC_ROWS]).transform(digits()[0][:ASKED_ROWS])


def _check_topics(exercise: Exercise, outputs: Outputs) -> None:
    expected = _topics()
    np.testing.assert_allclose(outputs["topic_mixture"], expected, atol=0.02)


def _check_booster(parameters: dict[str, object], rounds: int) -> Callable[[Exercise, Outputs], None]:
    def check(exercise: Exercise, outputs: Outputs) -> None:
        import xgboost

        trained = xgboost.train(parameters, xgboost.DMatrix(exercise.features, exercise.labels), rounds)
        expected = trained.predict(xgboost.DMatrix(exercise.features[:ASKED_ROWS]))
        np.testing.assert_allclose(outputs["score"], expected, atol=1e-5)

    return check


def _anomalies_first() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten zeros, and among the first rows a few other digits."""
    values, labels = digits()
    mixed = np.concatenate([values[labels != 0][:10], values[labels == 0]])
    return mixed, (np.arange(len(mixed)) < 10).astype(np.float32)


def _standardized() -> tuple[np.ndarray, np.ndarray]:
    values, labels = cancer()
    return ((values - values.mean(0)) / values.std(0)).astype(np.float32), labels


def _without_zeros() -> tuple[np.ndarray, np.ndarray]:
    """What a sparse format leaves out is missing to XGBoost, not zero: only such rows are the same in all."""
    values, labels = cancer()
    whole = (values != 0).all(axis=1)
    return values[whole], labels[whole]


_XGBOOST_TRAINING: dict[str, list[Encoder]] = {
    "text/csv": [csv],
    "csv": [csv],
    "text/libsvm": [libsvm],
    "text/x-libsvm": [libsvm],
    "libsvm": [libsvm],
    "application/x-parquet": [parquet],
    "parquet": [parquet],
    RECORDIO: [recordio, sparse_recordio],
    "recordio-protobuf": [recordio],
}
_IRIS, _IRIS_LABELS = (part.astype(np.float32) for part in datasets.load_iris(return_X_y=True))


def _make() -> list[Exercise]:
    anomalies, anomaly_labels = _anomalies_first()
    standardized, standardized_labels = _standardized()
    return [
        Exercise(
            "kmeans:1",
            {"k": "10", "feature_dim": "64"},
            *digits(),
            _check_kmeans,
            "k",
            **_unsupervised(
                responses={
                    "application/json": _read_json("predictions"),
                    "application/jsonlines": _read_json_lines,
                    RECORDIO: _read_recordio,
                    "text/csv": _read_csv("closest_cluster", "distance_to_cluster"),
                }
            ),
        ),
        Exercise(
            "pca:1",
            {"num_components": "5", "feature_dim": "64", "mini_batch_size": "500"},
            *digits(),
            _check_pca,
            "num_components",
            **_unsupervised(wrapper="projections"),
        ),
        Exercise(
            "linear-learner:1",
            {"predictor_type": "binary_classifier", "feature_dim": "30"},
            *cancer(),
            _check_labels(0.93),
            "predictor_type",
            **_first_party(),
        ),
        Exercise(
            "factorization-machines:1",
            {
                "feature_dim": "30",
                "num_factors": "3",
                "predictor_type": "binary_classifier",
                "epochs": "20",
                "mini_batch_size": "50",
                "linear_lr": "0.01",
                "factors_lr": "0.001",
            },
            standardized,
            standardized_labels,
            _check_labels(0.93),
            "num_factors",
            **_first_party(
                training={RECORDIO: [recordio, sparse_recordio]},
                requests={
                    RECORDIO: [recordio, sparse_recordio],
                    "application/json": [_json_instances],
                    "application/jsonlines": [_json_lines],
                },
            ),
        ),
        Exercise(
            "lda:1",
            {"num_topics": "4", "feature_dim": "64", "mini_batch_size": "200"},
            digits()[0][:TOPIC_ROWS],
            None,
            _check_topics,
            "num_topics",
            **_unsupervised(),
        ),
        Exercise(
            "knn:1",
            {"k": "5", "feature_dim": "64", "predictor_type": "classifier", "sample_size": "2000"},
            *digits(),
            _check_neighbours,
            "sample_size",
            **_first_party(),
        ),
        Exercise(
            "randomcutforest:1",
            {"feature_dim": "64", "num_trees": "50", "num_samples_per_tree": "64"},
            anomalies,
            anomaly_labels,
            _check_anomalies,
            "feature_dim",
            channel_distribution="ShardedByS3Key",
            **_unsupervised(wrapper="scores"),
        ),
        Exercise(
            "xgboost:1",
            {"num_round": "10", "objective": "binary:logistic"},
            *_without_zeros(),
            _check_booster({"objective": "binary:logistic"}, 10),
            "num_round",
            training=_XGBOOST_TRAINING,
            requests={"text/csv": [csv], "text/libsvm": [libsvm], "text/x-libsvm": [libsvm]},
            responses={"text/csv": _read_score_line},
            refuses_accept=False,
        ),
        Exercise(
            "sagemaker-xgboost:3.2-0",
            {"num_round": "10", "objective": "multi:softprob", "num_class": "3"},
            _IRIS,
            _IRIS_LABELS,
            _check_booster({"objective": "multi:softprob", "num_class": 3}, 10),
            "num_round",
            training=_XGBOOST_TRAINING,
            requests={
                "text/csv": [csv],
                "text/libsvm": [libsvm],
                "text/x-libsvm": [libsvm],
                RECORDIO: [recordio, sparse_recordio],
            },
            responses={"text/csv": _read_score_rows, "application/json": _read_json("predictions")},
        ),
    ]


EXERCISES = {exercise.image.partition(":")[0]: exercise for exercise in _make()}
