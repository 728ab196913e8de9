"""Linear learner: linear models for classes and numbers, trained in parallel with varied settings."""

from __future__ import annotations

from dataclasses import replace

from sagemaker_spark_py.algorithms.algorithm import SUPERVISED, HasMiniBatchSize, VectorAlgorithmEstimator
from sagemaker_spark_py.arguments import setting
from sagemaker_spark_py.intake import RECORDIO
from sagemaker_spark_py.params import accessors, hyperparameter
from sagemaker_spark_py.rules import boolean, boolean_or_auto, choice, integer, real, word_or_number
from sagemaker_spark_py.transformation.deserializers import (
    LinearLearnerBinaryClassifierProtobufResponseRowDeserializer,
    LinearLearnerMultiClassClassifierProtobufResponseRowDeserializer,
    LinearLearnerRegressorProtobufResponseRowDeserializer,
    Predictions,
    ResponseRowDeserializer,
)

_POSITIVE = real(above=0)
_NOT_NEGATIVE = real(at_least=0)
_DECAY = real(at_least=0, below=1)
_SHARE = real(above=0, below=1)

_PROBABLE = (None, "auto", "logistic", "softmax_loss")
"""Losses whose scores are probabilities; others give margins."""


class LinearLearnerEstimator(HasMiniBatchSize, VectorAlgorithmEstimator):
    """What the three linear learners share; use one of them."""

    algorithm = "linear-learner"
    intake = replace(
        SUPERVISED,
        formats={"sagemaker": RECORDIO, "csv": "text/csv"},
        channels=("validation", "test"),
        replicated=("validation", "test"),
    )

    mini_batch_size = hyperparameter(
        "mini_batch_size",
        integer(at_least=1),
        "Rows in one step of the training.",
        default=1000,
        required=True,
    )

    epochs = hyperparameter("epochs", integer(at_least=1), "Most passes over the data.")
    setEpochs, getEpochs = accessors(epochs)

    num_models = hyperparameter(
        "num_models",
        word_or_number("auto", whole=True, at_least=1),
        "Number of models trained side by side, with settings around the given ones; auto unless set.",
    )
    setNumModels, getNumModels = accessors(num_models)

    loss = hyperparameter(
        "loss",
        choice(
            "logistic",
            "squared_loss",
            "absolute_loss",
            "hinge_loss",
            "eps_insensitive_squared_loss",
            "eps_insensitive_absolute_loss",
            "quantile_loss",
            "huber_loss",
            "softmax_loss",
            "auto",
        ),
        "What training makes small; auto, unless set, is logistic, softmax_loss or squared_loss by the kind "
        "of prediction.",
    )
    setLoss, getLoss = accessors(loss)

    optimizer = hyperparameter(
        "optimizer", choice("sgd", "adam", "rmsprop", "auto"), "How weights are moved; auto unless set."
    )
    setOptimizer, getOptimizer = accessors(optimizer)

    learning_rate = hyperparameter(
        "learning_rate", word_or_number("auto", above=0), "Step size of the optimizer; auto unless set."
    )
    setLearningRate, getLearningRate = accessors(learning_rate)

    momentum = hyperparameter("momentum", _DECAY, "Momentum of the sgd optimizer.")
    setMomentum, getMomentum = accessors(momentum)

    beta_1 = hyperparameter("beta_1", _DECAY, "Decay of adam's mean of gradients.")
    setBeta1, getBeta1 = accessors(beta_1)

    beta_2 = hyperparameter("beta_2", _DECAY, "Decay of adam's mean of squared gradients.")
    setBeta2, getBeta2 = accessors(beta_2)

    l1 = hyperparameter("l1", _NOT_NEGATIVE, "Weight of the L1 penalty.")
    setL1, getL1 = accessors(l1)

    wd = hyperparameter("wd", _NOT_NEGATIVE, "Weight decay: weight of the L2 penalty.")
    setWd, getWd = accessors(wd)

    use_bias = hyperparameter("use_bias", boolean(), "Whether there is an intercept; True unless set.")
    setUseBias, getUseBias = accessors(use_bias)

    init_bias = hyperparameter("init_bias", real(), "First value of the intercept; 0 unless set.")
    setInitBias, getInitBias = accessors(init_bias)

    bias_lr_mult = hyperparameter(
        "bias_lr_mult", _POSITIVE, "Learning rate of the intercept, as a multiple of learning_rate."
    )
    setBiasLrMult, getBiasLrMult = accessors(bias_lr_mult)

    bias_wd_mult = hyperparameter(
        "bias_wd_mult", _NOT_NEGATIVE, "Weight decay of the intercept, as a multiple of wd."
    )
    setBiasWdMult, getBiasWdMult = accessors(bias_wd_mult)

    init_method = hyperparameter(
        "init_method", choice("uniform", "normal"), "How the weights start; uniform unless set."
    )
    setInitMethod, getInitMethod = accessors(init_method)

    init_scale = hyperparameter(
        "init_scale", _POSITIVE, "Half the range of the weights at a uniform start; 0.07 unless set."
    )
    setInitScale, getInitScale = accessors(init_scale)

    init_sigma = hyperparameter(
        "init_sigma", _POSITIVE, "Standard deviation of the weights at a normal start; 0.01 unless set."
    )
    setInitSigma, getInitSigma = accessors(init_sigma)

    use_lr_scheduler = hyperparameter(
        "use_lr_scheduler", boolean(), "Whether the learning rate falls with time; True unless set."
    )
    setUseLrScheduler, getUseLrScheduler = accessors(use_lr_scheduler)

    lr_scheduler_step = hyperparameter(
        "lr_scheduler_step", integer(at_least=1), "Number of steps between falls of the learning rate."
    )
    setLrSchedulerStep, getLrSchedulerStep = accessors(lr_scheduler_step)

    lr_scheduler_factor = hyperparameter(
        "lr_scheduler_factor", _SHARE, "What the learning rate is multiplied with at each fall."
    )
    setLrSchedulerFactor, getLrSchedulerFactor = accessors(lr_scheduler_factor)

    lr_scheduler_minimum_lr = hyperparameter(
        "lr_scheduler_minimum_lr", _POSITIVE, "Below this the learning rate does not fall."
    )
    setLrSchedulerMinimumLr, getLrSchedulerMinimumLr = accessors(lr_scheduler_minimum_lr)

    normalize_data = hyperparameter(
        "normalize_data",
        boolean_or_auto(),
        "Whether features are brought to mean 0 and standard deviation 1 first; True unless set.",
    )
    setNormalizeData, getNormalizeData = accessors(normalize_data)

    normalize_label = hyperparameter(
        "normalize_label",
        boolean_or_auto(),
        "Whether labels are brought to mean 0 and standard deviation 1; auto, unless set, does so for "
        "regression.",
    )
    setNormalizeLabel, getNormalizeLabel = accessors(normalize_label)

    unbias_data = hyperparameter(
        "unbias_data", boolean_or_auto(), "Whether features are brought to mean 0; auto unless set."
    )
    setUnbiasData, getUnbiasData = accessors(unbias_data)

    unbias_label = hyperparameter(
        "unbias_label", boolean_or_auto(), "Whether labels are brought to mean 0; auto unless set."
    )
    setUnbiasLabel, getUnbiasLabel = accessors(unbias_label)

    num_point_for_scaler = hyperparameter(
        "num_point_for_scaler",
        integer(at_least=1),
        "Rows from which means and standard deviations are taken; 10000 unless set.",
    )
    setNumPointForScaler, getNumPointForScaler = accessors(num_point_for_scaler)

    num_calibration_samples = hyperparameter(
        "num_calibration_samples",
        integer(at_least=1),
        "Rows of the validation data on which the threshold is chosen.",
    )
    setNumCalibrationSamples, getNumCalibrationSamples = accessors(num_calibration_samples)

    early_stopping_patience = hyperparameter(
        "early_stopping_patience",
        integer(at_least=1),
        "Passes without improvement after which training ends; 3 unless set. More than epochs: never.",
    )
    setEarlyStoppingPatience, getEarlyStoppingPatience = accessors(early_stopping_patience)

    early_stopping_tolerance = hyperparameter(
        "early_stopping_tolerance",
        _POSITIVE,
        "Relative change of the loss that counts as improvement; 0.001 unless set.",
    )
    setEarlyStoppingTolerance, getEarlyStoppingTolerance = accessors(early_stopping_tolerance)

    margin = hyperparameter("margin", _POSITIVE, "Margin of hinge_loss; 1 unless set.")
    setMargin, getMargin = accessors(margin)

    quantile = hyperparameter("quantile", _SHARE, "Quantile that quantile_loss aims at; 0.5 unless set.")
    setQuantile, getQuantile = accessors(quantile)

    loss_insensitivity = hyperparameter(
        "loss_insensitivity", _POSITIVE, "Error that eps_insensitive losses take for none; 0.01 unless set."
    )
    setLossInsensitivity, getLossInsensitivity = accessors(loss_insensitivity)

    huber_delta = hyperparameter(
        "huber_delta", _POSITIVE, "Error at which huber_loss goes from squares to sizes; 1 unless set."
    )
    setHuberDelta, getHuberDelta = accessors(huber_delta)

    f_beta = hyperparameter(
        "f_beta", _POSITIVE, "How much more recall weighs than precision in F scores; 1 unless set."
    )
    setFBeta, getFBeta = accessors(f_beta)

    def _predictions(self) -> Predictions | None:
        meaning, loss = self.responseRowDeserializer.predictions, self._all_hyperparameters().get("loss")
        return meaning and replace(meaning, probable=loss in _PROBABLE)


