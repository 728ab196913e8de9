import copy

import numpy as np
import pytest

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.service.requests import (
    as_text,
    channel,
    endpoint,
    endpoint_config,
    merged,
    model,
    training_job,
)

ROLE = "arn:aws:iam::123456789012:role/sagemaker"


def job(**changes):
    given = {
        "name": "job-1",
        "image": "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1",
        "role": ROLE,
        "channels": [channel("train", "s3://b/p/", distribution="ShardedByS3Key")],
        "output_uri": "s3://b/out",
        "instance_type": "ml.m4.xlarge",
        "instance_count": 2,
        "volume_gb": 1024,
        "max_runtime_seconds": 86400,
        "hyperparameters": {"k": 10, "init_method": "random"},
    }
    return training_job(**{**given, **changes})


def test_training_job_is_the_request_of_old():
    assert job() == {
        "TrainingJobName": "job-1",
        "HyperParameters": {"k": "10", "init_method": "random"},
        "AlgorithmSpecification": {
            "TrainingImage": "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1",
            "TrainingInputMode": "File",
        },
        "RoleArn": ROLE,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": "s3://b/p/",
                        "S3DataDistributionType": "ShardedByS3Key",
                    }
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
        "ResourceConfig": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1024},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
    }


def test_optional_parts_of_a_training_job():
    given = channel(
        "test",
        "s3://b/m",
        s3_data_type="ManifestFile",
        content_type="text/csv",
        compression="Gzip",
        input_mode="Pipe",
    )
    request = job(
        channels=[given],
        kms_key_id="alias/k",
        input_mode="Pipe",
        hyperparameters={},
        max_runtime_seconds=None,
    )
    assert request["StoppingCondition"] == {}
    assert request["InputDataConfig"][0] == {
        "ChannelName": "test",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "ManifestFile",
                "S3Uri": "s3://b/m",
                "S3DataDistributionType": "FullyReplicated",
            }
        },
        "ContentType": "text/csv",
        "CompressionType": "Gzip",
        "InputMode": "Pipe",
    }
    assert request["OutputDataConfig"] == {"S3OutputPath": "s3://b/out", "KmsKeyId": "alias/k"}
    assert "HyperParameters" not in request


def test_hosting_requests_are_those_of_old():
    assert model(name="m", image="i", model_data_uri="s3://b/model.tar.gz", role=ROLE) == {
        "ModelName": "m",
        "PrimaryContainer": {
            "ContainerHostname": "m",
            "Image": "i",
            "ModelDataUrl": "s3://b/model.tar.gz",
            "Environment": {},
        },
        "ExecutionRoleArn": ROLE,
    }
    assert endpoint_config(name="c", model_name="m", instance_type="ml.t2.medium", instance_count=1) == {
        "EndpointConfigName": "c",
        "ProductionVariants": [
            {
                "VariantName": "AllRequests",
                "ModelName": "m",
                "InstanceType": "ml.t2.medium",
                "InitialInstanceCount": 1,
            }
        ],
    }
    assert endpoint(name="e", config_name="c") == {"EndpointName": "e", "EndpointConfigName": "c"}


def test_anything_the_api_knows_can_be_added():
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    tags = [{"Key": "team", "Value": "Größe 1"}]
    request = job(
        extra={
            "VpcConfig": vpc,
            "Tags": tags,
            "EnableManagedSpotTraining": True,
            "StoppingCondition": {"MaxWaitTimeInSeconds": 90000},
            "ResourceConfig": {"VolumeKmsKeyId": "k"},
            "InputDataConfig": [{"ShuffleConfig": {"Seed": 3}}, channel("test", "s3://b/t/")],
            "HyperParameters": {"k": None, "epochs": "2"},
        }
    )
    assert request["VpcConfig"] == vpc
    assert request["Tags"] == tags
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400, "MaxWaitTimeInSeconds": 90000}
    assert request["ResourceConfig"]["InstanceCount"] == 2
    assert [c["ChannelName"] for c in request["InputDataConfig"]] == ["train", "test"]
    assert request["InputDataConfig"][0]["ShuffleConfig"] == {"Seed": 3}
    assert request["HyperParameters"] == {"init_method": "random", "epochs": "2"}


def test_serverless_endpoint_by_taking_members_away():
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    request = endpoint_config(
        name="c",
        model_name="m",
        instance_type="ml.t2.medium",
        instance_count=1,
        extra={
            "ProductionVariants": [
                {"InstanceType": None, "InitialInstanceCount": None, "ServerlessConfig": serverless}
            ]
        },
    )
    assert request["ProductionVariants"] == [
        {"VariantName": "AllRequests", "ModelName": "m", "ServerlessConfig": serverless}
    ]


