"""K-Means clustering."""

from __future__ import annotations

from sagemaker_spark_py.algorithms.algorithm import HasMiniBatchSize, VectorAlgorithmEstimator
from sagemaker_spark_py.params import accessors, hyperparameter
from sagemaker_spark_py.rules import choice, integer, real, word_list, word_or_number
from sagemaker_spark_py.settings import setting
from sagemaker_spark_py.transformation.deserializers import (
    KMeansProtobufResponseRowDeserializer,
    ResponseRowDeserializer,
)


class KMeansSageMakerEstimator(HasMiniBatchSize, VectorAlgorithmEstimator):
    """Groups rows around `k` centers; the model appends each row's cluster and its distance to the center.

    Training reads the features column only; a label column is not needed.
    """

    algorithm = "kmeans"
    responseRowDeserializer: ResponseRowDeserializer = setting(factory=KMeansProtobufResponseRowDeserializer)

    k = hyperparameter("k", integer(at_least=2), "Number of clusters.", default=2, required=True)
    setK, getK = accessors(k)

    mini_batch_size = hyperparameter(
        "mini_batch_size",
        integer(at_least=1),
        "Rows in one step of the training.",
        default=5000,
        required=True,
    )

    epochs = hyperparameter("epochs", integer(at_least=1), "Passes over the data; 1 unless set.")
    setEpochs, getEpochs = accessors(epochs)

    init_method = hyperparameter(
        "init_method",
        choice("random", "kmeans++"),
        "How the first centers are chosen: rows at random, or spread out; random unless set.",
    )
    setInitMethod, getInitMethod = accessors(init_method)

    extra_center_factor = hyperparameter(
        "extra_center_factor",
        word_or_number("auto", whole=True, at_least=1),
        "Training keeps k times this many centers and merges them into k at its end; auto unless set.",
    )
    setCenterFactor, getCenterFactor = accessors(extra_center_factor)

    half_life_time_size = hyperparameter(
        "half_life_time_size",
        integer(at_least=0),
        "After how many further rows a row counts half for its center; 0, unless set, is no decay.",
    )
    setHalflifeTime, getHalflifeTime = accessors(half_life_time_size)

    eval_metrics = hyperparameter(
        "eval_metrics",
        word_list(choice("msd", "ssd"), as_json=True),
        "Scores of the model: mean (msd) or sum (ssd) of squared distances; msd unless set.",
    )
    setEvalMetrics, getEvalMetrics = accessors(eval_metrics)

    local_lloyd_init_method = hyperparameter(
        "local_lloyd_init_method",
        choice("random", "kmeans++"),
        "How the first centers of the final clustering (Lloyd's method) are chosen; kmeans++ unless set.",
    )
    setLocalInitMethod, getLocalInitMethod = accessors(local_lloyd_init_method)

    local_lloyd_max_iter = hyperparameter(
        "local_lloyd_max_iter",
        integer(at_least=1),
        "Most iterations of the final clustering; 300 unless set.",
    )
    setMaxIter, getMaxIter = accessors(local_lloyd_max_iter)

    local_lloyd_num_trials = hyperparameter(
        "local_lloyd_num_trials",
        word_or_number("auto", whole=True, at_least=1),
        "How often the final clustering is tried, of which the best counts; auto unless set.",
    )
    setTrialNum, getTrialNum = accessors(local_lloyd_num_trials)

    local_lloyd_tol = hyperparameter(
        "local_lloyd_tol",
        real(at_least=0, at_most=1),
        "Change of the loss at which the final clustering stops; 0.0001 unless set.",
    )
    setTol, getTol = accessors(local_lloyd_tol)
