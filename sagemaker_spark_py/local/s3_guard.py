"""S3 rules that the S3 library does not keep: who owns a bucket, and whether the bytes arrived whole."""

from __future__ import annotations

import base64
import hashlib
import zlib

from moto.s3.models import s3_backends

from sagemaker_spark_py.local.errors import AwsError
from sagemaker_spark_py.local.incoming import Incoming

OWNER_HEADER = "x-amz-expected-bucket-owner"
SOURCE_OWNER_HEADER = "x-amz-source-expected-bucket-owner"


def check(request: Incoming) -> None:
    """Refuse a call whose expected bucket owner or checksum does not hold.

    Raises
    ------
    AwsError
        AccessDenied (403) or BadDigest (400).
    """
    if OWNER_HEADER in request.headers:
        _check_owner(request.path, request.headers[OWNER_HEADER])
    if SOURCE_OWNER_HEADER in request.headers:
        source = request.headers.get("x-amz-copy-source", "")
        _check_owner("/" + source.lstrip("/"), request.headers[SOURCE_OWNER_HEADER])
    if request.method in ("PUT", "POST"):
        _check_digests(request)


def _check_owner(path: str, expected: str) -> None:
    """Compare with the account whose credentials made the bucket; a missing bucket is not our matter."""
    bucket = path.lstrip("/").partition("/")[0]
    _, owner = s3_backends.bucket_accounts.get(bucket, ("", expected))
    if owner != expected:
        raise AwsError("AccessDenied", "Access Denied", 403)


def _check_digests(request: Incoming) -> None:
    """Compare the digests that come as headers; those after a chunked upload are not looked at."""
    md5 = request.headers.get("Content-MD5")
    crc32 = request.headers.get("x-amz-checksum-crc32")
    if not (md5 or crc32) or "aws-chunked" in request.headers.get("Content-Encoding", ""):
        return
    body = request.body()
    if md5 and base64.b64encode(hashlib.md5(body).digest()).decode() != md5:
        raise AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.")
    if crc32 and base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode() != crc32:
        raise AwsError("BadDigest", "The CRC32 you specified did not match the calculated checksum.")