@pytest.mark.parametrize(
    ("base", "extra", "result"),
    [
        ({"a": 1}, None, {"a": 1}),
        ({"a": 1}, {}, {"a": 1}),
        (
            {"a": {"b": 1, "c": 2}},
            {"a": {"c": None, "d": {"e": None, "f": 3}}},
            {"a": {"b": 1, "d": {"f": 3}}},
        ),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [{"b": 1}, {"c": 1}]}, {"a": [{"b": 2}]}, {"a": [{"b": 2}, {"c": 1}]}),
        ({"a": 1}, {"a": {"b": None}}, {"a": {}}),
        ({"a": 1}, {"a": None}, {}),
    ],
)
def test_merging(base, extra, result):
    before = copy.deepcopy((base, extra))
    assert merged(base, extra) == result
    assert (base, extra) == before


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (10, "10"),
        (1e-05, "1e-05"),
        (0.5, "0.5"),
        (True, "True"),
        (np.int64(3), "3"),
        (np.float64(0.25), "0.25"),
        (["a", 1], '["a", 1]'),
        ({"a": [1.5]}, '{"a": [1.5]}'),
    ],
)
def test_hyperparameters_become_text(value, text):
    assert as_text("p", value) == text


def test_hyperparameters_that_cannot_be_text():
    with pytest.raises(SettingError, match="'p' has no value"):
        as_text("p", None)
    with pytest.raises(SettingError, match="'p' cannot be written as JSON"):
        as_text("p", [object()])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "my_job"}, r"TrainingJobName has the wrong form: 'my_job'; expected"),
        ({"name": "x" * 64}, r"TrainingJobName is too long: 64 characters; expected at most 63"),
        ({"role": "arn:aws:iam::1:user/x-long-enough"}, r"RoleArn has the wrong form"),
        ({"instance_type": "ml.m4.xlagre"}, r"ResourceConfig.InstanceType is not known: .*ml\.m4\.xlarge"),
        ({"instance_count": "2"}, r"ResourceConfig.InstanceCount.*type"),
        ({"input_mode": "Fast"}, r"TrainingInputMode is not known: 'Fast'; expected one of"),
        ({"output_uri": "b/out"}, r"OutputDataConfig.S3OutputPath has the wrong form"),
        (
            {"channels": [channel("train set", "s3://b/p/")]},
            r"InputDataConfig\[0\].ChannelName has the wrong form: 'train set'",
        ),
        ({"channels": [channel(f"c{n}", "s3://b/p/") for n in range(21)]}, r"21; expected at most 20"),
        (
            {"hyperparameters": {f"h{n}": 1 for n in range(101)}},
            r"HyperParameters .* 101;",
        ),
        ({"hyperparameters": {"h" * 257: 1}}, r"HyperParameters key .* is too long: 257"),
        ({"extra": {"Colour": "red"}}, r"Colour"),
        ({"extra": {"VpcConfig": {"Subnets": ["s-1"]}}}, r"VpcConfig.*SecurityGroupIds"),
        ({"extra": {"StoppingCondition": {"MaxRuntimeInSeconds": 0}}}, r"MaxRuntimeInSeconds"),
        ({"extra": {"RetryStrategy": {"MaximumRetryAttempts": 31}}}, r"too large: 31; expected at most 30"),
        ({"extra": {"Tags": [{"Key": "a;b", "Value": ""}]}}, r"Tags\[0\].Key has the wrong form"),
    ],
)
def test_refused_before_anything_is_sent(changes, problem):
    with pytest.raises(SettingError, match=r"CreateTrainingJob would be refused: .*" + problem):
        job(**changes)


def test_all_problems_are_told_at_once():
    with pytest.raises(SettingError, match=r"TrainingJobName.*InstanceType"):
        job(name="-", instance_type="big")


def test_too_long_text_is_not_shown():
    with pytest.raises(SettingError, match=r"Environment\['TOKEN'\] is too long: 600 characters") as caught:
        job(extra={"Environment": {"TOKEN": "secret" * 100}})
    assert "secret" not in str(caught.value)


def test_hyperparameters_of_several_lines_pass():
    assert job(hyperparameters={"query": "a\nb"})["HyperParameters"] == {"query": "a\nb"}


@pytest.mark.parametrize("name", ["-m", "m_1", "m" * 64])
def test_hosting_names_are_checked(name):
    with pytest.raises(SettingError, match="ModelName"):
        model(name=name, image="i", model_data_uri="s3://b/m.tar.gz", role=ROLE)
    with pytest.raises(SettingError, match="EndpointConfigName"):
        endpoint_config(name=name, model_name="m", instance_type="ml.t2.medium", instance_count=1)
    with pytest.raises(SettingError, match="EndpointName"):
        endpoint(name=name, config_name="c")
