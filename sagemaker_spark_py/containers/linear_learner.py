"""Linear learner: binary classification, multiclass classification and regression.

Hyperparameters that say *what* is minimized or chosen (loss and its parameters, l1, wd, scaling, weights of
examples, threshold criterion, epochs, early stopping) have AWS's meaning. Those that say *how* AWS's
stochastic optimizers get there (optimizer, learning rates and schedule, momenta, mini_batch_size,
num_models, bias_lr_mult) are checked only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from sagemaker_spark_py.containers.first_party import FirstParty, Model, Predict, Task
from sagemaker_spark_py.containers.formats import MediaType
from sagemaker_spark_py.containers.hyperparameters import FIRST_PARTY, choice, flag, integer, real
from sagemaker_spark_py.containers.linear_losses import ALLOWED, AUTO, NAMES, LossFunction, choose
from sagemaker_spark_py.containers.linear_scores import (
    CRITERIA,
    best_threshold,
    binary_metrics,
    multiclass_metrics,
)
from sagemaker_spark_py.containers.linear_solver import Linear, Objective, Scaling, minimize
from sagemaker_spark_py.containers.rows import Columns, Matrix, Rows, squared
from sagemaker_spark_py.errors import ContainerError

_SEED = 0
_AUTO_WD = 1e-4
_TYPES = ("binary_classifier", "multiclass_classifier", "regressor")
_AUTO = ("auto",)


def fit(task: Task) -> Model:
    """Return weights (d, c), bias (c,), the kind of predictor and the threshold."""
    settings = task.settings
    loss_name = _loss_name(settings)
    _check_labels(task)
    linear = _solve(task, choose(loss_name, settings["predictor_type"], settings), loss_name)
    shift, stretch = _label_scaling(task)
    model = {
        "weights": linear.weights * stretch,
        "bias": linear.bias * stretch + shift,
        "predictor": np.array(_TYPES.index(settings["predictor_type"])),
        "raw_scores": np.array(loss_name == "hinge_loss"),
        "threshold": np.array(0.0 if loss_name == "hinge_loss" else 0.5),
    }
    if settings["predictor_type"] == "binary_classifier":
        model["threshold"] = np.array(_calibrate(task, model))
    _report(task, model)
    return model


def predictor(model: Model) -> Predict:
    """Return a function from features to ``score`` and, for classifiers, ``predicted_label``."""

    def predict(features: Matrix, accept: MediaType) -> Columns:
        scores = _scores(features, model)
        if _TYPES[int(model["predictor"])] == "regressor":
            return {"score": scores}
        if scores.ndim == 1:
            return {"score": scores, "predicted_label": scores >= model["threshold"]}
        return {"score": scores, "predicted_label": scores.argmax(axis=1)}

    return predict


def _loss_name(settings: dict[str, Any]) -> str:
    kind, name = settings["predictor_type"], settings["loss"]
    if name == "auto":
        return AUTO[kind]
    if name not in ALLOWED[kind]:
        raise ContainerError(
            f"loss is '{name}', which predictor_type '{kind}' does not take; expected one of: auto, "
            f"{', '.join(ALLOWED[kind])}"
        )
    return str(name)


def _check_labels(task: Task) -> None:
    kind, classes = task.settings["predictor_type"], task.settings["num_classes"]
    if kind == "regressor":
        return
    if kind == "multiclass_classifier" and classes is None:
        raise ContainerError(FIRST_PARTY.missing(["num_classes"]))
    largest = 1 if kind == "binary_classifier" else classes - 1
    for channel, rows in {"train": task.train, **task.held_out}.items():
        labels = np.asarray(rows.labels)
        wrong = labels[(labels < 0) | (labels > largest) | (labels % 1 != 0)]
        if wrong.size:
            raise ContainerError(
                f"Channel '{channel}' has the label {wrong[0]:g}, which {kind} does not take; expected whole "
                f"numbers from 0 to {largest}"
            )


def _solve(task: Task, loss: LossFunction, loss_name: str) -> Linear:
    settings = task.settings
    classes = settings["num_classes"] if settings["predictor_type"] == "multiclass_classifier" else 1
    wd = _AUTO_WD if settings["wd"] == "auto" else settings["wd"]
    bias_wd_mult = 0.0 if settings["bias_wd_mult"] == "auto" else settings["bias_wd_mult"]
    objective = Objective(
        features=task.train.features,
        labels=_targets(task, task.train),
        row_weights=_row_weights(task),
        loss=loss,
        classes=classes,
        scaling=_feature_scaling(task),
        wd=wd,
        bias_wd=wd * bias_wd_mult,
        use_bias=settings["use_bias"],
    )
    l1 = 0.0 if settings["l1"] == "auto" else settings["l1"]
    watch = _stopping(task, loss, loss_name)
    return minimize(objective, _start(settings, task.train.dim, classes), l1, settings["epochs"], watch)


def _stopping(task: Task, loss: LossFunction, loss_name: str) -> Callable[[int, Linear], bool]:
    """Return a callback that logs each epoch's losses and tells when the last one has stopped to fall.

    That is the loss on the validation channel where there is one, else the loss on the training data.
    """
    settings = task.settings
    name = f"{_LOSS_METRICS.get(loss_name, loss_name)}_objective"
    best, stale = np.inf, 0

    def after_epoch(epoch: int, linear: Linear) -> bool:
        nonlocal best, stale
        for channel in ("train", "validation"):
            rows = task.train if channel == "train" else task.held_out.get(channel)
            if rows is not None:
                value = float(loss(linear.scores(rows.features), _targets(task, rows)).values.mean())
                task.report(f"epoch={epoch}, {channel} {name}", value)
        better = not np.isfinite(best) or best - value > settings["early_stopping_tolerance"] * abs(best)
        stale = 0 if better else stale + 1
        best = min(best, value)
        return bool(stale >= settings["early_stopping_patience"])

    return after_epoch


def _targets(task: Task, rows: Rows) -> np.ndarray:
    """Return labels as the solver sees them: scaled for regressors."""
    shift, stretch = _label_scaling(task)
    return (np.asarray(rows.labels, dtype=np.float64) - shift) / stretch


def _feature_scaling(task: Task) -> Scaling:
    """Return mean and scale by the first num_point_for_scaler rows; (0, 1) where data is not normalized."""
    settings, dim = task.settings, task.train.dim
    sample = task.train.features[: settings["num_point_for_scaler"]]
    mean = np.asarray(sample.astype(np.float64).mean(axis=0)).ravel()
    variance = np.asarray(squared(sample.astype(np.float64)).mean(axis=0)).ravel() - mean**2
    scale = np.sqrt(np.maximum(variance, 0))
    unbiased = settings["use_bias"] and settings["unbias_data"] in ("auto", True)
    normalized = settings["normalize_data"] in ("auto", True)
    return Scaling(
        mean if unbiased else np.zeros(dim),
        np.where(scale > 1e-12, scale, 1.0) if normalized else np.ones(dim),
    )


def _label_scaling(task: Task) -> tuple[float, float]:
    """Return what is subtracted from labels and what they are then divided by; (0, 1) for classifiers."""
    settings = task.settings
    if settings["predictor_type"] != "regressor":
        return 0.0, 1.0
    sample = np.asarray(task.train.labels, dtype=np.float64)[: settings["num_point_for_scaler"]]
    unbiased = settings["use_bias"] and settings["unbias_label"] in ("auto", True)
    normalized = settings["normalize_label"] in ("auto", True)
    spread = float(sample.std()) if normalized else 1.0
    return float(sample.mean()) if unbiased else 0.0, spread if spread > 0 else 1.0


def _row_weights(task: Task) -> np.ndarray:
    """Return the weight of each training row's loss."""
    settings, labels = task.settings, np.asarray(task.train.labels)
    if settings["predictor_type"] == "binary_classifier":
        weight = settings["positive_example_weight_mult"]
        if weight == "balanced":
            weight = (labels == 0).sum() / max((labels == 1).sum(), 1)
        return np.where(labels == 1, 1.0 if weight == "auto" else weight, 1.0)
    if settings["predictor_type"] == "multiclass_classifier" and settings["balance_multiclass_weights"]:
        counts = np.bincount(labels.astype(np.intp), minlength=settings["num_classes"])
        return np.asarray(1.0 / counts[labels.astype(np.intp)])
    return np.ones(len(labels))


