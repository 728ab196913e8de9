"""The XGBoost images in algorithm mode: XGBoost itself with AWS's channels, hyperparameters and log."""

from __future__ import annotations

import logging
import signal
from typing import Any

import numpy as np
import xgboost

from sagemaker_spark_py.containers import rendezvous, xgboost_serving
from sagemaker_spark_py.containers.job import Channel, Hosting, Job
from sagemaker_spark_py.containers.rows import from_arrays, to_arrays
from sagemaker_spark_py.containers.server import Handler
from sagemaker_spark_py.containers.xgboost_data import Examples, concatenate, read_examples
from sagemaker_spark_py.containers.xgboost_metrics import custom_metric
from sagemaker_spark_py.containers.xgboost_settings import (
    CONTAINER_METRICS,
    CONTAINER_ONLY,
    RECORDIO,
    TRAINING_TYPES,
    check_channels,
    read_settings,
)
from sagemaker_spark_py.errors import ContainerError

_LOG = logging.getLogger(__name__)
MODEL_FILE = "xgboost-model"


class XGBoost:
    """The container of every XGBoost tag."""

    def train(self, job: Job) -> None:
        """Train and write the booster; hosts that do not lead only hand over their data."""
        settings = read_settings(job.hyperparameters)
        check_channels(job.channels)
        # the images read the validation channel in the train channel's format too
        kind = TRAINING_TYPES[job.channels["train"].content_type or "text/libsvm"]
        channels = [job.channels[name] for name in ("train", "validation") if name in job.channels]
        examples = {
            channel.name: _gather(job, channel, kind, bool(settings.get("csv_weights")))
            for channel in channels
        }
        if not job.leads:
            _LOG.info("%s handed its data to %s", job.host, job.hosts[0])
            return
        try:
            matrices = {name: _matrix(job, name, parts) for name, parts in examples.items()}
            booster = _boost(settings, matrices)
        except xgboost.core.XGBoostError as error:
            first_line = str(error).splitlines()[0]
            raise ContainerError(f"XGB train call failed with exception:\n {first_line}") from error
        job.model_dir.mkdir(parents=True, exist_ok=True)
        # by save_raw, because save_model tells the format from an extension, which this name has not
        (job.model_dir / MODEL_FILE).write_bytes(booster.save_raw("ubj"))

    def load(self, hosting: Hosting) -> Handler:
        """Return the handler that answers with the hosted booster."""
        return xgboost_serving.load(hosting)


def _gather(job: Job, channel: Channel, kind: str, csv_weights: bool) -> list[Examples]:
    """Return the examples of a channel that the leading host trains on; none at the others."""
    sharded = channel.distribution == "ShardedByS3Key" and len(job.hosts) > 1
    if not job.leads and not sharded:
        return []
    # only the train channel has weights, as in the images
    own = read_examples(channel, kind, csv_weights and channel.name == "train")
    if kind == RECORDIO:
        habits = xgboost_serving.Habits.of(job.tag)
        for part in own:
            xgboost_serving.check_records(part.rows.features, habits)
    if not sharded:
        return own
    if not job.leads:
        rendezvous.hand_over(job, channel.name, _to_arrays(concatenate(own)) if own else {})
        return []
    others = (_from_arrays(arrays) for arrays in rendezvous.collect(job, channel.name) if arrays)
    return [*own, *others]


def _to_arrays(examples: Examples) -> dict[str, np.ndarray]:
    weights = {} if examples.weights is None else {"weights": examples.weights}
    return {**to_arrays(examples.rows), **weights}


def _from_arrays(arrays: rendezvous.Arrays) -> Examples:
    return Examples(from_arrays(arrays), arrays.get("weights"))


def _matrix(job: Job, name: str, parts: list[Examples]) -> xgboost.DMatrix:
    if not parts:
        path = "training" if name == "train" else name
        raise ContainerError(f"No data in {path} channel path {job.channels[name].folder}")
    examples = concatenate(parts)
    rows = examples.rows
    _LOG.info("%s matrix has %d rows and %d columns", name.capitalize(), rows.count, rows.dim)
    return xgboost.DMatrix(rows.features, label=rows.labels, weight=examples.weights)


def _boost(settings: dict[str, Any], matrices: dict[str, xgboost.DMatrix]) -> xgboost.Booster:
    parameters = {name: value for name, value in settings.items() if name not in CONTAINER_ONLY}
    if "updater" in parameters:
        parameters["updater"] = ",".join(parameters["updater"])
    metrics = _metrics(settings)
    added = [name for name in metrics if name in CONTAINER_METRICS]
    native = [name for name in metrics if name not in CONTAINER_METRICS]
    if native:
        parameters["eval_metric"] = native
    elif added:
        parameters["disable_default_eval_metric"] = 1
    log = _Log(stops=settings.get("save_model_on_termination") == "true")
    return xgboost.train(
        parameters,
        matrices["train"],
        num_boost_round=settings["num_round"],
        evals=[(matrix, name) for name, matrix in matrices.items()],
        custom_metric=custom_metric(added, settings.get("objective", "")) if added else None,
        early_stopping_rounds=settings.get("early_stopping_rounds"),
        verbose_eval=False,
        callbacks=[log],
    )


def _metrics(settings: dict[str, Any]) -> list[str]:
    """Return eval_metric and the metric that a tuning job optimizes, ``validation:<name>``."""
    names = list(settings.get("eval_metric", ()))
    tuned = settings.get("_tuning_objective_metric", "").partition(":")[2]
    return names if not tuned or tuned in names else [*names, tuned]


class _Log(xgboost.callback.TrainingCallback):
    """Logs one line per round as AWS's log shows it, ``[0]#011train-rmse:8.09#011validation-rmse:8.12``.

    With `stops`, SIGTERM ends the training after the round, so that the trees so far are saved.
    """

    def __init__(self, stops: bool) -> None:
        self._stopped = False
        if stops:
            signal.signal(signal.SIGTERM, self._stop)

    def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, dict[str, Any]]) -> bool:
        """Log the round; return whether to stop."""
        scores = "".join(
            f"#011{name}-{metric}:{values[-1]:.5f}"
            for name, metrics in evals_log.items()
            for metric, values in metrics.items()
        )
        _LOG.info("[%d]%s", epoch, scores)
        return self._stopped

    def _stop(self, *_: object) -> None:
        self._stopped = True


CONTAINER = XGBoost()
