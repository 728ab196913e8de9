"""An endpoint as a function on columns, by Arrow and by pandas."""

import json
import time

import pytest
from pyspark.errors import PySparkRuntimeError, PythonException
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sagemaker_spark_py import endpoint_udf
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.inference import endpoint
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.recordio import decode, encode_tensors
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers import (
    JSONResponseRowDeserializer,
    KMeansProtobufResponseRowDeserializer,
    ProtobufResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.serializers import (
    JSONRequestRowSerializer,
    ProtobufRequestRowSerializer,
    RequestRowSerializer,
)

ROADS = ["arrow", "pandas"] if hasattr(F, "arrow_udf") else ["pandas"]
pytestmark = pytest.mark.smoke


@pytest.fixture(params=ROADS, autouse=True)
def road(request, monkeypatch):
    monkeypatch.setattr(endpoint, "_has_arrow_udf", lambda version: request.param == "arrow")
    return request.param


@pytest.fixture
def df(spark):
    vectors = [Vectors.dense(i, 0.5) if i % 2 else Vectors.sparse(2, [0, 1], [i, 0.5]) for i in range(20)]
    rows = [(i, f"text {i}", v) for i, v in enumerate(vectors)]
    return spark.createDataFrame(rows, ["id", "text", "features"]).repartition(3)


def test_select(df, session):
    predict = endpoint_udf(
        "e", ProtobufRequestRowSerializer(), KMeansProtobufResponseRowDeserializer(), session=session
    )
    found = df.select("id", predict("features").alias("p")).select("id", "p.*").collect()
    assert {row.id: (row.distance_to_cluster, row.closest_cluster) for row in found} == {
        i: (i + 0.5, i) for i in range(20)
    }


def test_sql_with_several_columns_and_nulls(spark, df, session, stub):
    stub.model = lambda body: json.dumps(
        {"predictions": [{"said": i["words"], "n": i["number"]} for i in json.loads(body)["instances"]]}
    ).encode()
    serializer = JSONRequestRowSerializer(["words", "number"])
    deserializer = JSONResponseRowDeserializer("said string, n int")
    spark.udf.register("predict", endpoint_udf("e", serializer, deserializer, session=session))
    df.createOrReplaceTempView("texts")
    found = spark.sql(
        "SELECT id, predict(if(id % 2 = 0, text, null), id).said AS said, predict(text, id).n AS n FROM texts"
    )
    assert {row.id: (row.said, row.n) for row in found.collect()} == {
        i: (None if i % 2 else f"text {i}", i) for i in range(20)
    }


def test_vectors_go_and_come(df, session, stub, road):
    def mirror(body):
        rows = decode(body).features["values"].dense()
        return encode_tensors({}, {"v": rows}).data.tobytes()

    stub.model = mirror
    deserializer = ProtobufResponseRowDeserializer(as_schema("v vector"))
    predict = endpoint_udf("e", ProtobufRequestRowSerializer(), deserializer, session=session)
    found = df.select("id", predict("features").v.alias("v")).collect()
    as_it_comes = Vectors.dense if road == "arrow" else list
    assert {row.id: row.v for row in found} == {i: as_it_comes([i, 0.5]) for i in range(20)}


class OddOnes(RequestRowSerializer):
    contentType = "application/json"

    def serializeRow(self, row):
        return b"%d," % row.n if row.n % 2 else None

    def wrapBody(self, payloads, rows):
        return b'{"instances": [%s]}' % bytes(payloads)[:-1]


def test_rows_that_are_not_sent_are_null(spark, session, stub):
    stub.model = lambda body: json.dumps({"predictions": json.loads(body)["instances"]}).encode()
    with pytest.raises(SettingError, match="inputCols is not given, and OddOnes takes any column"):
        endpoint_udf("e", OddOnes(), JSONResponseRowDeserializer("p int"), session=session)
    predict = endpoint_udf(
        "e", OddOnes(), JSONResponseRowDeserializer("p int"), session=session, inputCols=["n"]
    )
    found = spark.range(6).select(predict("id").p.alias("p")).collect()
    assert [row.p for row in found] == [None, 1, None, 3, None, 5]


def test_each_row_is_sent_once_even_behind_a_filter(df, session, stub):
    predict = endpoint_udf(
        "e", ProtobufRequestRowSerializer(), KMeansProtobufResponseRowDeserializer(), session=session
    )
    kept = df.select(predict("features").alias("p")).filter("p.closest_cluster > 4").select("p.*")
    assert kept.count() == 15
    assert sum(len(decode(body)) for body in stub.bodies) == 20


def test_an_error_names_endpoint_and_rows(df, session, stub):
    stub.model = lambda body: (400, "ValidationError", "no")
    predict = endpoint_udf(
        "my-endpoint",
        ProtobufRequestRowSerializer(),
        KMeansProtobufResponseRowDeserializer(),
        session=session,
    )
    with pytest.raises(PythonException, match=r"'my-endpoint', partition \d, rows? 0"):
        df.select(predict("features")).collect()


def test_limits_of_the_invocation_hold(spark, session, stub):
    stub.model = lambda body: json.dumps({"predictions": json.loads(body)["instances"]}).encode()
    predict = endpoint_udf(
        "e",
        JSONRequestRowSerializer("n"),
        JSONResponseRowDeserializer("p int"),
        session=session,
        invocation=Invocation(maxRowsPerRequest=2),
    )
    assert spark.range(0, 5, 1, 1).select(predict("id").p.alias("p")).collect() == [(i,) for i in range(5)]
    assert sorted(len(json.loads(body)["instances"]) for body in stub.bodies) == [1, 2, 2]


def one_by_one(session, **how):
    """A function that asks for one row at a time."""
    how = Invocation(maxRowsPerRequest=1, maxInFlight=8, **how)
    formats = JSONRequestRowSerializer("n"), JSONResponseRowDeserializer("p int")
    return endpoint_udf("e", *formats, session=session, invocation=how)


@pytest.mark.parametrize(("limit", "most"), [({}, range(3, 17)), ({"maxTotalInFlight": 3}, range(1, 3))])
def test_the_limit_of_the_whole_job_is_divided_over_its_tasks(spark, session, stub, limit, most):
    def model(body):
        time.sleep(0.01)
        return json.dumps({"predictions": json.loads(body)["instances"]}).encode()

    stub.model = model
    found = spark.range(0, 40, 1, 4).select(one_by_one(session, **limit)("id").p.alias("p")).collect()
    assert [row.p for row in found] == list(range(40))
    assert stub.most_under_way in most


def test_a_limit_below_the_number_of_tasks_is_refused(spark, session):
    with pytest.raises(SettingError, match=r"maxTotalInFlight is too low.*: 1; expected at least 2"):
        one_by_one(session, maxTotalInFlight=1)


def test_a_limit_without_a_session_is_refused(session, monkeypatch):
    def none():
        raise PySparkRuntimeError("NO_ACTIVE_OR_DEFAULT_SESSION")

    monkeypatch.setattr(SparkSession, "active", none)
    with pytest.raises(SettingError, match=r"maxTotalInFlight cannot be divided.*expected a running session"):
        one_by_one(session, maxTotalInFlight=8)


COLUMNAR = "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled"


def test_vectors_straight_from_parquet(spark, df, session, tmp_path, caplog):
    """Where Spark cannot, a warning says what to do, and that helps, in SQL too."""
    df.select("id", "features").write.parquet(str(tmp_path / "rows"))
    spark.read.parquet(str(tmp_path / "rows")).createOrReplaceTempView("stored")
    formats = ProtobufRequestRowSerializer(), KMeansProtobufResponseRowDeserializer()
    if endpoint.release(spark.version) >= (4, 2):
        endpoint_udf("e", *formats, session=session)
        assert f"Set {COLUMNAR} to false" in caplog.text
        spark.conf.set(COLUMNAR, "false")
    try:
        caplog.clear()
        spark.udf.register("predict", endpoint_udf("e", *formats, session=session))
        assert not caplog.text
        found = spark.sql("SELECT id, predict(features).closest_cluster AS c FROM stored").collect()
    finally:
        spark.conf.unset(COLUMNAR)
    assert {row.id: row.c for row in found} == {i: i for i in range(20)}


def test_needs_a_region_at_once(monkeypatch):
    monkeypatch.setattr(Session, "resolve", lambda: (_ for _ in ()).throw(SettingError("no region")))
    with pytest.raises(SettingError, match="no region"):
        endpoint_udf("e", JSONRequestRowSerializer("n"), JSONResponseRowDeserializer("p int"))
