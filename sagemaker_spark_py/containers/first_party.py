"""What AWS's first-party algorithms share: reading, checking, saving, serving."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from sagemaker_spark_py.containers import data, hyperparameters
from sagemaker_spark_py.containers.formats import (
    CSV,
    JSON,
    JSON_LINES,
    RECORDIO,
    MediaType,
    choose_accept,
    decode_request,
    encode_response,
)
from sagemaker_spark_py.containers.hyperparameters import Hyperparameter, unexpected
from sagemaker_spark_py.containers.job import Hosting, Job
from sagemaker_spark_py.containers.rendezvous import load_arrays, save_arrays
from sagemaker_spark_py.containers.rows import Columns, Matrix, Rows
from sagemaker_spark_py.containers.server import Handler, Request, Response
from sagemaker_spark_py.errors import ContainerError

_LOG = logging.getLogger(__name__)
MODEL_FILE = "model_algo-1"

Model = dict[str, np.ndarray]
"""A trained model: plain arrays, saved as ``.npz`` in `MODEL_FILE`."""

Predict = Callable[[Matrix, MediaType], Columns]
"""Features (n, d) and the accepted media type (for its parameters) to output columns."""


@dataclass(frozen=True)
class Task:
    """What an algorithm is given to train on.

    Attributes
    ----------
    settings : dict of str to Any
        Every declared hyperparameter's value.
    train : Rows
        All training rows of all hosts, at least one.
    held_out : dict of str to Rows
        The other channels that the job has, by name.
    host : str
        This host, for the log.
    """

    settings: dict[str, Any]
    train: Rows
    held_out: dict[str, Rows]
    host: str

    def report(self, metric: str, value: float, kind: str = "loss") -> None:
        """Log one metric in the line that AWS's metric definitions match: ``... train msd <loss>=1.5``."""
        _LOG.info("#quality_metric: host=%s, %s <%s>=%s", self.host, metric, kind, float(value))


@dataclass(frozen=True)
class FirstParty:
    """One first-party algorithm as a container.

    Attributes
    ----------
    hyperparameters : tuple of Hyperparameter
        All that it knows. ``feature_dim`` is among them.
    fit : callable
        Task to model.
    predictor : callable
        Model to its predict function.
    supervised : bool
        Whether training rows need a label.
    optional_channels : tuple of str
        Channels besides ``train``.
    distributions : dict of str to str
        Channels that must be distributed in one way only.
    training_types, request_types, response_types : tuple of str
        Media types taken and given; the first response type answers a request without Accept.
    float32_only : bool
        Whether training records must hold Float32 tensors.
    wrapper : str
        Key of the list in a JSON response.
    """

    hyperparameters: tuple[Hyperparameter, ...]
    fit: Callable[[Task], Model]
    predictor: Callable[[Model], Predict]
    supervised: bool
    optional_channels: tuple[str, ...] = ("test",)
    distributions: Mapping[str, str] = field(default_factory=dict)
    training_types: tuple[str, ...] = (RECORDIO, CSV)
    request_types: tuple[str, ...] = (RECORDIO, CSV, JSON, JSON_LINES)
    response_types: tuple[str, ...] = (JSON, JSON_LINES, RECORDIO)
    float32_only: bool = False
    wrapper: str = "predictions"

    def train(self, job: Job) -> None:
        """Train and write the model; hosts that do not lead only hand over their data."""
        settings = hyperparameters.parse(self.hyperparameters, job.hyperparameters)
        self._check_channels(job)
        held_out = {
            name: data.gather(job, channel, self.training_types, self.float32_only)
            for name, channel in sorted(job.channels.items())
        }
        if not job.leads:
            _LOG.info("%s handed its data to %s", job.host, job.hosts[0])
            return
        wanted = settings["feature_dim"]
        dim = held_out["train"].dim if wanted == "auto" else wanted
        for name, rows in held_out.items():
            self._check_rows(name, rows, dim)
        train = held_out.pop("train")
        started = time.perf_counter()
        model = self.fit(Task(settings, train, held_out, job.host))
        save_arrays(job.model_dir / MODEL_FILE, {**model, "feature_dim": np.array(train.dim)})
        rate = train.count / (time.perf_counter() - started)
        _LOG.info("#progress_metric: host=%s, completed 100.0 %% of epochs", job.host)
        _LOG.info("#throughput_metric: host=%s, train throughput=%s records/second", job.host, rate)

    def load(self, hosting: Hosting) -> Handler:
        """Return the handler that answers with the hosted model."""
        path = hosting.model_dir / MODEL_FILE
        if not path.exists():
            raise ContainerError(f"there is no model: {MODEL_FILE} is missing; expected it in the artifact")
        model = load_arrays(path)
        dim = int(model["feature_dim"])
        predict = self.predictor(model)

        def handle(request: Request) -> Response:
            features = decode_request(request.body, request.content_type, self.request_types)
            accept = choose_accept(request.accept, self.response_types)
            _check_request(features, dim)
            body = encode_response(predict(features, accept), accept.name, self.wrapper)
            return Response(body, accept.name)

        return handle

    def _check_channels(self, job: Job) -> None:
        if "train" not in job.channels:
            raise _bad_channels("'train' is a required property")
        unknown = sorted(set(job.channels) - {"train", *self.optional_channels})
        if unknown:
            raise _bad_channels(f"Additional properties are not allowed ({unexpected(unknown)})")
        for name, distribution in self.distributions.items():
            if name in job.channels and job.channels[name].distribution != distribution:
                found = job.channels[name].distribution
                raise _bad_channels(f"'{found}' is not one of ['{distribution}'] for channel '{name}'")

    def _check_rows(self, name: str, rows: Rows, dim: int) -> None:
        if not rows.count:
            raise ContainerError(
                f"No data processed from channel '{name}'. Either the channel is empty or all of its files "
                "are; verify that it contains non-empty files."
            )
        if rows.dim != dim:
            raise ContainerError(
                f"Unable to read data channel '{name}': its rows have {rows.dim} features, but feature_dim "
                f"is {dim}. Set the hyperparameter to the data's number, or check the CSV's label_size."
            )
        if self.supervised and (rows.labels is None or rows.labels.ndim != 1):
            raise ContainerError(
                f"Unable to read data channel '{name}': its rows have no label; expected one each"
            )
        if not _finite(rows.features) or not (rows.labels is None or np.isfinite(rows.labels).all()):
            raise ContainerError(
                f"Unable to read data channel '{name}': it contains values that are not finite"
            )


def _bad_channels(cause: str) -> ContainerError:
    return ContainerError(
        "Unable to initialize the algorithm. Failed to validate input data configuration. "
        f"(caused by ValidationError)\n\nCaused by: {cause}"
    )


def _check_request(features: Matrix, dim: int) -> None:
    if features.shape[1] != dim:
        raise ContainerError(
            "unable to evaluate payload provided: "
            f"rows have {features.shape[1]} features, but the model was trained with {dim}"
        )
    if not _finite(features):
        raise ContainerError("unable to evaluate payload provided: it contains values that are not finite")


def _finite(features: Matrix) -> bool:
    return bool(np.isfinite(features.data if sparse.issparse(features) else features).all())
