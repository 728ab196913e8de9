"""What training and hosting do with S3: list, read, write. Every call goes through boto3."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def list_keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """Yield the keys that start with `prefix`, in S3's order, without folder markers."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            if not item["Key"].endswith("/"):
                yield item["Key"]


def exists(s3: Any, uri: str) -> bool:
    """Tell whether any object's URI starts with `uri`; False too where the bucket cannot be read."""
    bucket, prefix = split_uri(uri)
    try:
        return bool(s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"))
    except ClientError:
        return False


def download(s3: Any, bucket: str, key: str, path: Path) -> None:
    """Write one object to a file, making its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=key)["Body"], file, 1024 * 1024)


def encryption(kms_key_id: str | None) -> dict[str, str]:
    """Return the `settings` of `upload` that encrypt with a KMS key, none where there is no key."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}


def upload(s3: Any, path: Path, uri: str, settings: Mapping[str, str]) -> None:
    """Write a file to S3; `settings` are further arguments, such as encryption."""
    bucket, key = split_uri(uri)
    s3.upload_file(str(path), bucket, key, ExtraArgs=dict(settings))
