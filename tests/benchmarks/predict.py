"""Our transform() against the stub, with the serializers of the two families of formats."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame

from sagemaker_spark_py import EndpointCreationPolicy, Invocation, SageMakerModel
from sagemaker_spark_py.transformation.deserializers import (
    KMeansProtobufResponseRowDeserializer,
    XGBoostCSVRowDeserializer,
)
from sagemaker_spark_py.transformation.serializers import (
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
)
from tests.benchmarks.bench import Bench

FORMATS = {
    "recordio": (ProtobufRequestRowSerializer, KMeansProtobufResponseRowDeserializer),
    "text": (LibSVMRequestRowSerializer, XGBoostCSVRowDeserializer),
    "csv": (UnlabeledCSVRequestRowSerializer, XGBoostCSVRowDeserializer),
}


def predicted(bench: Bench, frame: DataFrame, format: str, **how: Any) -> DataFrame:
    """Return a DataFrame with the stub's predictions; `how` are arguments of `Invocation`."""
    serializer, deserializer = FORMATS[format]
    model = SageMakerModel(
        existingEndpointName="stub",
        endpointCreationPolicy=EndpointCreationPolicy.DO_NOT_CREATE,
        requestRowSerializer=serializer(),
        responseRowDeserializer=deserializer(),
        invocation=Invocation(**how),
        session=bench.session(**{"sagemaker-runtime": bench.stub.url}),
    )
    return model.transform(frame)
