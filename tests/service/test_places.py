import logging
import uuid

import boto3
import pytest
from botocore.stub import Stubber

from sagemaker_spark_py.errors import AccessError, ServiceError, SettingError
from sagemaker_spark_py.resources import (
    IAMRole,
    IAMRoleFromConfig,
    IAMRoleResource,
    S3AutoCreatePath,
    S3DataPath,
)
from sagemaker_spark_py.service.places import BUCKET_KEY, Place, resolve_path, resolve_role
from sagemaker_spark_py.service.session import Session

ARN = "arn:aws:iam::123456789012:role/service-role/me_and+you"
ACCOUNT = "123456789012"


def nothing(key):
    return None


def at(session, region):
    return Session(region, endpointUrls=session.endpointUrls)


def test_role_by_arn():
    for arn in (ARN, "arn:aws-cn:iam::123456789012:role/x", "arn:aws-us-gov:iam::123456789012:role/x"):
        assert resolve_role(IAMRole(arn), nothing) == arn


@pytest.mark.parametrize(
    "text", ["me", "", "arn:aws:iam::123456789012:user/x", f" {ARN}", "arn:aws:iam::1:role/x"]
)
def test_other_text_is_no_role(text):
    with pytest.raises(SettingError, match=r"not the ARN of a role.*expected arn:aws:iam"):
        resolve_role(IAMRole(text), nothing)


def test_role_is_really_read_from_the_configuration():
    key = IAMRoleFromConfig().configKey
    assert resolve_role(IAMRoleFromConfig(), {key: ARN}.get) == ARN
    assert resolve_role(IAMRoleFromConfig(), {f"spark.{key}": ARN}.get) == ARN
    assert resolve_role(IAMRoleFromConfig("my.role"), {"my.role": ARN}.get) == ARN
    with pytest.raises(SettingError, match=r"neither 'my.role' nor 'spark.my.role'"):
        resolve_role(IAMRoleFromConfig("my.role"), nothing)
    with pytest.raises(SettingError, match="not the ARN"):
        resolve_role(IAMRoleFromConfig("my.role"), {"my.role": "me"}.get)
    with pytest.raises(SettingError, match="unknown kind"):
        resolve_role(IAMRoleResource(), nothing)


@pytest.mark.parametrize(
    ("path", "prefix"),
    [("p", "p/job1"), ("/p/q/", "p/q/job1"), ("", "job1"), ("/", "job1"), ("a//b", "a//b/job1")],
)
def test_data_path_has_the_job_below_it(path, prefix):
    place = resolve_path(S3DataPath("b", path), "job1", Session("us-east-1"), conf=nothing, kms_key_id="k")
    assert place == Place("b", prefix, None, "k")
    assert place.uri == f"s3://b/{prefix}"
    assert place.key("x") == f"{prefix}/x"


def test_path_that_cannot_be():
    with pytest.raises(SettingError, match="no bucket"):
        resolve_path(S3DataPath("", "p"), "job1", Session("us-east-1"), conf=nothing)
    with pytest.raises(SettingError, match="unknown kind"):
        resolve_path("s3://b/p", "job1", Session("us-east-1"), conf=nothing)


def test_place_without_prefix():
    assert Place("b", "").key("x") == "x"
    assert Place("b", "").uri == "s3://b"


def test_missing_bucket_is_made_once_and_closed_to_the_public(session, s3, caplog):
    caplog.set_level(logging.WARNING, "sagemaker_spark_py")
    here = at(session, "eu-central-1")
    places = [resolve_path(S3AutoCreatePath(), "job1", here, conf=nothing) for _ in range(2)]
    bucket = f"{ACCOUNT}-sagemaker-eu-central-1"
    assert {p.bucket for p in places} == {bucket}
    assert {p.owner for p in places} == {ACCOUNT}
    first, second = (p.prefix.split("/") for p in places)
    assert first[1] == second[1] == "job1"
    assert uuid.UUID(first[0]).version == uuid.UUID(second[0]).version == 4
    assert first[0] != second[0]
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-central-1"
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert list(block.values()) == [True] * 4
    assert [r.message for r in caplog.records if "Made S3 bucket" in r.message] == [
        f"Made S3 bucket {bucket} in eu-central-1 for staged data and models"
    ]


def test_oldest_region_is_not_named(session, s3):
    place = resolve_path(S3AutoCreatePath(), "job1", session, conf=nothing)
    assert place.bucket == f"{ACCOUNT}-sagemaker-us-east-1"
    assert s3.get_bucket_location(Bucket=place.bucket)["LocationConstraint"] is None


