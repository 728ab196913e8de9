"""Latent Dirichlet allocation."""

from __future__ import annotations

from collections.abc import Mapping

from sagemaker_spark_py.algorithms.algorithm import HasMiniBatchSize, VectorAlgorithmEstimator
from sagemaker_spark_py.arguments import setting
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.params import accessors, hyperparameter
from sagemaker_spark_py.rules import integer, real
from sagemaker_spark_py.transformation.deserializers import (
    LDAProtobufResponseRowDeserializer,
    ResponseRowDeserializer,
)


class LDASageMakerEstimator(HasMiniBatchSize, VectorAlgorithmEstimator):
    """Finds topics in documents given as word counts; the model appends each document's mixture of topics.

    SageMaker trains it on a single CPU instance. ``feature_dim`` is the size of the vocabulary.
    """

    algorithm = "lda"
    responseRowDeserializer: ResponseRowDeserializer = setting(factory=LDAProtobufResponseRowDeserializer)

    num_topics = hyperparameter("num_topics", integer(at_least=1), "Number of topics.", required=True)
    setNumTopics, getNumTopics = accessors(num_topics)

    mini_batch_size = hyperparameter(
        "mini_batch_size", integer(at_least=1), "Number of documents in the corpus.", required=True
    )

    alpha0 = hyperparameter(
        "alpha0",
        real(above=0),
        "Concentration: small values favor documents of few topics, values above 1 even mixtures; SageMaker "
        "chooses unless set.",
    )
    setAlpha0, getAlpha0 = accessors(alpha0)

    max_restarts = hyperparameter(
        "max_restarts",
        integer(at_least=1),
        "How often the decomposition starts anew to escape poor solutions; 10 unless set.",
    )
    setMaxRestarts, getMaxRestarts = accessors(max_restarts)

    max_iterations = hyperparameter(
        "max_iterations", integer(at_least=1), "Most iterations of the decomposition; 1000 unless set."
    )
    setMaxIterations, getMaxIterations = accessors(max_iterations)

    tol = hyperparameter("tol", real(above=0), "Error at which the decomposition stops; 1e-8 unless set.")
    setTol, getTol = accessors(tol)

    # Amazon SageMaker Developer Guide, "Latent Dirichlet Allocation (LDA) Algorithm".
    def _check_job(self, hyperparameters: Mapping[str, str]) -> None:
        if self.trainingInstanceCount != 1:
            raise SettingError(
                f"trainingInstanceCount does not fit LDA: {self.trainingInstanceCount}; expected 1. "
                "LDA trains on a single CPU instance: choose a larger trainingInstanceType instead."
            )
        if self.trainingSparkDataFormat == "csv" and self.trainingInputMode != "File":
            raise SettingError(
                f"trainingInputMode does not fit LDA's CSV: {self.trainingInputMode!r}; expected 'File'. "
                "Use the format 'sagemaker' for other modes."
            )
