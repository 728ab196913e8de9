"""Principal component analysis."""

from __future__ import annotations

from collections.abc import Mapping

from sagemaker_spark_py.algorithms.algorithm import HasMiniBatchSize, VectorAlgorithmEstimator
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.params import accessors, hyperparameter
from sagemaker_spark_py.rules import boolean, choice, integer
from sagemaker_spark_py.settings import setting
from sagemaker_spark_py.transformation.deserializers import (
    PCAProtobufResponseRowDeserializer,
    ResponseRowDeserializer,
)


class PCASageMakerEstimator(HasMiniBatchSize, VectorAlgorithmEstimator):
    """Finds the directions in which rows differ most; the model appends each row's projection on them.

    Training reads the features column only; a label column is not needed.
    """

    algorithm = "pca"
    responseRowDeserializer: ResponseRowDeserializer = setting(factory=PCAProtobufResponseRowDeserializer)

    num_components = hyperparameter(
        "num_components",
        integer(at_least=1),
        "Number of components to find; at most feature_dim.",
        required=True,
    )
    setNumComponents, getNumComponents = accessors(num_components)

    mini_batch_size = hyperparameter(
        "mini_batch_size",
        integer(at_least=1),
        "Rows in one step of the training.",
        default=1000,
        required=True,
    )

    algorithm_mode = hyperparameter(
        "algorithm_mode",
        choice("regular", "stable", "randomized"),
        "How components are computed: exactly (regular, stable) or approximately, for many rows and features "
        "(randomized); regular unless set.",
    )
    setAlgorithmMode, getAlgorithmMode = accessors(algorithm_mode)

    extra_components = hyperparameter(
        "extra_components",
        integer(at_least=1, also=(-1,)),
        "Components that the randomized mode computes beyond those asked for, to be more accurate; -1, "
        "unless set, lets it choose.",
    )
    setExtraComponents, getExtraComponents = accessors(extra_components)

    subtract_mean = hyperparameter(
        "subtract_mean", boolean(), "Whether the mean of the data is subtracted first.", default=True
    )
    setSubtractMean, getSubtractMean = accessors(subtract_mean)

    def _check_job(self, hyperparameters: Mapping[str, str]) -> None:
        components, dim = (hyperparameters.get(name, "") for name in ("num_components", "feature_dim"))
        if components.isdigit() and dim.isdigit() and int(components) > int(dim):
            raise SettingError(
                f"num_components is too large: {components}; expected at most feature_dim, {dim}. "
                "Call setNumComponents(...) with fewer."
            )
