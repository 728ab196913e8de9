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
from sagemaker_spark_py.transformation.deserializers.csv import XGBoostCSVRowDeserializer
from sagemaker_spark_py.transformation.deserializers.deserializer import ResponseRowDeserializer
from sagemaker_spark_py.transformation.deserializers.libsvm import LibSVMResponseRowDeserializer
from sagemaker_spark_py.transformation.deserializers.protobuf import ProtobufResponseRowDeserializer

__all__ = [
    "FactorizationMachinesBinaryClassifierDeserializer",
    "FactorizationMachinesRegressorDeserializer",
    "KMeansProtobufResponseRowDeserializer",
    "LDAProtobufResponseRowDeserializer",
    "LibSVMResponseRowDeserializer",
    "LinearLearnerBinaryClassifierProtobufResponseRowDeserializer",
    "LinearLearnerMultiClassClassifierProtobufResponseRowDeserializer",
    "LinearLearnerRegressorProtobufResponseRowDeserializer",
    "PCAProtobufResponseRowDeserializer",
    "ProtobufResponseRowDeserializer",
    "ResponseRowDeserializer",
    "XGBoostCSVRowDeserializer",
]
