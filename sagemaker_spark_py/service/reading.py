"""Objects in S3, read as files: streamed, and taken up again where a connection broke."""

from __future__ import annotations

import io
from typing import Any

from sagemaker_spark_py.errors import ServiceError
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service.aws_errors import is_transient, translated
from sagemaker_spark_py.service.session import Session

_BUFFER_BYTES = 1 << 20
_BREAKS_MAX = 5
"""How often a connection may break without a byte in between."""


def open_object(session: Session, path: S3DataPath, start: int = 0) -> io.BufferedReader:
    """Open an object for reading; runs on the driver and on executors.

    Nothing is asked of S3 before the first read. Memory: one buffer of 1 MiB, whatever the object's size. A
    connection that breaks is taken up again at the same byte of the same version of the object.

    Parameters
    ----------
    session : Session
        How to reach S3.
    path : S3DataPath
        Bucket and whole key.
    start : int
        First byte to read.

    Raises
    ------
    NotFoundError, AccessError, ServiceError
        On reading, if there is no such object or S3 refuses or fails.
    """
    return io.BufferedReader(_Object(session, path, start), _BUFFER_BYTES)


class _Object(io.RawIOBase):
    def __init__(self, session: Session, path: S3DataPath, start: int) -> None:
        self._session, self._path, self._at = session, path, start
        self._etag: str | None = None
        self._body: Any = None
        self._breaks = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        """Fill a part of `target` with the next bytes; 0 at the end."""
        while True:
            try:
                with translated(f"S3 object {self._path.toS3UriString()!r}"):
                    piece = self._opened().read(len(target))
            except ServiceError as error:
                self._body, self._breaks = None, self._breaks + 1
                if self._breaks > _BREAKS_MAX or not is_transient(error):
                    raise
                continue
            target[: len(piece)] = piece
            self._at += len(piece)
            self._breaks = 0
            return len(piece)

    def _opened(self) -> Any:
        if self._body is None:
            where = {"Bucket": self._path.bucket, "Key": self._path.objectPath}
            same = {} if self._etag is None else {"IfMatch": self._etag}
            rest = {"Range": f"bytes={self._at}-"} if self._at else {}
            answer = self._session.client("s3").get_object(**where, **same, **rest)
            self._etag, self._body = answer["ETag"], answer["Body"]
        return self._body

    def close(self) -> None:
        if self._body is not None:
            self._body.close()
        super().close()