def test_configured_bucket_is_used_and_none_is_made(session, s3):
    before = s3.list_buckets()["Buckets"]
    here = at(session, "ap-southeast-1")
    place = resolve_path(S3AutoCreatePath(), "job1", here, conf={BUCKET_KEY: "mine"}.get)
    assert (place.bucket, place.owner) == ("mine", None)
    assert place.prefix.endswith("/job1")
    place = resolve_path(S3AutoCreatePath(), "job1", here, conf={f"spark.{BUCKET_KEY}": "s3a://mine/p/"}.get)
    assert place.uri == "s3://mine/p/job1"
    assert s3.list_buckets()["Buckets"] == before


def test_bucket_in_another_region_is_refused(session):
    boto3.client("s3", endpoint_url=dict(session.endpointUrls)["s3"], region_name="eu-west-2").create_bucket(
        Bucket=f"{ACCOUNT}-sagemaker-eu-west-3", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    with pytest.raises(SettingError, match="another region: 'eu-west-2'; expected 'eu-west-3'"):
        resolve_path(S3AutoCreatePath(), "job1", at(session, "eu-west-3"), conf=nothing)


class Stubbed:
    """A session whose S3 answers by a script, and whose account is known."""

    def __init__(self, region="us-west-2"):
        self.session = Session(region)
        self.s3 = boto3.client("s3", region_name=region)
        sts = boto3.client("sts", region_name=region)
        self.session._given.update(s3=self.s3, sts=sts)
        stub = Stubber(sts)
        stub.add_response("get_caller_identity", {"Account": ACCOUNT})
        stub.activate()
        self.bucket = f"{ACCOUNT}-sagemaker-{region}"
        self.mine = {"Bucket": self.bucket, "ExpectedBucketOwner": ACCOUNT}

    def resolve(self):
        return resolve_path(S3AutoCreatePath(), "job1", self.session, conf=nothing)


def test_bucket_of_another_account_is_refused():
    aws = Stubbed()
    with Stubber(aws.s3) as stub:
        stub.add_client_error("head_bucket", "403", "Forbidden", 403, expected_params=aws.mine)
        with pytest.raises(
            AccessError, match=f"{aws.bucket}.*expected a bucket of account {ACCOUNT}"
        ) as caught:
            aws.resolve()
        stub.assert_no_pending_responses()
    assert caught.value.status == 403
    assert "taken this predictable name" in str(caught.value)


def test_name_taken_between_look_and_creation():
    aws = Stubbed()
    with Stubber(aws.s3) as stub:
        stub.add_client_error("head_bucket", "404", "Not Found", 404)
        stub.add_client_error("create_bucket", "BucketAlreadyExists", "taken", 409)
        with pytest.raises(AccessError, match="BucketAlreadyExists"):
            aws.resolve()
        stub.add_client_error("head_bucket", "404", "Not Found", 404)
        stub.add_client_error("create_bucket", "BucketAlreadyOwnedByYou", "yours", 409)
    again = Stubbed()
    with Stubber(again.s3) as stub:
        stub.add_client_error("head_bucket", "404", "Not Found", 404)
        stub.add_client_error("create_bucket", "BucketAlreadyOwnedByYou", "yours", 409)
        assert again.resolve().bucket == again.bucket


def test_expired_credentials_are_not_called_a_foreign_bucket():
    aws = Stubbed()
    with Stubber(aws.s3) as stub:
        stub.add_client_error("head_bucket", "ExpiredToken", "old", 400)
        with pytest.raises(AccessError, match="Log in again"):
            aws.resolve()


def test_bucket_that_cannot_be_closed_to_the_public_is_removed_again():
    aws = Stubbed()
    with Stubber(aws.s3) as stub:
        stub.add_client_error("head_bucket", "404", "Not Found", 404)
        stub.add_response("create_bucket", {})
        stub.add_client_error("put_public_access_block", "AccessDenied", "no", 403)
        stub.add_response("delete_bucket", {}, aws.mine)
        with pytest.raises(AccessError, match=r"just made, *: PutPublicAccessBlock was refused"):
            aws.resolve()
        stub.assert_no_pending_responses()


def test_bucket_that_cannot_be_removed_again_is_named():
    aws = Stubbed()
    with Stubber(aws.s3) as stub:
        stub.add_client_error("head_bucket", "404", "Not Found", 404)
        stub.add_response("create_bucket", {})
        stub.add_client_error("put_public_access_block", "AccessDenied", "no", 403)
        stub.add_client_error("delete_bucket", "AccessDenied", "no", 403)
        with pytest.raises(ServiceError, match=f"{aws.bucket}.*still there"):
            aws.resolve()