class LinearLearnerBinaryClassifier(LinearLearnerEstimator):
    """Tells label 1 from label 0; the model appends a score and the label it speaks for.

    The score is a probability where the loss is logistic, which it is unless set.
    """

    responseRowDeserializer: ResponseRowDeserializer = setting(
        factory=LinearLearnerBinaryClassifierProtobufResponseRowDeserializer
    )
    predictor_type = hyperparameter(
        "predictor_type",
        choice("binary_classifier"),
        "What is learned.",
        default="binary_classifier",
        required=True,
    )

    binary_classifier_model_selection_criteria = hyperparameter(
        "binary_classifier_model_selection_criteria",
        choice(
            "accuracy",
            "f1",
            "f_beta",
            "precision_at_target_recall",
            "recall_at_target_precision",
            "cross_entropy_loss",
            "loss_function",
        ),
        "By what the best model is chosen, on the validation channel if there is one; accuracy unless set.",
    )
    setBinaryClassifierModelSelectionCriteria, getBinaryClassifierModelSelectionCriteria = accessors(
        binary_classifier_model_selection_criteria
    )

    target_precision = hyperparameter(
        "target_precision",
        real(at_least=0, at_most=1),
        "Precision that recall_at_target_precision holds; 0.8 unless set.",
    )
    setTargetPrecision, getTargetPrecision = accessors(target_precision)

    target_recall = hyperparameter(
        "target_recall",
        real(at_least=0, at_most=1),
        "Recall that precision_at_target_recall holds; 0.8 unless set.",
    )
    setTargetRecall, getTargetRecall = accessors(target_recall)

    positive_example_weight_mult = hyperparameter(
        "positive_example_weight_mult",
        word_or_number("auto", "balanced", above=0),
        "Weight of rows with label 1, where 0 weighs 1: a number, what balances both (balanced), or what "
        "scores best (auto); 1 unless set.",
    )
    setPositiveExampleWeightMult, getPositiveExampleWeightMult = accessors(positive_example_weight_mult)