def _start(settings: dict[str, Any], dim: int, classes: int) -> np.ndarray:
    rng = np.random.default_rng(_SEED)
    scale, sigma = settings["init_scale"], settings["init_sigma"]
    normal = settings["init_method"] == "normal"
    weights = rng.normal(0, sigma, (dim, classes)) if normal else rng.uniform(-scale, scale, (dim, classes))
    return np.concatenate([weights.ravel(), np.full(classes, settings["init_bias"])])


def _scores(features: Matrix, model: Model) -> np.ndarray:
    """Return (n,) or (n, classes) scores: probabilities where the loss gives them, else raw."""
    raw = Linear(model["weights"], model["bias"]).scores(features)
    kind = _TYPES[int(model["predictor"])]
    if kind != "multiclass_classifier":
        raw = raw[:, 0]
    if kind == "regressor" or model["raw_scores"]:
        return raw
    return np.asarray(expit(raw) if kind == "binary_classifier" else softmax(raw, axis=1))


def _calibrate(task: Task, model: Model) -> float:
    rows = task.held_out.get("validation", task.train)
    wanted = task.settings["num_calibration_samples"]
    count = rows.count if wanted == "auto" else min(wanted, rows.count)
    scores = _scores(rows.features[:count], model)
    labels = np.asarray(rows.labels)[:count]
    return best_threshold(scores, labels, float(model["threshold"]), task.settings)


