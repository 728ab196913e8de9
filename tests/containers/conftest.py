from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: small data is slowed down by more

import numpy as np
import pytest

from sagemaker_spark_py.containers.first_party import FirstParty, Model, Task
from sagemaker_spark_py.containers.formats import MediaType
from sagemaker_spark_py.containers.hyperparameters import parse
from sagemaker_spark_py.containers.rows import Matrix, Rows

Fit = Callable[..., Model]
Ask = Callable[..., dict[str, np.ndarray]]


@pytest.fixture
def fit() -> Fit:
    """Train an algorithm on arrays, with hyperparameters of any type."""

    def train(
        container: FirstParty,
        features: Matrix,
        labels: np.ndarray | None = None,
        held_out: dict[str, Rows] | None = None,
        **hyperparameters: object,
    ) -> Model:
        texts = {name: str(value) for name, value in hyperparameters.items()}
        if any(entry.name == "feature_dim" for entry in container.hyperparameters):
            texts.setdefault("feature_dim", str(features.shape[1]))
        settings = parse(container.hyperparameters, texts)
        rows = Rows(features.astype(np.float32), None if labels is None else labels.astype(np.float32))
        return container.fit(Task(settings, rows, held_out or {}, "algo-1"))

    return train


@pytest.fixture
def ask() -> Ask:
    """Ask a model, with an Accept."""

    def predict(
        container: FirstParty, model: Model, features: Matrix, accept: str = "application/json"
    ) -> dict[str, np.ndarray]:
        return dict(container.predictor(model)(features.astype(np.float32), MediaType.parse(accept)))

    return predict
