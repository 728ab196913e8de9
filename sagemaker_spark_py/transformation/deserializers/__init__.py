"""Response deserializers: what a model answers to columns of predictions."""

from sagemaker_spark_py.transformation.deserializers.algorithms import (
    FactorizationMachinesBinaryClassifierDeserializer,
    FactorizationMachinesRegressorDeserializer,
    KMeansProtobufResponseRowDeserializer,
    LDAProtobufResponseRowDeserializer,
    LinearLearnerBinaryClassifierProtobufResponseRowDeserializer,
    LinearLearnerMultiClassClassifierProtobufResponseRowDeserializer,
    LinearLearnerRegressorProtobufResponseRowDeserializer,
    PCAProtobufResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.deserializers.csv import (
    CSVResponseRowDeserializer,
    XGBoostCSVRowDeserializer,
)
from sagemaker_spark_py.transformation.deserializers.deserializer import Predictions as Predictions
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer
from sagemaker_spark_py.transformation.deserializers.json import (
    JSONLinesResponseRowDeserializer,
    JSONResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.deserializers.libsvm import LibSVMResponseRowDeserializer
from sagemaker_spark_py.transformation.deserializers.npy import NpyResponseRowDeserializer
from sagemaker_spark_py.transformation.deserializers.protobuf import ProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.deserializers.text import TextResponseRowDeserializer

__all__ = [
    "CSVResponseRowDeserializer",
    "FactorizationMachinesBinaryClassifierDeserializer",
    "FactorizationMachinesRegressorDeserializer",
    "JSONLinesResponseRowDeserializer",
    "JSONResponseRowDeserializer",
    "KMeansProtobufResponseRowDeserializer",
    "LDAProtobufResponseRowDeserializer",
    "LibSVMResponseRowDeserializer",
    "LinearLearnerBinaryClassifierProtobufResponseRowDeserializer",
    "LinearLearnerMultiClassClassifierProtobufResponseRowDeserializer",
    "LinearLearnerRegressorProtobufResponseRowDeserializer",
    "NpyResponseRowDeserializer",
    "PCAProtobufResponseRowDeserializer",
    "ProtobufResponseRowDeserializer",
    "ResponseRowDeserializer",
    "TextResponseRowDeserializer",
    "XGBoostCSVRowDeserializer",
]