def _report(task: Task, model: Model) -> None:
    for channel, rows in {"train": task.train, **task.held_out}.items():
        for name, value in _metrics(task.settings, rows, model).items():
            task.report(
                f"{channel} {name}", value, "loss" if name in ("mse", "absolute_loss", "rmse") else "score"
            )


def _metrics(settings: dict[str, Any], rows: Rows, model: Model) -> dict[str, float]:
    scores, labels = _scores(rows.features, model), np.asarray(rows.labels, dtype=np.float64)
    if settings["predictor_type"] == "binary_classifier":
        return binary_metrics(scores, labels, float(model["threshold"]), settings["f_beta"])
    if settings["predictor_type"] == "multiclass_classifier":
        return multiclass_metrics(scores, labels, settings["accuracy_top_k"], settings["f_beta"])
    error = scores - labels
    mse = float((error**2).mean())
    return {"mse": mse, "rmse": mse**0.5, "absolute_loss": float(np.abs(error).mean())}


_LOSS_METRICS = {
    "logistic": "binary_classification_cross_entropy",
    "softmax_loss": "multiclass_cross_entropy",
    "squared_loss": "mse",
}

CONTAINER = FirstParty(
    hyperparameters=(
        choice("predictor_type", _TYPES, required=True),
        integer("feature_dim", "auto", at_least=1, words=_AUTO),
        integer("num_classes", at_least=3, at_most=1_000_000),
        integer("mini_batch_size", 1000, at_least=1),
        integer("epochs", 15, at_least=1),
        choice("loss", NAMES, "auto"),
        flag("use_bias", True),
        flag("normalize_data", True, words=_AUTO),
        flag("normalize_label", "auto", words=_AUTO),
        flag("unbias_data", "auto", words=_AUTO),
        flag("unbias_label", "auto", words=_AUTO),
        integer("num_point_for_scaler", 10_000, at_least=1),
        real("wd", "auto", at_least=0, words=_AUTO),
        real("l1", "auto", at_least=0, words=_AUTO),
        real("bias_wd_mult", "auto", at_least=0, words=_AUTO),
        real("margin", 1.0, above=0),
        real("quantile", 0.5, above=0, below=1),
        real("loss_insensitivity", 0.01, above=0),
        real("huber_delta", 1.0, above=0),
        real("positive_example_weight_mult", 1.0, above=0, words=("auto", "balanced")),
        flag("balance_multiclass_weights", False),
        choice("binary_classifier_model_selection_criteria", CRITERIA, "accuracy"),
        real("target_precision", 0.8, above=0, below=1),
        real("target_recall", 0.8, above=0, below=1),
        real("f_beta", 1.0, above=0),
        integer("accuracy_top_k", 3, at_least=1),
        integer("num_calibration_samples", "auto", at_least=1, words=_AUTO),
        integer("early_stopping_patience", 3, at_least=1),
        real("early_stopping_tolerance", 0.001, above=0),
        choice("init_method", ("uniform", "normal"), "uniform"),
        real("init_scale", 0.07, above=0),
        real("init_sigma", 0.01, above=0),
        real("init_bias", 0.0),
        choice("optimizer", ("auto", "sgd", "adam", "rmsprop"), "auto"),
        real("learning_rate", "auto", above=0, words=_AUTO),
        real("bias_lr_mult", "auto", above=0, words=_AUTO),
        real("momentum", "auto", at_least=0, below=1, words=_AUTO),
        real("beta_1", "auto", at_least=0, below=1, words=_AUTO),
        real("beta_2", "auto", at_least=0, below=1, words=_AUTO),
        flag("use_lr_scheduler", True),
        integer("lr_scheduler_step", "auto", at_least=1, words=_AUTO),
        real("lr_scheduler_factor", "auto", above=0, below=1, words=_AUTO),
        real("lr_scheduler_minimum_lr", "auto", above=0, words=_AUTO),
        integer("num_models", "auto", at_least=1, words=_AUTO),
        flag("force_dense", True),  # undocumented, but AWS's default configuration has it
    ),
    fit=fit,
    predictor=predictor,
    supervised=True,
    float32_only=True,
    optional_channels=("validation", "test"),
)
