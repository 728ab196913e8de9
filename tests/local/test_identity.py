"""Who the caller is: a role, as in SageMaker's own notebooks."""

import boto3

from sagemaker_spark_py import get_execution_role


def test_everybody_is_the_role_local(aws):
    sts = boto3.client("sts")
    assert sts.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/local/local"
    assert get_execution_role() == "arn:aws:iam::123456789012:role/local"


def test_who_has_taken_on_a_role_is_that_role(aws):
    role = "arn:aws:iam::123456789012:role/other"
    keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    other = boto3.client(
        "sts",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert other.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/other/me"
