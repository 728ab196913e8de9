"""Hyperparameters and channels of the XGBoost images, as aws/sagemaker-xgboost-container checks them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sagemaker_spark_py.containers.hyperparameters import (
    Hyperparameter,
    Wording,
    choice,
    integer,
    parse,
    real,
)
from sagemaker_spark_py.containers.job import Channel
from sagemaker_spark_py.errors import ContainerError

CSV, LIBSVM, PARQUET, RECORDIO = "csv", "libsvm", "parquet", "recordio-protobuf"

TRAINING_TYPES = {
    "csv": CSV,
    "text/csv": CSV,
    "libsvm": LIBSVM,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "parquet": PARQUET,
    "application/x-parquet": PARQUET,
    "recordio-protobuf": RECORDIO,
    "application/x-recordio-protobuf": RECORDIO,
}
"""Format by the literal ContentType of a channel: nothing else is taken, no parameter either."""

NATIVE_METRICS = [
    "aft-nloglik",
    "auc",
    "aucpr",
    "cox-nloglik",
    "error",
    "gamma-deviance",
    "gamma-nloglik",
    "interval-regression-accuracy",
    "logloss",
    "mae",
    "map",
    "mape",
    "merror",
    "mlogloss",
    "mphe",
    "ndcg",
    "poisson-nloglik",
    "rmse",
    "rmsle",
    "tweedie-nloglik",
]
"""Metrics that XGBoost computes itself."""

CONTAINER_METRICS = [
    "accuracy",
    "balanced_accuracy",
    "f1",
    "f1_binary",
    "f1_macro",
    "mse",
    "precision",
    "precision_macro",
    "precision_micro",
    "r2",
    "recall",
    "recall_macro",
    "recall_micro",
]
"""Metrics that the container adds."""

OBJECTIVES = [
    "binary:hinge",
    "binary:logistic",
    "binary:logitraw",
    "count:poisson",
    "multi:softmax",
    "multi:softprob",
    "rank:map",
    "rank:ndcg",
    "rank:pairwise",
    "reg:absoluteerror",
    "reg:gamma",
    "reg:linear",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:tweedie",
    "survival:aft",
    "survival:cox",
]

_UPDATERS = [
    "coord_descent",
    "distcol",
    "grow_colmaker",
    "grow_histmaker",
    "grow_local_histmaker",
    "grow_quantile_histmaker",
    "grow_skmaker",
    "prune",
    "refresh",
    "shotgun",
    "sync",
]
_WORDING = Wording(
    missing=lambda names: f"Missing required hyperparameter: {', '.join(names)}",
    unknown=lambda names: f"Extraneous hyperparameter found: {', '.join(names)}",
    invalid=lambda entry, text: f"Hyperparameter {entry.name}: {text} is not valid; it {entry.expects}",
)


def _listed(name: str, check: Callable[[str], bool], expects: str) -> Hyperparameter:
    def read(text: str) -> list[str]:
        words = [word.strip() for word in text.split(",")]
        if not all(check(word) for word in words):
            raise ValueError("unknown word")
        return words

    return Hyperparameter(name, read, expects)


def _is_metric(word: str) -> bool:
    name, at, threshold = word.partition("@")
    if not at:
        return word in NATIVE_METRICS or word in CONTAINER_METRICS
    float(threshold.removesuffix("-"))
    return name in ("error", "ndcg", "map")


def _read_constraints(text: str) -> str:
    """Check "(1,-1)" or "[[0,1],[2]]", which XGBoost takes as text."""
    json.loads(text.replace("(", "[").replace(")", "]").replace(",]", "]"))
    return text


def _constraints(name: str) -> Hyperparameter:
    return Hyperparameter(name, _read_constraints, "expects a list of numbers")


_DECLARED = (
    integer("num_round", at_least=1, required=True),
    choice("objective", OBJECTIVES),
    integer("num_class", at_least=2),
    choice("booster", ("gbtree", "gblinear", "dart")),
    real("eta", at_least=0, at_most=1),
    real("learning_rate", at_least=0, at_most=1),
    real("gamma", at_least=0),
    real("min_split_loss", at_least=0),
    integer("max_depth", at_least=0),
    real("min_child_weight", at_least=0),
    real("max_delta_step", at_least=0),
    real("subsample", above=0, at_most=1),
    choice("sampling_method", ("uniform", "gradient_based")),
    real("colsample_bytree", above=0, at_most=1),
    real("colsample_bylevel", above=0, at_most=1),
    real("colsample_bynode", above=0, at_most=1),
    real("lambda", at_least=0),
    real("reg_lambda", at_least=0),
    real("alpha", at_least=0),
    real("reg_alpha", at_least=0),
    real("lambda_bias", at_least=0, at_most=1),
    choice("tree_method", ("auto", "exact", "approx", "hist", "gpu_hist")),
    choice("grow_policy", ("depthwise", "lossguide")),
    integer("max_leaves", at_least=0),
    integer("max_bin", at_least=0),
    real("scale_pos_weight", above=0),
    real("base_score"),
    _listed("updater", _UPDATERS.__contains__, f"accepts one or more of: {', '.join(_UPDATERS)}"),
    choice("process_type", ("default", "update")),
    integer("refresh_leaf", at_least=0, at_most=1),
    integer("num_parallel_tree", at_least=1),
    choice("sample_type", ("uniform", "weighted")),
    choice("normalize_type", ("tree", "forest")),
    real("rate_drop", at_least=0, at_most=1),
    integer("one_drop", at_least=0, at_most=1),
    real("skip_drop", at_least=0, at_most=1),
    real("tweedie_variance_power", above=1, below=2),
    choice("aft_loss_distribution", ("normal", "logistic", "extreme")),
    real("aft_loss_distribution_scale", at_least=0),
    _constraints("monotone_constraints"),
    _constraints("interaction_constraints"),
    _listed("eval_metric", _is_metric, "accepts names of metrics, 'error@t', 'ndcg@n' or 'map@n'"),
    integer("early_stopping_rounds", at_least=1),
    integer("csv_weights", at_least=0, at_most=1),
    integer("seed"),
    integer("nthread", at_least=1),
    integer("verbosity", at_least=0, at_most=3),
    choice("save_model_on_termination", ("true", "false")),
    Hyperparameter("_tuning_objective_metric", str, "expects the name of a metric"),
    # of older XGBoosts; the library that is installed here has no use for them
    integer("silent", at_least=0, at_most=1),
    real("sketch_eps", above=0, below=1),
    choice("predictor", ("auto", "cpu_predictor", "gpu_predictor")),
    choice("dsplit", ("row", "col")),
    choice("single_precision_histogram", ("true", "false")),
    choice("deterministic_histogram", ("true", "false")),
    integer("prob_buffer_row", at_least=1),
)
CONTAINER_ONLY = frozenset(
    [
        "num_round",
        "csv_weights",
        "early_stopping_rounds",
        "save_model_on_termination",
        "_tuning_objective_metric",
        "eval_metric",
        "silent",
        "sketch_eps",
        "predictor",
        "dsplit",
        "single_precision_histogram",
        "deterministic_histogram",
        "prob_buffer_row",
    ]
)
"""Hyperparameters that are not handed to XGBoost as they are."""


def read_settings(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the hyperparameters that the job has, checked one by one and against each other."""
    values = parse(_DECLARED, given, _WORDING)
    settings = {name: value for name, value in values.items() if value is not None}
    objective = settings.get("objective", "reg:squarederror")
    if objective in ("multi:softmax", "multi:softprob") and "num_class" not in settings:
        raise ContainerError("Require input for parameter 'num_class' for multi-classification")
    if "objective" not in settings and "num_class" in settings:
        raise ContainerError(
            "Do not need to setup parameter 'num_class' for learning task other than multi-classification."
        )
    if "auc" in settings.get("eval_metric", ()) and not objective.startswith(("binary:", "rank:")):
        raise ContainerError("Metric 'auc' can only be applied for classification and ranking problems.")
    return settings


def check_channels(channels: Mapping[str, Channel]) -> None:
    """Refuse channels that the images do not take."""
    if "train" not in channels:
        raise ContainerError("Missing required channel: train")
    for name, channel in channels.items():
        if name not in ("train", "validation", "code"):
            raise ContainerError(f"Extraneous channel found: {name}")
        content_type = channel.content_type or "text/libsvm"
        known = ("text/python",) if name == "code" else tuple(TRAINING_TYPES)
        if content_type not in known or channel.input_mode != "File":
            configuration = {
                "ContentType": content_type,
                "TrainingInputMode": channel.input_mode,
                "S3DistributionType": channel.distribution,
            }
            raise ContainerError(
                f"Channel configuration for '{name}' channel is not supported: {configuration}"
            )
