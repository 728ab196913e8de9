"""XGBoost: gradient boosted trees."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sagemaker_spark_py.algorithms.algorithm import AlgorithmEstimator
from sagemaker_spark_py.algorithms.images import version_entry
from sagemaker_spark_py.arguments import setting
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.intake import RECORDIO, Intake
from sagemaker_spark_py.params import accessors, hyperparameter
from sagemaker_spark_py.rules import choice, custom, integer, real, word_list
from sagemaker_spark_py.staging.plan import REQUIRED
from sagemaker_spark_py.transformation.deserializers import (
    Predictions,
    ResponseRowDeserializer,
    XGBoostCSVRowDeserializer,
)
from sagemaker_spark_py.transformation.serializers import (
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    RequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
    UnlabeledLibSVMRequestRowSerializer,
)

_SHARE = real(at_least=0, at_most=1)
_SAMPLE = real(above=0, at_most=1)
_NOT_NEGATIVE = real(at_least=0)
_SWITCH = integer(at_least=0, at_most=1)

# fmt: off
# What AWS's images take: aws/sagemaker-xgboost-container, algorithm_mode/hyperparameter_validation.py and
# constants/xgb_constants.py, together with what sagemaker_pyspark's setters took.
_OBJECTIVES = (
    "reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror",
    "reg:absoluteerror", "reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw", "binary:hinge",
    "count:poisson", "multi:softmax", "multi:softprob", "rank:pairwise", "rank:ndcg", "rank:map",
    "survival:cox", "survival:aft",
)
_OLD_OBJECTIVES = {"reg:linear": "reg:squarederror", "binary:logistraw": "binary:logitraw"}
"""What XGBoost calls them since 0.90, and how sagemaker_pyspark misspells one."""
_METRICS = (
    "accuracy", "aft-nloglik", "auc", "aucpr", "balanced_accuracy", "cox-nloglik", "error", "f1",
    "f1_binary", "f1_macro", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy", "logloss",
    "mae", "map", "map-", "mape", "merror", "mlogloss", "mphe", "mse", "ndcg", "ndcg-", "poisson-nloglik",
    "precision", "precision_macro", "precision_micro", "r2", "recall", "recall_macro", "recall_micro",
    "rmse", "rmsle", "tweedie-nloglik",
)
_UPDATERS = (
    "grow_colmaker", "distcol", "grow_histmaker", "grow_local_histmaker", "grow_quantile_histmaker",
    "grow_skmaker", "sync", "refresh", "prune", "shotgun", "coord_descent",
)
# fmt: on
_PLACEHOLDERS = ("error@t", "ndcg@n", "ndcg@n-", "map@n-")
"""How XGBoost's documentation writes metrics with a number; AWS's setter takes them as they stand."""


def _metric(word: str) -> str:
    name, at, number = word.partition("@")
    parametric = name in ("error", "ndcg", "map") and re.fullmatch(r"[0-9]+(\.[0-9]+)?-?", number)
    if not (parametric if at else name in _METRICS):
        raise ValueError
    return word


def _metric_or_placeholder(word: str) -> str:
    return word if word in _PLACEHOLDERS else _metric(word)


_DEFAULT = XGBoostCSVRowDeserializer()

_METRIC_NAMES = f"one of {', '.join(_METRICS)}, error@0.7, ndcg@5, map@5"


def _known_version(_: str, version: str) -> None:
    version_entry("xgboost", version)


class XGBoostSageMakerEstimator(AlgorithmEstimator):
    """Trains boosted trees with XGBoost; the model appends its prediction.

    Rows travel as libsvm unless another format and serializer are given.
    """

    algorithm = "xgboost"
    # aws/sagemaker-xgboost-container, algorithm_mode/channel_validation.py; weights: data_utils.py.
    intake = Intake(
        formats={
            "libsvm": "text/libsvm",
            "csv": "text/csv",
            "sagemaker": RECORDIO,
            "parquet": "application/x-parquet",
        },
        types=("libsvm", "csv", "parquet", "recordio-protobuf", "text/x-libsvm"),
        channels=("validation", "code"),
        one_type=("validation",),
        label=REQUIRED,
        weights=("libsvm", "csv"),
        numbers="nan",
    )
    requestRowSerializer: RequestRowSerializer = setting(factory=LibSVMRequestRowSerializer)
    responseRowDeserializer: ResponseRowDeserializer = setting(factory=XGBoostCSVRowDeserializer)
    trainingSparkDataFormat: str = setting(default="libsvm")
    frameworkVersion: str | None = setting(
        "Version of AWS's XGBoost image, such as 1.7-1; `None`: the current one.",
        default=None,
        check=_known_version,
    )

    num_round = hyperparameter("num_round", integer(at_least=1), "Number of boosting rounds.", required=True)
    setNumRound, getNumRound = accessors(num_round)

    objective = hyperparameter(
        "objective",
        choice(*_OBJECTIVES, *_OLD_OBJECTIVES),
        "Learning task and loss; squared error unless set.",
        service=choice(*_OBJECTIVES, aliases=_OLD_OBJECTIVES),
    )
    setObjective, getObjective = accessors(objective)

    num_class = hyperparameter(
        "num_class",
        integer(at_least=1),
        "Number of classes; needed by multi:softmax and multi:softprob.",
        service=integer(at_least=2),
    )
    setNumClasses, getNumClasses = accessors(num_class)

    eval_metric = hyperparameter(
        "eval_metric",
        word_list(custom(_metric_or_placeholder, _METRIC_NAMES)),
        "Scores on the validation channel; by the objective unless set.",
        service=word_list(custom(_metric, _METRIC_NAMES)),
    )
    setEvalMetric, getEvalMetric = accessors(eval_metric)

    base_score = hyperparameter(
        "base_score", real(), "First prediction for all rows; 0.5 unless set.", service=_NOT_NEGATIVE
    )
    setBaseScore, getBaseScore = accessors(base_score)

    booster = hyperparameter(
        "booster",
        choice("gbtree", "gblinear", "dart"),
        "What is boosted: trees, linear functions, or trees with dropout; gbtree unless set.",
    )
    setBooster, getBooster = accessors(booster)

    eta = hyperparameter("eta", _SHARE, "Learning rate: what each round's trees weigh; 0.3 unless set.")
    setEta, getEta = accessors(eta)

    gamma = hyperparameter("gamma", _NOT_NEGATIVE, "Least gain that a split must bring; 0 unless set.")
    setGamma, getGamma = accessors(gamma)

    max_depth = hyperparameter(
        "max_depth", integer(at_least=0), "Most levels of a tree, 0 for no limit; 6 unless set."
    )
    setMaxDepth, getMaxDepth = accessors(max_depth)

    max_leaves = hyperparameter(
        "max_leaves", integer(at_least=0), "Most leaves of a tree, 0 for no limit; 0 unless set."
    )
    setMaxLeaves, getMaxLeaves = accessors(max_leaves)

    min_child_weight = hyperparameter(
        "min_child_weight", _NOT_NEGATIVE, "Least sum of hessians in a leaf; 1 unless set."
    )
    setMinChildWeight, getMinChildWeight = accessors(min_child_weight)

    max_delta_step = hyperparameter(
        "max_delta_step", _NOT_NEGATIVE, "Most that a leaf may change, 0 for no limit; 0 unless set."
    )
    setMaxDeltaStep, getMaxDeltaStep = accessors(max_delta_step)

    subsample = hyperparameter("subsample", _SAMPLE, "Share of rows that each tree sees; 1 unless set.")
    setSubsample, getSubsample = accessors(subsample)

    colsample_bytree = hyperparameter(
        "colsample_bytree", _SAMPLE, "Share of features that each tree sees; 1 unless set."
    )
    setColSampleByTree, getColSampleByTree = accessors(colsample_bytree)

    colsample_bylevel = hyperparameter(
        "colsample_bylevel", _SAMPLE, "Share of them that each level sees; 1 unless set."
    )
    setColSampleByLevel, getColSampleByLevel = accessors(colsample_bylevel)

    lambda_weights = hyperparameter(
        "lambda_weights",
        real(),
        "Weight of the L2 penalty; 1 unless set.",
        wire="lambda",
        service=_NOT_NEGATIVE,
    )
    setLambda, getLambda = accessors(lambda_weights)

    alpha = hyperparameter("alpha", real(), "Weight of the L1 penalty; 0 unless set.", service=_NOT_NEGATIVE)
    setAlpha, getAlpha = accessors(alpha)

    lambda_bias = hyperparameter("lambda_bias", _SHARE, "L2 penalty of gblinear's intercept; 0 unless set.")
    setLambdaBias, getLambdaBias = accessors(lambda_bias)

    tree_method = hyperparameter(
        "tree_method",
        choice("auto", "exact", "approx", "hist", "gpu_hist"),
        "How splits are found; auto unless set. gpu_hist is of versions before 3.",
    )
    setTreeMethod, getTreeMethod = accessors(tree_method)

    grow_policy = hyperparameter(
        "grow_policy",
        choice("depthwise", "lossguide"),
        "Whether trees grow by level or where the loss falls most; depthwise unless set.",
    )
    setGrowPolicy, getGrowPolicy = accessors(grow_policy)

    max_bin = hyperparameter("max_bin", integer(at_least=1), "Most bins of a feature; 256 unless set.")
    setMaxBin, getMaxBin = accessors(max_bin)

    sketch_eps = hyperparameter(
        "sketch_eps",
        real(above=0, below=1),
        "Accuracy of the split candidates of approx; 0.03 unless set. Newer versions ignore it.",
    )
    setSketchEps, getSketchEps = accessors(sketch_eps)

    updater = hyperparameter(
        "updater",
        word_list(choice(*_UPDATERS)),
        "The steps that build and change trees; by tree_method unless set.",
    )
    setUpdater, getUpdater = accessors(updater)

    process_type = hyperparameter(
        "process_type",
        choice("default", "update"),
        "Whether new trees are made or those of a model updated; default unless set.",
    )
    setProcessType, getProcessType = accessors(process_type)

    refresh_leaf = hyperparameter(
        "refresh_leaf", _SWITCH, "Whether the updater refresh changes leaves as well; 1 unless set."
    )
    setRefreshLeaf, getRefreshLeaf = accessors(refresh_leaf)

    sample_type = hyperparameter(
        "sample_type", choice("uniform", "weighted"), "How dart chooses trees to drop; uniform unless set."
    )
    setSampleType, getSampleType = accessors(sample_type)

    normalize_type = hyperparameter(
        "normalize_type", choice("tree", "forest"), "How dart weighs new trees; tree unless set."
    )
    setNormalizeType, getNormalizeType = accessors(normalize_type)

    rate_drop = hyperparameter("rate_drop", _SHARE, "Share of trees that dart drops; 0 unless set.")
    setRateDrop, getRateDrop = accessors(rate_drop)

    one_drop = hyperparameter("one_drop", _SWITCH, "Whether dart drops at least one; 0 unless set.")
    setOneDrop, getOneDrop = accessors(one_drop)

    skip_drop = hyperparameter("skip_drop", _SHARE, "Probability that dart drops none; 0 unless set.")
    setSkipDrop, getSkipDrop = accessors(skip_drop)

    scale_pos_weight = hyperparameter(
        "scale_pos_weight",
        real(),
        "Weight of rows with label 1, where 0 weighs 1; 1 unless set.",
        service=real(above=0),
    )
    setScalePosWeight, getScalePosWeight = accessors(scale_pos_weight)

    tweedie_variance_power = hyperparameter(
        "tweedie_variance_power",
        real(above=1, below=2),
        "Variance of reg:tweedie: near 1 as Poisson's, near 2 as gamma's; 1.5 unless set.",
    )
    setTweedieVariancePower, getTweedieVariancePower = accessors(tweedie_variance_power)

    seed = hyperparameter("seed", integer(), "Seed of random choices; 0 unless set.")
    setSeed, getSeed = accessors(seed)

    nthread = hyperparameter("nthread", integer(at_least=1), "Number of threads; all cores unless set.")
    setNThread, getNThread = accessors(nthread)

    silent = hyperparameter(
        "silent",
        _SWITCH,
        "1 for no messages. Sent as verbosity, which took its place in XGBoost 0.90.",
    )
    setSilent, getSilent = accessors(silent)

    def wire_hyperparameters(self, given: Collection[str] = ()) -> dict[str, str]:
        """Return what is sent: the hyperparameters that are set, as texts; ``silent`` as ``verbosity``.

        ``csv_weights`` says so where ``weightCol`` is set and rows are staged as CSV.

        Parameters
        ----------
        given : collection of str
            Names of hyperparameters that come from elsewhere.

        Raises
        ------
        SettingError
            If XGBoost would refuse a value.
        """
        wire = super().wire_hyperparameters(given)
        if self._has_csv_weights():
            wire["csv_weights"] = "1"
        if "silent" in wire:
            wire["verbosity"] = {"0": "1", "1": "0"}[wire.pop("silent")]
        return wire

    def _has_csv_weights(self) -> bool:
        return self.isSet(self.weightCol) and self.trainingSparkDataFormat == "csv"

    def _model_settings(self, *args: Any) -> dict[str, Any]:
        settings = super()._model_settings(*args)
        if self.getObjective() == "multi:softprob" and settings["responseRowDeserializer"] == _DEFAULT:
            # Several values for each row do not fit the default's single column.
            settings["responseRowDeserializer"] = replace(_DEFAULT, probability_column_name="probability")
        return settings

    def _predictions(self) -> Predictions:
        objective = self._all_hyperparameters().get("objective", "")
        named = getattr(self.responseRowDeserializer, "probability_column_name", None)
        if objective == "multi:softprob" or named:
            return Predictions("prediction", "probability")
        if objective in ("binary:logistic", "binary:logitraw"):
            return Predictions(scores="prediction", probable=objective == "binary:logistic")
        return Predictions("prediction")

    def _image_version(self) -> str | None:
        return self.frameworkVersion

    def _required_hyperparameters(self) -> list[str]:
        classes = (self.getObjective() or "").startswith("multi:")
        return [*super()._required_hyperparameters(), *(["num_class"] if classes else [])]

    # aws/sagemaker-xgboost-container: algorithm_mode/channel_validation.py knows no FastFile, and the current
    # readers of data_utils.py refuse Pipe.
    def _check_job(self, hyperparameters: Mapping[str, str]) -> None:
        if self.trainingInputMode != "File":
            raise SettingError(
                f"trainingInputMode does not fit XGBoost: {self.trainingInputMode!r}; expected 'File', which "
                "is the default. For an image that takes another mode, use SageMakerEstimator."
            )
        if self._has_csv_weights() and str(self.hyperParameters.get("csv_weights", 1)) != "1":
            raise SettingError(
                f"csv_weights is {self.hyperParameters['csv_weights']!r}, but weightCol is set; expected "
                "'1'. Leave it out, or clear weightCol."
            )
        self._check_index_base()

    def _check_index_base(self) -> None:
        """Refuse to count features otherwise in training than in requests: XGBoost would not notice."""
        staged = _staged_base(self.trainingSparkDataFormat, self.trainingSparkDataFormatOptions)
        asked = _request_base(self.requestRowSerializer)
        if staged is not None and asked is not None and staged != asked:
            raise SettingError(
                f"requestRowSerializer counts features from {asked}, but training data in "
                f"{self.trainingSparkDataFormat} from {staged}; expected the same in both. Give "
                f"LibSVMRequestRowSerializer(indexBase={staged}), or stage rows otherwise."
            )


def _staged_base(data_format: str, options: Mapping[str, Any]) -> int | None:
    """Return the index of the first feature in staged rows; `None` where it is not known."""
    if data_format == "libsvm":
        return int(options.get("indexBase", 1))
    return 0 if data_format in ("csv", "parquet", "sagemaker") else None


def _request_base(serializer: RequestRowSerializer) -> int | None:
    """Return the index of the first feature in requests; `None` for a user's own serializer."""
    if isinstance(serializer, (LibSVMRequestRowSerializer, UnlabeledLibSVMRequestRowSerializer)):
        return serializer.indexBase
    dense = (UnlabeledCSVRequestRowSerializer, ProtobufRequestRowSerializer)
    return 0 if isinstance(serializer, dense) else None
