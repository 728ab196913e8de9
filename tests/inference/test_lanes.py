"""Both lanes send the same bodies, or refuse the same rows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from py4j.protocol import Py4JJavaError
from pyspark.errors import PythonException

from sagemaker_spark_py.inference import endpoint
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.inference.lanes import Encoded, encoded
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.jvm import classpath_jars
from sagemaker_spark_py.transformation.deserializers import XGBoostCSVRowDeserializer
from sagemaker_spark_py.transformation.serializers import (
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
    UnlabeledLibSVMRequestRowSerializer,
)
from tests.lanes import frame, lane, tables

needs_jar = pytest.mark.skipif(not classpath_jars(), reason="the package was built without Maven")
SERIALIZERS = [
    ProtobufRequestRowSerializer(),
    UnlabeledCSVRequestRowSerializer(),
    LibSVMRequestRowSerializer(),
    LibSVMRequestRowSerializer(indexBase=0, zeroEntry=False, omitZeros=True),
    UnlabeledLibSVMRequestRowSerializer(indexBase=0),
]


class OwnSerializer(UnlabeledCSVRequestRowSerializer):
    """Might do anything."""


def sent(stub, data, call, name, prepend):
    """Return the bodies that a lane sends, in the order of the rows; only that it refuses and says where."""
    del stub.requests[:]
    with lane(data.sparkSession, name):
        try:
            endpoint.transform(data, call, prepend).collect()
        except (PythonException, Py4JJavaError) as error:
            return "Partition 0" in str(error)
    return stub.bodies


@needs_jar
@settings(
    deadline=None,
    max_examples=3,
    phases=[Phase.generate],  # to shrink takes too long
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(table=tables(), serializer=st.sampled_from(SERIALIZERS), prepend=st.booleans())
def test_both_lanes_send_the_same(spark, stub, session, table, serializer, prepend) -> None:
    schema, rows, features = table
    if schema.fields[-1].dataType.typeName() == "matrixudt":
        serializer = SERIALIZERS[0]
    serializer = type(serializer)(**{**vars(serializer), "featuresColumnName": features})
    one = Invocation(maxInFlight=1, maxRowsPerRequest=1)
    call = EndpointCall(session, "e", serializer, XGBoostCSVRowDeserializer(), one)
    stub.model = lambda body: b"1"
    data = frame(spark, schema, rows).coalesce(1)

    python = sent(stub, data, call, "python", prepend)

    assert sent(stub, data, call, "java", prepend) == python


@pytest.fixture
def data(spark):
    return spark.range(4).selectExpr("id AS label", "array(id, 0.5D) AS features", "id AS model")


@needs_jar
@pytest.mark.smoke
@pytest.mark.parametrize(
    ("serializer", "how", "name", "taken"),
    [
        (SERIALIZERS[0], {}, "auto", True),
        (SERIALIZERS[0], {}, "java", True),
        (SERIALIZERS[0], {}, "python", False),
        (SERIALIZERS[0], {"onError": "null"}, "auto", False),
        (SERIALIZERS[0], {"targetModelCol": "model"}, "auto", False),
        (OwnSerializer(), {}, "auto", False),
    ],
)
def test_java_is_asked_for_what_it_knows(data, session, serializer, how, name, taken) -> None:
    call = EndpointCall(session, "e", serializer, XGBoostCSVRowDeserializer(), Invocation(**how))
    with lane(data.sparkSession, name):
        java = encoded(data, call)
    assert (java is not None) == taken
    if java:
        assert java[0].serializer == Encoded(serializer.contentType)
        assert data.select(java[1].alias("payload")).count() == 4
