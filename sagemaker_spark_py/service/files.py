"""Files of this machine to S3 and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sagemaker_spark_py.errors import NotFoundError, SettingError
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.places import Place, default_place
from sagemaker_spark_py.service.session import Session


def upload_files(session: Session, path: str, bucket: str | None, key_prefix: str) -> str:
    """Upload a file, or all files of a folder; see `Session.upload_data`."""
    source = Path(path)
    if not source.exists():
        raise SettingError(f"Path is not there: {path!r}; expected a file or folder on this machine.")
    place = Place(bucket, key_prefix.strip("/")) if bucket else default_place(session, key_prefix.strip("/"))
    files = [source] if source.is_file() else sorted(file for file in source.rglob("*") if file.is_file())
    root = source.parent if source.is_file() else source
    for file in files:
        key = place.key(file.relative_to(root).as_posix())
        with translated(f"S3 object 's3://{place.bucket}/{key}'"):
            session.client("s3").upload_file(str(file), place.bucket, key, ExtraArgs=place.expected_owner())
    return f"{place.uri}/{source.name}" if source.is_file() else place.uri


Texts = list[str]  # S3Downloader has a method of that name


class S3Downloader:
    """Reads what is in S3; for small results on the driver."""

    @staticmethod
    def read_file(s3_uri: str, session: Session | None = None) -> str:
        """Return the text of an object.

        Parameters
        ----------
        s3_uri : str
            ``s3://bucket/key``.
        session : Session, optional
            How to reach S3; default boto3's chains.

        Raises
        ------
        NotFoundError
            If there is no such object.
        """
        path = S3DataPath.fromS3URI(s3_uri)
        with translated(f"S3 object {s3_uri!r}"):
            answer = _s3(session).get_object(Bucket=path.bucket, Key=path.objectPath)
            return str(answer["Body"].read().decode())

    @staticmethod
    def list(s3_uri: str, session: Session | None = None) -> Texts:
        """Return the URIs of the objects whose keys begin as the URI does, in the order of keys."""
        path = S3DataPath.fromS3URI(s3_uri)
        return [f"s3://{path.bucket}/{key}" for key in _keys(_s3(session), path)]

    @staticmethod
    def download(s3_uri: str, local_path: str, session: Session | None = None) -> Texts:
        """Copy an object, or all below a prefix, into a folder, which is made; return the files' paths.

        Raises
        ------
        NotFoundError
            If there is nothing.
        """
        path, s3 = S3DataPath.fromS3URI(s3_uri), _s3(session)
        folder = path.objectPath.rpartition("/")[0] if not path.objectPath.endswith("/") else path.objectPath
        written = []
        for key in _keys(s3, path):
            target = _below(Path(local_path), key[len(folder) :].lstrip("/") or key)
            target.parent.mkdir(parents=True, exist_ok=True)
            with translated(f"S3 object 's3://{path.bucket}/{key}'"):
                s3.download_file(path.bucket, key, str(target))
            written.append(str(target))
        if not written:
            raise NotFoundError(f"S3 prefix {s3_uri!r} names nothing; expected objects.")
        return written


def _s3(session: Session | None) -> Any:
    return (session or Session.resolve()).client("s3")


def _keys(s3: Any, path: S3DataPath) -> Iterator[str]:
    with translated(f"S3 prefix {path.toS3UriString()!r}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=path.bucket, Prefix=path.objectPath):
            yield from (entry["Key"] for entry in page.get("Contents", ()) if not entry["Key"].endswith("/"))


def _below(folder: Path, name: str) -> Path:
    """Return a path in a folder; keys may hold anything, also ``..``."""
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise SettingError(
            f"S3 key leads outside the folder: {name!r}; expected a path below {str(folder)!r}."
        )
    return target
