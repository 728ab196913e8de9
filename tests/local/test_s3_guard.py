"""S3 rules kept in front of the S3 library."""

import base64
import io
import zlib

import boto3
import pytest
from botocore.exceptions import ClientError

from .jobs import unique

OURS, THEIRS = "123456789012", "210987654321"


@pytest.fixture(scope="module")
def squatter(aws):
    """S3 as another account sees it."""
    role = boto3.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{THEIRS}:role/squatter", RoleSessionName="test"
    )["Credentials"]
    return boto3.client(
        "s3",
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )


@pytest.fixture
def squatted(squatter):
    name = unique("squatted")
    squatter.create_bucket(Bucket=name)
    squatter.put_object(Bucket=name, Key="k", Body=b"1")
    return name


CALLS = [
    ("head_bucket", {}),
    ("list_objects_v2", {}),
    ("put_object", {"Key": "k", "Body": b"1"}),
    ("get_object", {"Key": "k"}),
    ("create_multipart_upload", {"Key": "k"}),
    ("delete_objects", {"Delete": {"Objects": [{"Key": "k"}]}}),
]


@pytest.mark.parametrize(("call", "arguments"), CALLS)
def test_a_bucket_of_another_account_is_refused(s3, squatted, call, arguments):
    with pytest.raises(ClientError) as refused:
        getattr(s3, call)(Bucket=squatted, ExpectedBucketOwner=OURS, **arguments)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert refused.value.response["Error"]["Code"] in ("AccessDenied", "403")


@pytest.mark.parametrize(("call", "arguments"), CALLS)
def test_a_bucket_of_our_own_is_not(s3, bucket, call, arguments):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    getattr(s3, call)(Bucket=bucket, ExpectedBucketOwner=OURS, **arguments)


def test_the_source_of_a_copy_is_checked_too(s3, bucket, squatted):
    with pytest.raises(ClientError, match=r"AccessDenied"):
        s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{squatted}/k", ExpectedSourceBucketOwner=OURS)


def test_a_bucket_that_does_not_exist_stays_that(s3):
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.get_object(Bucket=unique("nowhere"), Key="k", ExpectedBucketOwner=OURS)


def test_the_owner_of_a_name_that_is_taken_is_not_given_away(s3, squatted):
    with pytest.raises(s3.exceptions.BucketAlreadyExists):
        s3.create_bucket(Bucket=squatted)


@pytest.mark.parametrize("digest", ["ChecksumCRC32", "ContentMD5"])
def test_bytes_that_changed_on_the_way_are_refused(s3, bucket, digest):
    wrong = base64.b64encode(bytes(4 if digest == "ChecksumCRC32" else 16)).decode()
    with pytest.raises(ClientError, match=r"BadDigest"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"data", **{digest: wrong})
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_bytes_that_arrive_whole_are_kept(s3, bucket):
    crc32 = base64.b64encode(zlib.crc32(b"data").to_bytes(4, "big")).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"data", ChecksumCRC32=crc32)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"data"


def test_large_objects_go_up_in_parts_and_come_down_whole(s3, bucket):
    data = bytes(range(256)) * 80_000  # 20 MB
    s3.upload_fileobj(io.BytesIO(data), bucket, "big")
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == data


@pytest.mark.parametrize("key", ["plain", "a b+c", "ü/ß", "a%2Fb", "x?y&z=1", "dot/./dot"])
def test_keys_of_all_kinds(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), ExpectedBucketOwner=OURS)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
