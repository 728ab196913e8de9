"""Our transform() against the stub, with the serializers of the two families of formats."""

from __future__ import annotations

from pyspark.sql import DataFrame

from sagemaker_spark_py.inference import WAYS, EndpointCall
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


def predicted(bench: Bench, frame: DataFrame, format: str, **limits: int) -> DataFrame:
    """Return a DataFrame with the stub's predictions; `limits` are arguments of `EndpointCall`."""
    serializer, deserializer = FORMATS[format]
    session = bench.session(**{"sagemaker-runtime": bench.stub.url})
    call = EndpointCall(session, "stub", serializer(), deserializer(), **limits)
    return WAYS["endpoint"](frame, call, True)