class LinearLearnerMultiClassClassifier(LinearLearnerEstimator):
    """Tells labels 0 to num_classes - 1 apart; the model appends a score for each and the best label."""

    responseRowDeserializer: ResponseRowDeserializer = setting(
        factory=LinearLearnerMultiClassClassifierProtobufResponseRowDeserializer
    )
    predictor_type = hyperparameter(
        "predictor_type",
        choice("multiclass_classifier"),
        "What is learned.",
        default="multiclass_classifier",
        required=True,
    )

    num_classes = hyperparameter(
        "num_classes", integer(at_least=3, at_most=1_000_000), "Number of classes.", required=True
    )
    setNumClasses, getNumClasses = accessors(num_classes)

    accuracy_top_k = hyperparameter(
        "accuracy_top_k",
        integer(at_least=1),
        "A row counts as right in the top-k accuracy when its label is among this many best; 3 unless set.",
    )
    setAccuracyTopK, getAccuracyTopK = accessors(accuracy_top_k)

    # AWS's setter takes any text, and code may rely on that; what is no boolean is refused before it is sent.
    balance_multiclass_weights = hyperparameter(
        "balance_multiclass_weights",
        boolean(any_text=True),
        "Whether classes weigh the same however many rows they have; False unless set.",
        service=boolean(),
    )
    setBalanceMultiClassWeights, getBalanceMultiClassWeights = accessors(balance_multiclass_weights)


class LinearLearnerRegressor(LinearLearnerEstimator):
    """Estimates a number; the model appends it as the score."""

    responseRowDeserializer: ResponseRowDeserializer = setting(
        factory=LinearLearnerRegressorProtobufResponseRowDeserializer
    )
    predictor_type = hyperparameter(
        "predictor_type", choice("regressor"), "What is learned.", default="regressor", required=True
    )
