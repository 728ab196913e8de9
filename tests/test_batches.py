"""Batch Transform of DataFrames and of objects in S3, from end to end on the local SageMaker.

The model of these tests answers each line of numbers with their sum, so that every row tells its prediction.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from pyspark import cloudpickle
from pyspark.ml import PipelineModel
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sagemaker_spark_py import BatchTransform, EndpointCreationPolicy, S3DataPath, SageMakerModel, Session
from sagemaker_spark_py.errors import (
    DataError,
    SchemaError,
    ServiceError,
    SettingError,
    TransformError,
    TransformInterruptedError,
    TransformStoppedError,
)
from sagemaker_spark_py.inference import batch
from sagemaker_spark_py.service import transform_jobs
from sagemaker_spark_py.transformation.deserializers import XGBoostCSVRowDeserializer
from sagemaker_spark_py.transformation.serializers import UnlabeledCSVRequestRowSerializer
from tests.digits import ROLE, digits, kmeans
from tests.local.jobs import archive
from tests.staging import faults
from tests.staging.faults import Faulty

cloudpickle.register_pickle_by_value(faults)  # the workers' Python does not find the tests

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/batch:1"
BUCKET = "batches"
QUIET = {"s3DataPath": S3DataPath(BUCKET, "work"), "logs": "none"}


@pytest.fixture
def s3(aws) -> Iterator[Any]:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=archive(weights="1"))
    yield client
    for key in keys(client):
        client.delete_object(Bucket=BUCKET, Key=key)
    client.delete_bucket(Bucket=BUCKET)


def keys(s3: Any, prefix: str = "") -> list[str]:
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
    return [entry["Key"] for entry in listed]


def model(options: dict[str, Any] | None = None, **changes: Any) -> SageMakerModel:
    settings = {
        "requestRowSerializer": UnlabeledCSVRequestRowSerializer(),
        "responseRowDeserializer": XGBoostCSVRowDeserializer(),
        "modelImage": IMAGE,
        "modelPath": S3DataPath(BUCKET, "model.tar.gz"),
        "modelExecutionRoleARN": ROLE,
        "inferenceWay": "batch",
        "transformInstanceType": "ml.m5.large",
        "transformOptions": BatchTransform(**{**QUIET, **(options or {})}),
        **changes,
    }
    return SageMakerModel(**settings)


def numbered(spark: Any, rows: int = 40, partitions: int = 3) -> DataFrame:
    numbers = spark.range(0, rows, 1, partitions)
    return numbers.select("id", F.array(F.col("id").cast("double"), F.lit(0.5)).alias("features"))


def nothing_is_left(s3: Any) -> bool:
    client = boto3.client("sagemaker")
    models = client.list_models(NameContains="model-")["Models"]
    return keys(s3, "work") == [] and models == [] and client.list_endpoints()["Endpoints"] == []


@pytest.mark.smoke
def test_every_row_meets_its_own_prediction_in_order(spark, s3, sagemaker) -> None:
    ours = model({"maxRowsPerObject": 4}, transformInstanceCount=2)
    frame = numbered(spark)
    predicted = ours.transform(frame)
    assert predicted.schema == ours.transformSchema(frame.schema)
    rows = predicted.collect()
    assert [row.id for row in rows] == list(range(40))
    assert all(row.prediction == row.id + 0.5 == sum(row.features) for row in rows)
    assert predicted.collect() == rows
    placed = predicted.groupBy(F.spark_partition_id()).count().collect()
    assert sorted(row["count"] for row in placed) == [13, 13, 14]
    [job] = sagemaker.list_transform_jobs(SortBy="CreationTime", MaxResults=1)["TransformJobSummaries"]
    assert job["TransformJobStatus"] == "Completed"
    described = sagemaker.describe_transform_job(TransformJobName=job["TransformJobName"])
    assert described["TransformResources"] == {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    assert sagemaker.list_models(NameContains=job["TransformJobName"])["Models"] == []
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert {key.split("/")[2] for key in keys(s3, "work")} == {"rows", "output"}
    ours.deleteBatchData()
    assert nothing_is_left(s3)


def test_what_was_sent_is_what_is_joined(spark, s3) -> None:
    """A DataFrame that is another one at each reading."""
    random = spark.range(0, 50, 1, 2).select("id", F.array(F.rand(), F.rand()).alias("features"))
    predicted = model().batchTransform(random)
    first = predicted.collect()
    assert all(abs(row.prediction - sum(row.features)) < 1e-12 for row in first)
    assert predicted.collect() == first


def test_all_kinds_of_columns_come_back(spark, s3) -> None:
    frame = spark.sql(
        "SELECT timestamp'2020-01-02 03:04:05' AS t, cast(1.5 AS decimal(10,2)) AS d, "
        "array(1.0D, 2.0D) AS f, map('a', 1) AS m, "
        "named_struct('x', array('u', NULL)) AS s, cast(NULL AS string) AS `with.dot`, "
        "date'2020-01-02' AS day, binary('b') AS b"
    )
    vectors = spark.createDataFrame([(Vectors.sparse(3, [1], [2.0]),)], ["v"])
    frame = frame.crossJoin(vectors)
    ours = model(requestRowSerializer=UnlabeledCSVRequestRowSerializer(featuresColumnName="f"))
    predicted = ours.transform(frame)
    assert predicted.drop("prediction").collect() == frame.collect()
    assert predicted.first().prediction == 3.0


def test_only_predictions_where_input_is_not_wanted(spark, s3) -> None:
    predicted = model(prependResultRows=False).transform(numbered(spark, 5))
    assert predicted.columns == ["prediction"]
    assert [row.prediction for row in predicted.collect()] == [0.5, 1.5, 2.5, 3.5, 4.5]


def test_no_rows_no_job(spark, s3, sagemaker) -> None:
    before = len(sagemaker.list_transform_jobs(MaxResults=100)["TransformJobSummaries"])
    predicted = model().transform(numbered(spark).filter("id < 0"))
    assert predicted.columns == ["id", "features", "prediction"]
    assert predicted.collect() == []
    assert len(sagemaker.list_transform_jobs(MaxResults=100)["TransformJobSummaries"]) == before


def test_rows_that_are_not_sent_get_no_prediction(spark, s3) -> None:
    frame = numbered(spark, 12).withColumn("features", F.expr("if(id % 4 = 1 OR id > 7, null, features)"))
    rows = model(handleInvalid="skip").transform(frame).collect()
    assert [row.id for row in rows] == list(range(12))
    expected = [None if n % 4 == 1 or n > 7 else n + 0.5 for n in range(12)]
    assert [row.prediction for row in rows] == expected


def test_one_row_for_each_request(spark, s3, sagemaker) -> None:
    predicted = model({"strategy": "SingleRecord"}).transform(numbered(spark, 10))
    assert [row.prediction for row in predicted.collect()] == [n + 0.5 for n in range(10)]
    [job] = sagemaker.list_transform_jobs(SortBy="CreationTime", MaxResults=1)["TransformJobSummaries"]
    described = sagemaker.describe_transform_job(TransformJobName=job["TransformJobName"])
    assert described["BatchStrategy"] == "SingleRecord"
    assert described["TransformInput"]["SplitType"] == described["TransformOutput"]["AssembleWith"] == "Line"


def test_an_estimators_model_in_a_pipeline(spark, aws, tmp_path) -> None:
    way = {"inferenceWay": "batch", "transformInstanceType": "ml.m5.large"}
    policy = EndpointCreationPolicy.CREATE_ON_CONSTRUCT
    options = BatchTransform(logs="none", maxPayload=1)
    fitted = kmeans(**way, endpointCreationPolicy=policy, transformOptions=options).fit(digits(spark, 100))
    assert fitted.endpointName is None
    predicted = PipelineModel([fitted.copy()]).transform(digits(spark, 30))
    assert predicted.columns == ["label", "features", "distance_to_cluster", "closest_cluster"]
    assert predicted.filter("closest_cluster >= 0").count() == 30
    fitted.save(f"{tmp_path}/model")
    loaded = SageMakerModel.load(f"{tmp_path}/model")
    assert (loaded.inferenceWay, loaded.transformOptions) == ("batch", options)
    fitted.deleteBatchData()


def test_kept_data_and_model(spark, s3, sagemaker) -> None:
    ours = model({"keep": True})
    ours.transform(numbered(spark, 5))
    assert {key.split("/")[2] for key in keys(s3, "work")} == {"input", "input.manifest", "rows", "output"}
    [kept] = sagemaker.list_models(NameContains="model-")["Models"]
    ours.deleteBatchData()
    sagemaker.delete_model(ModelName=kept["ModelName"])
    assert nothing_is_left(s3)


# Bad days


def test_one_bad_line_is_named(spark, s3, sagemaker) -> None:
    features = F.expr("if(id = 20, array(double('nan'), 0.0D), features)")
    bad = numbered(spark).withColumn("features", features)
    ours = model({"maxRowsPerObject": 4}, modelEnvironmentVariables={"REFUSES": "nan"})
    with pytest.raises(TransformError) as caught:
        ours.transform(bad)
    text = str(caught.value)
    assert "Bad HTTP status received from algorithm: 400" in text
    assert "no output for 1 of 12 objects: part-00001-" in text
    assert "(partition 1, rows 4 to 7)" in text
    assert caught.value.status == "Failed"
    assert nothing_is_left(s3)


def test_a_content_type_that_the_model_does_not_take(spark, aws, s3) -> None:
    fitted = kmeans().fit(digits(spark, 50))
    ours = model(modelImage=fitted.modelImage, modelPath=fitted.modelPath, responseRowDeserializer=Unheard())
    with pytest.raises(TransformError, match=r"Bad HTTP status received from algorithm: 4\d\d"):
        ours.transform(digits(spark, 10))
    assert nothing_is_left(s3)


class Unheard(XGBoostCSVRowDeserializer):
    accepts = "text/unheard-of"


def test_a_short_output(spark, s3) -> None:
    predicted = model(modelEnvironmentVariables={"MODE": "short"}).transform(numbered(spark, 10, 1))
    with pytest.raises(Exception, match=r"partition 0, rows 0 to 9, output part-.*: .*9 rows; expected 10"):
        predicted.collect()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", r"has left no output for 1 of 3 objects: part-\d+-\d+-00000 \(partition \d, rows"),
        ("extra", r"has left 1 outputs that belong to no part: .*/zz.out"),
    ],
)
def test_outputs_must_be_those_of_the_objects(spark, s3, monkeypatch, change, message) -> None:
    wait = transform_jobs.wait_for_transform_job

    def meddle(*args: Any, **kwargs: Any) -> Any:
        job = wait(*args, **kwargs)
        outputs = [key for key in keys(s3, "work") if "/output/" in key]
        if change == "missing":
            s3.delete_object(Bucket=BUCKET, Key=outputs[0])
        else:
            s3.put_object(Bucket=BUCKET, Key=outputs[0].rpartition("/")[0] + "/zz.out", Body=b"")
        return job

    monkeypatch.setattr(transform_jobs, "wait_for_transform_job", meddle)
    with pytest.raises(TransformError, match=message):
        model().transform(numbered(spark))
    assert nothing_is_left(s3)


def test_control_c_stops_the_job_and_leaves_nothing(spark, s3, sagemaker, monkeypatch) -> None:
    def interrupt(state: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch.progress, "watcher", lambda *_: interrupt)
    with pytest.raises(TransformInterruptedError, match="told to stop") as caught:
        model(modelEnvironmentVariables={"PAUSE": "5"}).transform(numbered(spark))
    job = sagemaker.describe_transform_job(TransformJobName=caught.value.jobName)
    assert job["TransformJobStatus"] in ("Stopping", "Stopped")
    assert nothing_is_left(s3)


def test_a_job_that_may_still_run_keeps_its_data(spark, s3, aws, sagemaker) -> None:
    aws.faults.add(
        service="sagemaker", operation="DescribeTransformJob", status=403, code="AccessDeniedException"
    )
    ours = model()
    with pytest.raises(
        TransformError, match=r"may still run, so its data at s3://batches/work/.* was kept"
    ) as caught:
        ours.transform(numbered(spark))
    assert caught.value.status == "InProgress"
    assert keys(s3, "work")
    aws.faults.clear()
    sagemaker.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName=caught.value.jobName, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    sagemaker.delete_model(ModelName=caught.value.jobName)
    ours.deleteBatchData()
    assert nothing_is_left(s3)


def test_s3_refuses(spark, s3, aws, monkeypatch) -> None:
    monkeypatch.setattr(sys.modules["sagemaker_spark_py.staging.write"], "KILL_SECONDS", 0)
    aws.faults.add(service="s3", operation="PutObject", status=403, code="AccessDenied")
    with pytest.raises(ServiceError, match=r"Partition \d: S3 object .*AccessDenied"):
        model().transform(numbered(spark))
    aws.faults.clear()
    assert nothing_is_left(s3)


@pytest.mark.parametrize("deed", ["raise", "exit"])
def test_a_task_that_fails_while_reading_is_repeated(spark, s3, deed) -> None:
    """Or its worker dies, in the middle of a partition."""
    urls = Session.resolve().endpointUrls
    fault = {"event": "after-call.s3.GetObject", "deed": deed, "partition": 1, "times": 1}
    predicted = model({"maxRowsPerObject": 3}, session=Faulty("us-east-1", None, urls, **fault)).transform(
        numbered(spark, 20, 2)
    )
    rows = predicted.collect()
    assert [(row.id, row.prediction) for row in rows] == [(n, n + 0.5) for n in range(20)]


def test_a_row_that_cannot_be_sent(spark, s3) -> None:
    frame = numbered(spark).withColumn("features", F.expr("if(id = 30, null, features)"))
    with pytest.raises(DataError, match=r"Partition 2: batch of rows 0 to 13: .*null"):
        model().transform(frame)
    assert nothing_is_left(s3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modelImage": None}, "lacks arguments: modelImage"),
        ({"transformInstanceType": None}, "lacks arguments: transformInstanceType"),
        ({"inferenceWay": "letter"}, "inferenceWay is not known: 'letter'"),
        ({"transformInstanceCount": 0}, "transformInstanceCount is too small"),
    ],
)
def test_wrong_settings(change, message) -> None:
    with pytest.raises(SettingError, match=message):
        model(**change)


def test_what_cannot_work_costs_nothing(spark, s3, aws) -> None:
    with pytest.raises(SettingError, match=r"InstanceType is not known: 'ml.t2.medium'"):
        model(transformInstanceType="ml.t2.medium").transform(numbered(spark))
    with pytest.raises(SchemaError, match="features"):
        model().transform(numbered(spark).drop("features"))
    with pytest.raises(SettingError, match="streaming"):
        model().transform(spark.readStream.format("rate").load())
    other = SageMakerModel(
        requestRowSerializer=UnlabeledCSVRequestRowSerializer(),
        responseRowDeserializer=XGBoostCSVRowDeserializer(),
        existingEndpointName="e",
        endpointCreationPolicy=EndpointCreationPolicy.DO_NOT_CREATE,
    )
    with pytest.raises(SettingError, match="lacks arguments: modelImage, modelPath, modelExecutionRoleARN"):
        other.batchTransform(numbered(spark))
    assert nothing_is_left(s3)


# Objects in S3


def samples(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="in/a.csv", Body=b"1,2\n3,4\n")
    s3.put_object(Bucket=BUCKET, Key="in/x/b.csv", Body=b"5,6\n")


def test_one_output_for_each_object(s3, sagemaker) -> None:
    samples(s3)
    transformer = model().transformer(
        1, "ml.m5.large", f"s3://{BUCKET}/work/out", assembleWith="Line", logs="none"
    )
    name = transformer.transform(f"s3://{BUCKET}/in/", contentType="text/csv", splitType="Line")
    transformer.wait()
    assert transformer.latestTransformJob == name
    assert transformer.outputPath == f"s3://{BUCKET}/work/out"
    assert keys(s3, "work") == ["work/out/a.csv.out", "work/out/x/b.csv.out"]
    assert s3.get_object(Bucket=BUCKET, Key="work/out/a.csv.out")["Body"].read() == b"3.0\n7.0\n"
    assert sagemaker.list_models(NameContains=name)["Models"] == []


def test_outputs_have_a_place_of_their_own_unless_one_is_given(s3, aws) -> None:
    samples(s3)
    transformer = model().transformer(1, "ml.m5.large", logs="none")
    assert transformer.outputPath is None
    more = {"accept": "text/csv"}
    transformer = model().transformer(1, "ml.m5.large", assembleWith="Line", logs="none", **more)
    transformer.transform(
        f"s3://{BUCKET}/in/a",
        contentType="text/csv",
        splitType="Line",
        joinSource="Input",
        outputFilter="$[0,-1]",
    )
    transformer.wait()
    bucket, _, prefix = transformer.outputPath.removeprefix("s3://").partition("/")
    assert bucket == "123456789012-sagemaker-us-east-1"
    body = boto3.client("s3").get_object(Bucket=bucket, Key=f"{prefix}/a.csv.out")["Body"].read()
    assert body == b"1,3.0\n3,7.0\n"


def test_a_job_name_in_use(s3, sagemaker) -> None:
    samples(s3)
    transformer = model().transformer(1, "ml.m5.large", f"s3://{BUCKET}/work", logs="none")
    transformer.transform(f"s3://{BUCKET}/in/", contentType="text/csv", jobName="taken")
    transformer.wait()
    with pytest.raises(ServiceError, match=r"Transform job 'taken'.*ResourceInUse.*Choose another name"):
        transformer.transform(f"s3://{BUCKET}/in/", contentType="text/csv", jobName="taken")
    assert sagemaker.list_models(NameContains="taken")["Models"] == []


def test_stop(s3, sagemaker) -> None:
    samples(s3)
    slow = model(modelEnvironmentVariables={"PAUSE": "30"})
    transformer = slow.transformer(1, "ml.m5.large", f"s3://{BUCKET}/work", logs="none")
    with pytest.raises(SettingError, match="no job yet"):
        transformer.stop()
    name = transformer.transform(f"s3://{BUCKET}/in/", contentType="text/csv")
    transformer.stop()
    assert sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"] == "Stopped"
    assert sagemaker.list_models(NameContains=name)["Models"] == []
    with pytest.raises(TransformStoppedError):
        transformer.wait()


def test_a_failed_job_of_objects(s3, sagemaker) -> None:
    s3.put_object(Bucket=BUCKET, Key="in/a", Body=b"1\nbad\n")
    transformer = model().transformer(1, "ml.m5.large", f"s3://{BUCKET}/work", logs="none")
    name = transformer.transform(f"s3://{BUCKET}/in/", contentType="text/csv")
    with pytest.raises(TransformError, match="s3://batches/in/a: Bad HTTP status"):
        transformer.wait()
    assert sagemaker.list_models(NameContains=name)["Models"] == []


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"splitType": "Lines"}, "TransformInput.SplitType"),
        ({"jobName": "under_score"}, "TransformJobName"),
        ({"joinSource": "Both"}, "DataProcessing.JoinSource"),
    ],
)
def test_wrong_arguments_of_a_job(s3, how, message) -> None:
    transformer = model().transformer(1, "ml.m5.large", f"s3://{BUCKET}/work")
    with pytest.raises(SettingError, match=message):
        transformer.transform(f"s3://{BUCKET}/in/", **how)
    with pytest.raises(SettingError, match="S3 URI cannot be read"):
        transformer.transform("/local/file")
