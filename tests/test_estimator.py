"""fit() from end to end on the local SageMaker, and what it refuses before anything costs."""

from __future__ import annotations

import io
import os
import signal
import tarfile
import threading
import time
from typing import Any

import boto3
import pytest
from pyspark.ml import Pipeline
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sagemaker_spark_py import (
    CustomNamePolicyFactory,
    EndpointCreationPolicy,
    IAMRole,
    IAMRoleFromConfig,
    RandomNamePolicyFactory,
    S3DataPath,
    SageMakerEstimator,
    Session,
    read_recordio,
)
from sagemaker_spark_py.errors import (
    AccessError,
    DataError,
    ResourceCreationError,
    SageMakerSparkError,
    SchemaError,
    ServiceError,
    SettingError,
    TrainingError,
    TrainingInterruptedError,
)
from sagemaker_spark_py.local import LocalSageMaker
from sagemaker_spark_py.transformation.deserializers import KMeansProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer
from tests.digits import ROLE, digits, kmeans

IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"


def jobs_of(sagemaker: Any) -> set[str]:
    pages = sagemaker.get_paginator("list_training_jobs").paginate()
    return {job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]}


def keys_of(bucket: str) -> list[str]:
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


@pytest.fixture
def bucket(aws: LocalSageMaker) -> str:
    name = f"bucket-{time.time_ns()}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


@pytest.mark.smoke
def test_fit_trains_on_all_rows_and_leaves_only_the_model(spark, aws, sagemaker, bucket) -> None:
    estimator = kmeans(
        trainingInputS3DataPath=S3DataPath(bucket, "in/"),
        trainingOutputS3DataPath=S3DataPath(bucket, "/out"),
        trainingInstanceCount=2,
        namePolicyFactory=RandomNamePolicyFactory("sparksm-4-"),
    )
    model = estimator.fit(digits(spark))
    name = estimator.latestTrainingJob
    job = sagemaker.describe_training_job(TrainingJobName=name)
    assert name.startswith("sparksm-4-trainingJob-")
    assert job["TrainingJobStatus"] == "Completed"
    assert job["HyperParameters"] == {"k": "10", "feature_dim": "64", "mini_batch_size": "5000"}
    assert job["ResourceConfig"]["VolumeSizeInGB"] == 1024
    source = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert (source["S3DataType"], source["S3DataDistributionType"]) == ("ManifestFile", "ShardedByS3Key")
    assert source["S3Uri"].startswith(f"s3://{bucket}/in/{name}/train/")
    assert model.modelPath == S3DataPath(bucket, f"out/{name}/{name}/output/model.tar.gz")
    assert keys_of(bucket) == [model.modelPath.objectPath]
    assert model.uid == estimator.uid
    assert model.endpointName is None


def test_estimator_from_parts(spark, aws, sagemaker) -> None:
    estimator = SageMakerEstimator(
        trainingImage=IMAGE,
        modelImage=IMAGE,
        trainingInstanceType="ml.m4.xlarge",
        trainingInstanceCount=1,
        endpointInstanceType="ml.t2.medium",
        endpointInitialInstanceCount=1,
        requestRowSerializer=ProtobufRequestRowSerializer(),
        responseRowDeserializer=KMeansProtobufResponseRowDeserializer(),
        hyperParameters={"k": 3, "feature_dim": 64, "eval_metrics": ["msd", "ssd"]},
        sagemakerRole=IAMRole(ROLE),
        endpointCreationPolicy=EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        logs="none",
    )
    model = estimator.fit(digits(spark, 100))
    job = sagemaker.describe_training_job(TrainingJobName=estimator.latestTrainingJob)
    assert job["HyperParameters"] == {"k": "3", "feature_dim": "64", "eval_metrics": '["msd", "ssd"]'}
    with tarfile.open(fileobj=io.BytesIO(artifact(model))) as archive:
        assert archive.getnames()


def artifact(model: Any) -> bytes:
    path = model.modelPath
    return boto3.client("s3").get_object(Bucket=path.bucket, Key=path.objectPath)["Body"].read()


