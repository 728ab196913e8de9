"""Request serializers: rows of a DataFrame to what a model is sent."""

from sagemaker_spark_py.transformation.serializers.csv import (
    CSVRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
)
from sagemaker_spark_py.transformation.serializers.json import (
    JSONLinesRequestRowSerializer,
    JSONRequestRowSerializer,
)
from sagemaker_spark_py.transformation.serializers.libsvm import (
    LibSVMRequestRowSerializer,
    UnlabeledLibSVMRequestRowSerializer,
)
from sagemaker_spark_py.transformation.serializers.npy import NpyRequestRowSerializer
from sagemaker_spark_py.transformation.serializers.protobuf import ProtobufRequestRowSerializer
from sagemaker_spark_py.transformation.serializers.serializer import RequestRowSerializer
from sagemaker_spark_py.transformation.serializers.text import TextRequestRowSerializer

__all__ = [
    "CSVRequestRowSerializer",
    "JSONLinesRequestRowSerializer",
    "JSONRequestRowSerializer",
    "LibSVMRequestRowSerializer",
    "NpyRequestRowSerializer",
    "ProtobufRequestRowSerializer",
    "RequestRowSerializer",
    "TextRequestRowSerializer",
    "UnlabeledCSVRequestRowSerializer",
    "UnlabeledLibSVMRequestRowSerializer",
]
