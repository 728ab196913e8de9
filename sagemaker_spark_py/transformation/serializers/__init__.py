"""Request serializers: rows of a DataFrame to what a model is sent."""

from sagemaker_spark_py.transformation.serializers.csv import UnlabeledCSVRequestRowSerializer
from sagemaker_spark_py.transformation.serializers.libsvm import (
    LibSVMRequestRowSerializer,
    UnlabeledLibSVMRequestRowSerializer,
)
from sagemaker_spark_py.transformation.serializers.protobuf import ProtobufRequestRowSerializer
from sagemaker_spark_py.transformation.serializers.serializer import RequestRowSerializer

__all__ = [
    "LibSVMRequestRowSerializer",
    "ProtobufRequestRowSerializer",
    "RequestRowSerializer",
    "UnlabeledCSVRequestRowSerializer",
    "UnlabeledLibSVMRequestRowSerializer",
]