@pytest.mark.smoke
def test_pipeline_params_and_copies(spark, aws, sagemaker) -> None:
    estimator = kmeans()
    model = Pipeline(stages=[estimator]).fit(digits(spark, 100), {estimator.k: 3})
    assert estimator.getK() == 10
    assert model.stages[0].uid == estimator.uid
    newest = max(jobs_of(sagemaker), key=lambda n: describe(sagemaker, n)["CreationTime"])
    assert describe(sagemaker, newest)["HyperParameters"]["k"] == "3"


def describe(sagemaker: Any, name: str) -> dict[str, Any]:
    return sagemaker.describe_training_job(TrainingJobName=name)


def test_role_from_the_spark_configuration(spark, aws, sagemaker) -> None:
    estimator = kmeans(sagemakerRole=None)
    assert estimator.sagemakerRole == IAMRoleFromConfig()
    with pytest.raises(SettingError, match=r"sparksdk\.sagemakerrole"):
        estimator.fit(digits(spark, 50))
    key = IAMRoleFromConfig().configKey
    spark.conf.set(f"spark.{key}", ROLE)
    try:
        estimator.fit(digits(spark, 50))
    finally:
        spark.conf.unset(f"spark.{key}")
    assert describe(sagemaker, estimator.latestTrainingJob)["RoleArn"] == ROLE


def test_staged_rows_can_be_kept(spark, aws, sagemaker, bucket) -> None:
    estimator = kmeans(trainingInputS3DataPath=S3DataPath(bucket, ""), deleteStagingDataAfterTraining=False)
    estimator.fit(digits(spark, 60))
    staged = [key for key in keys_of(bucket) if key.endswith(".pbr")]
    assert len(staged) == 3
    assert not any(key.startswith("/") or "//" in key for key in staged)


def test_settings_that_sagemaker_knows_and_we_do_not_name(spark, aws, sagemaker) -> None:
    extra = {"CreateTrainingJob": {"Tags": [{"Key": "team", "Value": "a"}], "Environment": {"X": "1"}}}
    estimator = kmeans(extraRequest=extra)
    estimator.fit(digits(spark, 50))
    job = describe(sagemaker, estimator.latestTrainingJob)
    assert job["Environment"] == {"X": "1"}
    tags = sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert {"Key": "team", "Value": "a"} in tags


WRONG_ROWS = {
    "string column": (lambda df: df.withColumn("features", F.lit("x")), SchemaError, r"features.*string"),
    "no such column": (lambda df: df.drop("features"), SchemaError, r"'features'"),
    "null features": (
        lambda df: df.withColumn("features", F.when(F.col("label") != 3, F.col("features"))),
        DataError,
        r"features.*null|null.*features",
    ),
    "no rows": (lambda df: df.limit(0), DataError, "no rows"),
}


