"""What the estimators of AWS's built-in algorithms share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from sagemaker_spark_py.algorithms.images import get_image_uri
from sagemaker_spark_py.arguments import setting, text, text_map
from sagemaker_spark_py.estimator import SageMakerEstimatorBase
from sagemaker_spark_py.intake import RECORDIO, Intake
from sagemaker_spark_py.params import HasHyperparameters, accessors, hyperparameter, sets
from sagemaker_spark_py.rules import integer
from sagemaker_spark_py.staging.plan import IF_NUMBER, REQUIRED
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer, RequestRowSerializer

if TYPE_CHECKING:
    from typing_extensions import Self


class AlgorithmEstimator(SageMakerEstimatorBase):
    """Trains one of AWS's built-in algorithms; use the class of the algorithm.

    A subclass names its `algorithm`, declares its hyperparameters and gives new defaults to settings.
    """

    algorithm: ClassVar[str]
    """Name of the algorithm in the image registry."""

    hyperParameters: Mapping[str, Any] = setting(
        "Hyperparameters by SageMaker's names, also such as have no Param; set Params go before.",
        factory=dict,
        check=text_map,
    )
    imageUri: str | None = setting(
        "An image to use instead of AWS's, for training and hosting.", default=None, check=text
    )

    @property
    def trainingImage(self) -> str:
        """URI of the image that trains: `imageUri`, else AWS's image of the algorithm in the region."""
        if self.imageUri is not None:
            return self.imageUri
        region = self.region or self._session().region or ""
        return get_image_uri(region, self.algorithm, self._image_version())

    @property
    def modelImage(self) -> str:
        """URI of the image that serves: the one that trains."""
        return self.trainingImage

    def _image_version(self) -> str | None:
        """Return the version of AWS's image; `None` for the registry's default."""
        return None


# Formats, channels and labels: Amazon SageMaker Developer Guide, "Common Data Formats for Training" and the
# pages of the algorithms. None of these algorithms takes weights or missing values.
UNSUPERVISED = Intake(
    formats={"sagemaker": RECORDIO, "csv": "text/csv;label_size={labels}"},
    channels=("test",),
    replicated=("test",),
    label=IF_NUMBER,
    weights=(),
    numbers="finite",
)
SUPERVISED = replace(UNSUPERVISED, label=REQUIRED)


class VectorAlgorithmEstimator(AlgorithmEstimator):
    """Trains an algorithm that reads recordIO-protobuf and is told how many features there are."""

    intake = UNSUPERVISED
    _from_data = ("feature_dim",)

    requestRowSerializer: RequestRowSerializer = setting(factory=ProtobufRequestRowSerializer)

    feature_dim = hyperparameter("feature_dim", integer(at_least=1), "Number of features.", required=True)
    setFeatureDim, getFeatureDim = accessors(feature_dim)


class HasMiniBatchSize(HasHyperparameters):
    """Accessors of ``mini_batch_size``, which a subclass declares with its own default."""

    @sets("mini_batch_size")
    def setMiniBatchSize(self, size: int) -> Self:
        """Set mini_batch_size, the number of rows in one step of the training."""
        return self._set_checked("mini_batch_size", size)

    def getMiniBatchSize(self) -> int | None:
        """Return mini_batch_size, the number of rows in one step of the training."""
        size: int | None = self._get_checked("mini_batch_size")
        return size
