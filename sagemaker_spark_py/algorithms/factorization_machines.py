"""Factorization machines: linear models with products of pairs of features, for wide sparse data."""

from __future__ import annotations

from dataclasses import replace

from sagemaker_spark_py.algorithms.algorithm import SUPERVISED, VectorAlgorithmEstimator
from sagemaker_spark_py.arguments import setting
from sagemaker_spark_py.intake import RECORDIO
from sagemaker_spark_py.params import accessors, hyperparameter
from sagemaker_spark_py.rules import choice, integer, real
from sagemaker_spark_py.transformation.deserializers import (
    FactorizationMachinesBinaryClassifierDeserializer,
    FactorizationMachinesRegressorDeserializer,
    ResponseRowDeserializer,
)

_INITIAL = choice("normal", "uniform", "constant")
_NOT_NEGATIVE = real(at_least=0)


class FactorizationMachinesEstimator(VectorAlgorithmEstimator):
    """What both factorization machines share; use one of them."""

    algorithm = "factorization-machines"
    intake = replace(SUPERVISED, formats={"sagemaker": RECORDIO})

    num_factors = hyperparameter(
        "num_factors", integer(at_least=1), "Length of each feature's factor vector.", required=True
    )
    setNumFactors, getNumFactors = accessors(num_factors)

    mini_batch_size = hyperparameter(
        "mini_batch_size", integer(at_least=1), "Rows in one step of the training; 1000 unless set."
    )
    setMiniBatchSize, getMiniBatchSize = accessors(mini_batch_size)

    epochs = hyperparameter("epochs", integer(at_least=1), "Passes over the data; 1 unless set.")
    setEpochs, getEpochs = accessors(epochs)

    clip_gradient = hyperparameter(
        "clip_gradient", real(), "Each gradient is cut to between minus and plus this; not cut unless set."
    )
    setClipGradient, getClipGradient = accessors(clip_gradient)

    eps = hyperparameter("eps", real(), "Small number that the optimizer adds to avoid division by zero.")
    setEps, getEps = accessors(eps)

    rescale_grad = hyperparameter(
        "rescale_grad", real(), "Factor of each gradient, often one over the batch size; none unless set."
    )
    setRescaleGrad, getRescaleGrad = accessors(rescale_grad)

    bias_lr = hyperparameter("bias_lr", _NOT_NEGATIVE, "Learning rate of the bias; 0.1 unless set.")
    setBiasLr, getBiasLr = accessors(bias_lr)

    linear_lr = hyperparameter(
        "linear_lr", _NOT_NEGATIVE, "Learning rate of the linear weights; 0.001 unless set."
    )
    setLinearLr, getLinearLr = accessors(linear_lr)

    factors_lr = hyperparameter(
        "factors_lr", _NOT_NEGATIVE, "Learning rate of the factors; 0.0001 unless set."
    )
    setFactorsLr, getFactorsLr = accessors(factors_lr)

    bias_wd = hyperparameter("bias_wd", _NOT_NEGATIVE, "Weight decay of the bias; 0.01 unless set.")
    setBiasWd, getBiasWd = accessors(bias_wd)

    linear_wd = hyperparameter(
        "linear_wd", _NOT_NEGATIVE, "Weight decay of the linear weights; 0.001 unless set."
    )
    setLinearWd, getLinearWd = accessors(linear_wd)

    factors_wd = hyperparameter(
        "factors_wd", _NOT_NEGATIVE, "Weight decay of the factors; 0.00001 unless set."
    )
    setFactorsWd, getFactorsWd = accessors(factors_wd)

    bias_init_method = hyperparameter("bias_init_method", _INITIAL, "How the bias starts; normal unless set.")
    setBiasInitMethod, getBiasInitMethod = accessors(bias_init_method)

    bias_init_scale = hyperparameter(
        "bias_init_scale", _NOT_NEGATIVE, "Half the range of the bias at a uniform start."
    )
    setBiasInitScale, getBiasInitScale = accessors(bias_init_scale)

    bias_init_sigma = hyperparameter(
        "bias_init_sigma",
        _NOT_NEGATIVE,
        "Standard deviation of the bias at a normal start; 0.01 unless set.",
    )
    setBiasInitSigma, getBiasInitSigma = accessors(bias_init_sigma)

    bias_init_value = hyperparameter("bias_init_value", real(), "The bias at a constant start.")
    setBiasInitValue, getBiasInitValue = accessors(bias_init_value)

    linear_init_method = hyperparameter(
        "linear_init_method", _INITIAL, "How the linear weights start; normal unless set."
    )
    setLinearInitMethod, getLinearInitMethod = accessors(linear_init_method)

    linear_init_scale = hyperparameter(
        "linear_init_scale", _NOT_NEGATIVE, "Half the range of the linear weights at a uniform start."
    )
    setLinearInitScale, getLinearInitScale = accessors(linear_init_scale)

    linear_init_sigma = hyperparameter(
        "linear_init_sigma",
        _NOT_NEGATIVE,
        "Standard deviation of the linear weights at a normal start; 0.01 unless set.",
    )
    setLinearInitSigma, getLinearInitSigma = accessors(linear_init_sigma)

    linear_init_value = hyperparameter("linear_init_value", real(), "The linear weights at a constant start.")
    setLinearInitValue, getLinearInitValue = accessors(linear_init_value)

    factors_init_method = hyperparameter(
        "factors_init_method", _INITIAL, "How the factors start; normal unless set."
    )
    setFactorsInitMethod, getFactorsInitMethod = accessors(factors_init_method)

    factors_init_scale = hyperparameter(
        "factors_init_scale", _NOT_NEGATIVE, "Half the range of the factors at a uniform start."
    )
    setFactorsInitScale, getFactorsInitScale = accessors(factors_init_scale)

    factors_init_sigma = hyperparameter(
        "factors_init_sigma",
        _NOT_NEGATIVE,
        "Standard deviation of the factors at a normal start; 0.001 unless set.",
    )
    setFactorsInitSigma, getFactorsInitSigma = accessors(factors_init_sigma)

    factors_init_value = hyperparameter("factors_init_value", real(), "The factors at a constant start.")
    setFactorsInitValue, getFactorsInitValue = accessors(factors_init_value)


class FactorizationMachinesBinaryClassifier(FactorizationMachinesEstimator):
    """Tells label 1 from label 0; the model appends a score from 0 to 1 and the label it speaks for."""

    responseRowDeserializer: ResponseRowDeserializer = setting(
        factory=FactorizationMachinesBinaryClassifierDeserializer
    )
    predictor_type = hyperparameter(
        "predictor_type",
        choice("binary_classifier"),
        "What is learned.",
        default="binary_classifier",
        required=True,
    )


class FactorizationMachinesRegressor(FactorizationMachinesEstimator):
    """Estimates a number; the model appends it as the score."""

    responseRowDeserializer: ResponseRowDeserializer = setting(
        factory=FactorizationMachinesRegressorDeserializer
    )
    predictor_type = hyperparameter(
        "predictor_type", choice("regressor"), "What is learned.", default="regressor", required=True
    )
