"""Predictions as DataFrame columns, on both roads, in a local Spark."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PythonException
from pyspark.ml.linalg import DenseMatrix, SparseVector, Vectors
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    StringType,
    StructField,
    StructType,
)

from sagemaker_spark_py.errors import SchemaError
from sagemaker_spark_py.inference import WAYS, endpoint
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.inference.output import output_schema
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.recordio import decode, encode_tensors
from sagemaker_spark_py.transformation.deserializers import (
    KMeansProtobufResponseRowDeserializer,
    PCAProtobufResponseRowDeserializer,
    ProtobufResponseRowDeserializer,
    ResponseRowDeserializer,
    XGBoostCSVRowDeserializer,
)
from sagemaker_spark_py.transformation.serializers import (
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    RequestRowSerializer,
)

HAS_ARROW_UDF = hasattr(F, "arrow_udf")


@pytest.fixture(params=["udf", "map"] if HAS_ARROW_UDF else ["map"], autouse=True)
def road(request, monkeypatch):
    monkeypatch.setattr(endpoint, "_has_arrow_udf", lambda version: request.param == "udf")
    return request.param


@pytest.fixture
def call(session):
    def make(**changes):
        how = {k: changes.pop(k) for k in list(changes) if k in Invocation.__dataclass_fields__}
        arguments = {
            "invocation": Invocation(**how),
            "session": session,
            "endpointName": "e",
            "serializer": ProtobufRequestRowSerializer(),
            "deserializer": KMeansProtobufResponseRowDeserializer(),
        }
        return EndpointCall(**{**arguments, **changes})

    return make


def vector(i):
    return Vectors.dense(i, 0.5) if i % 3 else Vectors.sparse(2, [0, 1], [i, 0.5])


@pytest.fixture
def df(spark):
    rows = [(f"row {i}", i % 2 == 0, vector(i), [float(i)]) for i in range(40)]
    names = ["name", "even", "features", "array"]
    return spark.createDataFrame(rows, names).repartition(3, "name").sortWithinPartitions("name")


def expected_schema(df, call, prepend):
    return output_schema(df.schema, call.serializer, call.deserializer, prepend)


def test_rows_stay_as_they_are_with_predictions_behind(df, call):
    assert WAYS["endpoint"] is endpoint.transform
    result = endpoint.transform(df, call(maxRowsPerRequest=3), True)
    assert result.columns == [*df.columns, "distance_to_cluster", "closest_cluster"]
    assert result.schema == expected_schema(df, call(), True)
    before, after = df.collect(), result.collect()
    assert [tuple(row)[:4] for row in after] == [tuple(row) for row in before]
    assert [row.distance_to_cluster for row in after] == [row.features.toArray().sum() for row in before]
    assert [row.closest_cluster for row in after] == [row.features[0] for row in before]


def test_predictions_alone(df, call):
    result = endpoint.transform(df, call(), False)
    assert result.schema == expected_schema(df, call(), False)
    assert result.columns == ["distance_to_cluster", "closest_cluster"]
    assert [row.closest_cluster for row in result.collect()] == [row.features[0] for row in df.collect()]


def test_every_row_is_sent_once_even_with_a_filter_behind(stub, df, call):
    result = endpoint.transform(df, call(), True)
    found = result.where("closest_cluster > 9 and distance_to_cluster < 100").select(
        "name", "closest_cluster"
    )
    assert {row.name for row in found.collect()} == {f"row {i}" for i in range(10, 40)}
    assert sum(len(decode(body)) for body in stub.bodies) == 40


def test_nothing_is_sent_before_an_action(stub, df, call):
    endpoint.transform(df, call(), True)
    assert stub.requests == []


def test_empty_partitions_send_nothing(stub, spark, call):
    df = spark.createDataFrame([(Vectors.dense(1, 2),)], ["features"]).repartition(5)
    assert len(endpoint.transform(df, call(), True).collect()) == 1
    assert len(stub.requests) == 1
    assert endpoint.transform(df.where("false"), call(), True).collect() == []
    assert len(stub.requests) == 1


def test_small_arrow_batches_share_a_request(stub, spark, df, call):
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 2)
    try:
        result = endpoint.transform(df.coalesce(1), call(), True).collect()
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    assert [row.closest_cluster for row in result] == [row.features[0] for row in result]
    assert len(stub.requests) == 1


def test_vectors_come_back_as_spark_vectors(stub, df, call):
    stub.model = project
    result = endpoint.transform(df, call(deserializer=PCAProtobufResponseRowDeserializer()), True)
    row = result.where("name = 'row 7'").head()
    assert row.projection == Vectors.dense(7, 0.5)


def project(body):
    return encode_tensors({}, {"projection": decode(body).features["values"].dense()}).data.tobytes()


def kmeans_of(body):
    rows = decode(body).features["values"].dense()
    return {"distance_to_cluster": rows.sum(axis=1), "closest_cluster": rows[:, 0]}


@pytest.mark.parametrize("prepend", [True, False])
def test_vectors_straight_from_a_file(stub, spark, df, call, tmp_path, prepend):
    df.write.parquet(str(tmp_path / "rows"))
    rows = spark.read.parquet(str(tmp_path / "rows"))

    found = WAYS["endpoint"](rows, call(), prepend)

    assert found.select("closest_cluster").count() == df.count()
    assert len(found.collect()) == df.count()


def test_predictions_feed_the_next_stage(stub, df, call):
    def both(body):
        doubled = 2 * decode(body).features["values"].dense()
        return encode_tensors({}, {"projection": doubled, **kmeans_of(body)}).data.tobytes()

    stub.model = both
    first = endpoint.transform(df, call(deserializer=PCAProtobufResponseRowDeserializer()), True)
    second = call(serializer=ProtobufRequestRowSerializer(featuresColumnName="projection"))
    result = endpoint.transform(first, second, True).collect()
    assert [row.closest_cluster for row in result] == [2 * row.features[0] for row in result]
    assert sum(len(decode(body)) for body in stub.bodies) == 80


@pytest.mark.parametrize("prepend", [True, False])
def test_several_input_columns(stub, spark, call, prepend):
    df = spark.createDataFrame([(i, i / 2, "x") for i in range(5)], ["a.b", "c`d", "other"])
    columns = call(serializer=ProtobufRequestRowSerializer(featuresColumnName=["c`d", "a.b"]))
    result = endpoint.transform(df, columns, prepend).collect()
    assert [row.closest_cluster for row in result] == [i / 2 for i in range(5)]
    assert [row.distance_to_cluster for row in result] == [i * 1.5 for i in range(5)]


def test_arrays_and_labels(stub, df, call):
    stub.model = lambda body: b"\n".join(line.split(b":")[-1] for line in body.splitlines())
    text = call(
        serializer=LibSVMRequestRowSerializer(labelColumnName="even", featuresColumnName="array"),
        deserializer=XGBoostCSVRowDeserializer(),
    )
    result = endpoint.transform(df, text, True).collect()
    assert [row.prediction for row in result] == [row.array[0] for row in result]
    assert {line.split()[0] for body in stub.bodies for line in body.splitlines()} == {b"0", b"1"}


def test_other_columns_may_share_a_name(spark, call):
    df = spark.createDataFrame([(1, 2, Vectors.dense(3, 4))], ["x", "y", "features"])
    df = df.select("x", F.col("y").alias("x"), "features", F.lit(5).alias("predictions"))
    result = endpoint.transform(df, call(), True)
    assert [tuple(row) for row in result.collect()] == [(1, 2, Vectors.dense(3, 4), 5, 7, 3)]


@pytest.mark.parametrize("taken", ["closest_cluster", "Distance_To_Cluster"])
def test_clash_of_names_is_refused_at_once(df, call, taken):
    with pytest.raises(SchemaError, match="would exist twice"):
        endpoint.transform(df.withColumn(taken, F.lit(1)), call(), True)
    assert endpoint.transform(df.withColumn(taken, F.lit(1)), call(), False).columns[1] == "closest_cluster"


def test_predictions_of_one_name_are_refused(df, call):
    twice = KMeansProtobufResponseRowDeserializer("x", "X")
    with pytest.raises(SchemaError, match="'X' would exist twice"):
        endpoint.transform(df, call(deserializer=twice), False)


def test_names_that_differ_by_case_where_spark_tells_them_apart(spark, df, call):
    spark.conf.set("spark.sql.caseSensitive", True)
    try:
        result = endpoint.transform(df.withColumn("Closest_Cluster", F.lit(-1.0)), call(), True)
        assert {row["Closest_Cluster"] for row in result.collect()} == {-1}
    finally:
        spark.conf.unset("spark.sql.caseSensitive")


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ("name", "'name' has the wrong type: string"),
        ("even", "'even' has the wrong type"),
        ("nope", "'nope' is missing"),
    ],
)
def test_wrong_columns_are_refused_at_once(df, call, column, problem):
    with pytest.raises(SchemaError, match=problem):
        endpoint.transform(df, call(serializer=ProtobufRequestRowSerializer(featuresColumnName=column)), True)


def test_one_serializer_serves_frames_of_any_column_order(df, call):
    shared = call()
    one = endpoint.transform(df, shared, True)
    other = endpoint.transform(df.select("features", "name"), shared, True)
    assert {(r.name, r.closest_cluster) for r in one.collect()} == {
        (r.name, r.closest_cluster) for r in other.collect()
    }


def test_null_features_name_partition_rows_and_column(spark, call):
    schema = StructType([StructField("features", ArrayType(DoubleType()))])
    df = spark.createDataFrame([([1.0, 2.0],), (None,)], schema).coalesce(1)
    python = "DataError: Partition 0: Batch of rows 0 to 1: Column 'features' is null: row 1"
    java = "Partition 0, row 1: Column 'features' is null"
    with pytest.raises((PythonException, Py4JJavaError), match=f"{python}|{java}"):
        endpoint.transform(df, call(), True).collect()


def test_failed_request_names_all_that_is_known(stub, df, call):
    stub.model = lambda body: (424, "ModelError", "Received server error (500)", {"OriginalStatusCode": 500})
    with pytest.raises(PythonException) as caught:
        endpoint.transform(df.coalesce(1), call(), True).collect()
    text = str(caught.value)
    for part in (
        "InvocationError: Endpoint 'e', partition 0, rows 0 to 39: ",
        "ModelError (HTTP 424): Received server error (500)",
        "3 attempts, request id request-1",
    ):
        assert part in text


def test_short_answer_is_an_error_not_a_shift(stub, df, call):
    stub.model = lambda body: encode_tensors(
        {}, {k: v[1:] for k, v in kmeans_of(body).items()}
    ).data.tobytes()
    with pytest.raises(PythonException, match=r"ResponseError: .* 39 rows; expected 40"):
        endpoint.transform(df.coalesce(1), call(), True).collect()


def test_serializer_sees_rows_as_the_driver_does(stub, spark, call):
    """Each row is sent as its repr and compared with the repr of the row collected."""

    class Repr(RequestRowSerializer):
        contentType = "text/plain"

        def serializeRow(self, row):
            return repr(row).encode() + b"\n"

    class Text(ResponseRowDeserializer):
        accepts = "text/plain"
        schema = StructType([StructField("text", StringType())])

        def deserializeResponse(self, body):
            return [(line,) for line in body.decode().splitlines()]

    stub.model = lambda body: body
    df = spark.sql(
        "select 1 as i, 'ü' as s, timestamp'2024-01-02 03:04:05.678' as t, date'2024-01-02' as d, true as b, "
        "array(1, null) as a, map('k', 2) as m, named_struct('x', 1, 'y', array(named_struct('z', 2))) as o, "
        "cast(null as double) as missing, 1.50BD as n"
    )
    linear = [(Vectors.dense(1, 2), SparseVector(3, [1], [2.0]), DenseMatrix(1, 2, [1, 2]))]
    df = df.crossJoin(spark.createDataFrame(linear, ["dense", "sparse", "matrix"]))
    (row,) = endpoint.transform(df, call(serializer=Repr(), deserializer=Text()), True).collect()
    assert row.text == repr(df.collect()[0])


def test_every_type_of_answer_column(stub, df, call):
    tensors = {"d": 1.5, "n": 2.0, "f": 0.25, "flag": 1.0}
    stub.model = lambda body: encode_tensors(
        {},
        {**{k: [v] * len(decode(body)) for k, v in tensors.items()}, "a": [[1.0, 2.0]] * len(decode(body))},
    ).data.tobytes()
    schema = "d double, n long, f float, flag boolean, a array<float>"
    typed = ProtobufResponseRowDeserializer(df.sparkSession.createDataFrame([], schema).schema)
    result = endpoint.transform(df, call(deserializer=typed), False)
    assert tuple(result.head()) == (1.5, 2, 0.25, True, [1.0, 2.0])


def test_versions_are_compared_as_numbers(monkeypatch):
    monkeypatch.undo()
    found = [
        endpoint._has_arrow_udf(v) for v in ("3.5.9", "4.0.1", "4.1.0-preview2", "4.10.0", "10.0.0.dev1")
    ]
    assert found == [False, False, HAS_ARROW_UDF, HAS_ARROW_UDF, HAS_ARROW_UDF]


ON_CONNECT = """
import sys
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession
from sagemaker_spark_py.inference.endpoint import EndpointCall, transform
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.transformation.deserializers import KMeansProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer

spark = SparkSession.builder.remote("local[2]").getOrCreate()
session = Session("us-east-1", endpointUrls=(("sagemaker-runtime", sys.argv[1]),))
call = EndpointCall(session, "e", ProtobufRequestRowSerializer(), KMeansProtobufResponseRowDeserializer())
df = spark.createDataFrame([(i, Vectors.dense(i, 2)) for i in range(10)], ["i", "features"])
df = df.repartition(2, "i")
for prepend in (True, False):
    rows = transform(df, call, prepend).where("closest_cluster >= 3").collect()
    assert sorted(row.closest_cluster for row in rows) == list(range(3, 10)), rows
spark.stop()
"""


@pytest.mark.slow
@pytest.mark.skipif(not HAS_ARROW_UDF, reason="Spark 3.5 needs Connect's jar from the network")
def test_spark_connect(stub, road):
    if road == "map":
        pytest.skip("Connect needs one run only")
    environment = {**os.environ, "PYTHONPATH": str(Path(endpoint.__file__).parents[2])}
    environment["SPARK_TESTING"] = "1"  # any free port instead of a fixed one
    done = subprocess.run(
        [sys.executable, "-c", ON_CONNECT, stub.url],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert sum(len(decode(body)) for body in stub.bodies) == 20