@pytest.mark.parametrize(("change", "error", "words"), WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_wrong_rows_are_refused_before_a_job_costs(spark, sagemaker, change, error, words) -> None:
    before = jobs_of(sagemaker)
    with pytest.raises(error, match=f"(?s){words}"):
        kmeans().fit(change(digits(spark, 60)))
    assert jobs_of(sagemaker) == before


def test_vector_of_the_wrong_size_names_row_and_sizes(spark, sagemaker, bucket) -> None:
    frame = digits(spark, 30).union(spark.createDataFrame([(1.0, Vectors.dense([1.0, 2.0]))]))
    before = jobs_of(sagemaker)
    with pytest.raises(DataError, match=r"(?s)[Pp]artition \d.*2 values.*64"):
        kmeans(trainingInputS3DataPath=S3DataPath(bucket, "in")).fit(frame)
    assert jobs_of(sagemaker) == before
    assert keys_of(bucket) == []


WRONG_SETTINGS = {
    "instance type": ({"trainingInstanceType": "ml.nonsense"}, r"(?i)InstanceType.*ml\.nonsense"),
    "serving type": ({"endpointInstanceType": "ml.nonsense"}, r"(?i)InstanceType.*ml\.nonsense"),
    "role": ({"sagemakerRole": IAMRole("sagemaker")}, r"'sagemaker'.*arn:aws"),
    "format option": ({"trainingSparkDataFormatOptions": {"labelColumn": "y"}}, "labelColumn"),
    "label column": ({"trainingSparkDataFormatOptions": {"labelColumnName": "y"}}, "'y'"),
    "channel": ({"trainingChannelName": "a b"}, "a b"),
    "region": ({"region": "eu-west-1", "session": Session("us-east-1")}, "'eu-west-1'.*'us-east-1'"),
}


@pytest.mark.parametrize(("settings", "words"), WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
def test_wrong_settings_are_refused_before_aws_is_asked(spark, aws, settings, words) -> None:
    aws.faults.add(service="sts", status=500, code="InternalFailure", message="asked")
    aws.faults.add(service="s3", status=500, code="InternalFailure", message="asked")
    with pytest.raises(SageMakerSparkError, match=words):
        kmeans(**settings).fit(digits(spark, 10))


def test_missing_hyperparameters_are_named_with_their_setters(spark, aws) -> None:
    # What Spark writes by itself, nobody counts.
    estimator = kmeans(trainingSparkDataFormat="json", trainingContentType="application/x-recordio-protobuf")
    estimator.clear(estimator.feature_dim)
    with pytest.raises(SettingError, match=r"feature_dim.*setFeatureDim"):
        estimator.fit(digits(spark, 10))


def test_failed_job_says_why_and_leaves_nothing_staged(spark, aws, bucket) -> None:
    estimator = kmeans(trainingInputS3DataPath=S3DataPath(bucket, "in")).setFeatureDim(64).setK(500)
    with pytest.raises(TrainingError, match=r"(?s)failed.*500") as caught:
        estimator.fit(digits(spark, 50))
    assert caught.value.jobName == estimator.latestTrainingJob
    assert caught.value.status == "Failed"
    assert keys_of(bucket) == []


def test_s3_that_refuses(spark, aws, sagemaker, bucket) -> None:
    before = jobs_of(sagemaker)
    aws.faults.add(service="s3", operation="PutObject", status=403, code="AccessDenied", message="No.")
    estimator = kmeans(trainingInputS3DataPath=S3DataPath(bucket, "in"))
    with pytest.raises(AccessError, match=r"AccessDenied.*403") as caught:
        estimator.fit(digits(spark, 30))
    assert caught.value.status == 403
    assert estimator.latestTrainingJob is None
    assert jobs_of(sagemaker) == before


def test_bucket_of_another_account_is_refused(spark, aws, sagemaker) -> None:
    other = boto3.client("sts").assume_role(
        RoleArn="arn:aws:iam::999999999999:role/x", RoleSessionName="squatter"
    )
    keys = other["Credentials"]
    region = "eu-west-3"
    squatter = boto3.client(
        "s3", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )  # fmt: skip
    name = f"123456789012-sagemaker-{region}"
    squatter.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    before = jobs_of(sagemaker)
    with pytest.raises(AccessError, match=r"another account has taken"):
        kmeans(region=region).fit(digits(spark, 30))
    assert jobs_of(sagemaker) == before


def test_names_in_use_are_refused_before_rows_are_staged(spark, aws, sagemaker, bucket) -> None:
    names = CustomNamePolicyFactory("one-job", "one-model", "one-config", "one-endpoint")
    estimator = kmeans(namePolicyFactory=names, trainingInputS3DataPath=S3DataPath(bucket, "in"))
    model = estimator.fit(digits(spark, 50))
    aws.faults.add(service="s3", status=500, message="asked")
    with pytest.raises(ServiceError, match=r"'one-job' exists already.*fromTrainingJob") as caught:
        estimator.fit(digits(spark, 50))
    assert caught.value.code == "ResourceInUse"
    container = {"Image": model.modelImage, "ModelDataUrl": model.modelData}
    sagemaker.create_model(ModelName="one-model", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    on_construct = EndpointCreationPolicy.CREATE_ON_CONSTRUCT
    others = CustomNamePolicyFactory("other-job", "one-model", "one-config", "one-endpoint")
    with pytest.raises(ServiceError, match="Model 'one-model' exists already"):
        kmeans(namePolicyFactory=others, endpointCreationPolicy=on_construct).fit(digits(spark, 50))
    assert "other-job" not in jobs_of(sagemaker)
    sagemaker.delete_model(ModelName="one-model")


def test_job_that_cannot_be_created_leaves_nothing_staged(spark, aws, bucket) -> None:
    names = CustomNamePolicyFactory("same-job", "same-model", "same-config", "same-endpoint")
    estimator = kmeans(namePolicyFactory=names, trainingInputS3DataPath=S3DataPath(bucket, "in"))
    estimator.fit(digits(spark, 50))
    # As if another driver took the name in the meantime.
    aws.faults.add(service="sagemaker", operation="DescribeTrainingJob", status=403, code="AccessDenied")
    with pytest.raises(ServiceError, match=r"'same-job': CreateTrainingJob was refused: ResourceInUse"):
        estimator.fit(digits(spark, 50))
    assert keys_of(bucket) == []


def test_lost_sight_of_a_running_job_keeps_its_rows(spark, aws, bucket, monkeypatch) -> None:
    aws.faults.add(
        service="sagemaker", operation="DescribeTrainingJob", status=403, code="AccessDeniedException"
    )
    estimator = kmeans(trainingInputS3DataPath=S3DataPath(bucket, "in"))
    with pytest.raises(SageMakerSparkError, match=r"may still run.*fromTrainingJob"):
        estimator.fit(digits(spark, 30))
    assert [key for key in keys_of(bucket) if key.endswith(".pbr")]


def test_training_is_not_lost_where_no_endpoint_comes_of_it(spark, aws, sagemaker) -> None:
    aws.faults.add(service="sagemaker", operation="CreateModel", status=400, code="ResourceLimitExceeded")
    estimator = kmeans(endpointCreationPolicy=EndpointCreationPolicy.CREATE_ON_CONSTRUCT)
    with pytest.raises(
        ResourceCreationError, match=r"training is not lost: .*fromTrainingJob\('(\S+)'"
    ) as caught:
        estimator.fit(digits(spark, 30))
    assert f"'{estimator.latestTrainingJob}'" in str(caught.value)
    assert describe(sagemaker, estimator.latestTrainingJob)["TrainingJobStatus"] == "Completed"


@pytest.mark.smoke
def test_a_killed_task_is_repeated_and_each_row_trains_once(spark, aws, sagemaker, bucket, tmp_path) -> None:
    marker = str(tmp_path / "killed")

    def kill_once(batches: Any) -> Any:
        for batch in batches:
            yield batch
            try:
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)

    frame = digits(spark, 90, partitions=2)
    deadly = frame.mapInArrow(kill_once, frame.schema)
    estimator = kmeans(
        trainingInputS3DataPath=S3DataPath(bucket, "in"), deleteStagingDataAfterTraining=False
    ).setK(2)
    estimator.fit(deadly)
    assert os.path.exists(marker)
    job = describe(sagemaker, estimator.latestTrainingJob)
    channel = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    trained = read_recordio(spark, channel)
    assert rows_of(trained) == rows_of(frame)


def rows_of(frame: DataFrame) -> list[list[float]]:
    return sorted(row.features.toArray().tolist() for row in frame.collect())


def test_no_region(spark, aws, monkeypatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingError, match=r"AWS region.*AWS_DEFAULT_REGION"):
        kmeans().fit(digits(spark, 10))


def test_server_that_is_not_running(spark, aws) -> None:
    nowhere = Session.resolve("us-east-1", endpointUrls={"sts": "http://127.0.0.1:9"})
    with pytest.raises(ServiceError, match=r"Is the server running"):
        kmeans(session=nowhere).fit(digits(spark, 10))


def test_interrupt_stops_the_job_and_names_it(spark, aws, sagemaker, bucket) -> None:
    estimator = kmeans(imageUri="123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:1",
        hyperParameters={"action": "hang"}, trainingInputS3DataPath=S3DataPath(bucket, "in"))  # fmt: skip

    def interrupt() -> None:
        while not estimator.latestTrainingJob or not running(sagemaker, estimator.latestTrainingJob):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    with pytest.raises(TrainingInterruptedError, match="told to stop") as caught:
        estimator.fit(digits(spark, 20))
    watcher.join()
    assert caught.value.jobName == estimator.latestTrainingJob
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName=estimator.latestTrainingJob, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    assert describe(sagemaker, estimator.latestTrainingJob)["TrainingJobStatus"] == "Stopped"
    assert keys_of(bucket) == []


def running(sagemaker: Any, name: str) -> bool:
    return describe(sagemaker, name)["SecondaryStatus"] == "Training"


def test_status_lines_are_shown(spark, aws, capsys) -> None:
    kmeans(logs="all").fit(digits(spark, 50))
    shown = capsys.readouterr().err
    assert "Completed" in shown
    assert "#quality_metric" in shown
