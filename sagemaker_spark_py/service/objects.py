"""Objects in S3: streamed up in bounded memory, listed below a prefix, deleted by exact keys."""

from __future__ import annotations

import base64
import io
import zlib
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, reduce
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from sagemaker_spark_py.errors import NotFoundError, SageMakerSparkError, ServiceError, StagingError
from sagemaker_spark_py.service.aws_errors import translated

if TYPE_CHECKING:
    from sagemaker_spark_py.service.places import Place
    from sagemaker_spark_py.service.session import Session

MIB = 1024 * 1024
FIRST_PART_BYTES = 8 * MIB
_PARTS_MAX = 10_000  # S3 user guide, "multipart upload limits"
_PARTS_BEFORE_DOUBLING = 1_000
_KEYS_PER_DELETE = 1_000  # S3 API, DeleteObjects
_ERRORS_SHOWN = 3


class Uploaded(NamedTuple):
    """An object that S3 has confirmed."""

    key: str
    bytes: int
    checksum: str
    """CRC32 as S3 states it: of the whole, base64; of a multipart upload ``<crc of crcs>-<parts>``."""


class Listed(NamedTuple):
    """An object found in a listing."""

    key: str
    bytes: int


def upload(
    session: Session, place: Place, key: str, buffers: Iterable[Any], *, in_flight: int = 2
) -> Uploaded | None:
    """Write one object from a stream of buffers, without copying them.

    Runs on executors and on the driver. Each request carries a CRC32 that S3 checks. The object appears only
    when the stream has ended well; if anything fails, nothing is left, not even the parts of an upload.

    Memory: at most ``(in_flight + 1) * part + 2 * largest buffer`` bytes of the stream are alive. A stream
    that is shorter than ``in_flight + 1`` parts, 24 MiB by default, is sent whole, in one request; a longer
    one in parts. A part has 8 MiB; after each 1,000 parts its size doubles (16 MiB from 7.8 GiB on, 32 MiB
    from 23.4 GiB on), so that S3's limit of 10,000 parts is reached at 7.8 TiB.

    Parameters
    ----------
    session : Session
        How to reach S3.
    place : Place
        Bucket, expected owner and encryption; `key` is not checked to be below its prefix.
    key : str
        Whole key of the object.
    buffers : iterable of bytes-like
        Contiguous buffers that nobody changes any more, for example Arrow buffers.
    in_flight : int
        Parts that are sent at the same time, while the next one is filled.

    Returns
    -------
    Uploaded or None
        `None` if the stream held no byte; then nothing is written.

    Raises
    ------
    AccessError, NotFoundError, ServiceError
        If S3 refuses or fails.
    StagingError
        If the stream is too long for one object.
    """
    bodies = _bodies(buffers)
    first = deque(islice(bodies, in_flight + 1))
    if not first:
        return None
    writer = _Writer(session.client("s3"), place, key)
    if len(first) <= in_flight or first[-1].bytes < part_bytes(len(first)):  # no more will come
        return writer.put(Body(view for body in first for view in body.views))
    # What has been sent is let go, so the first ones must not stay here.
    return writer.put_parts(chain((first.popleft() for _ in range(in_flight + 1)), bodies), in_flight)


def list_objects(session: Session, place: Place) -> Iterator[Listed]:
    """Yield every object below the place, so with keys that continue ``prefix/``, in the order of keys."""
    below = place.key("")
    with translated(f"S3 prefix {place.uri!r}"):
        pages = session.client("s3").get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=place.bucket, Prefix=below, **place.expected_owner()):
            for entry in page.get("Contents", ()):
                yield Listed(entry["Key"], entry["Size"])


def delete_objects(session: Session, place: Place, keys: Iterable[str]) -> None:
    """Delete objects by their exact keys, a thousand per request; missing ones count as deleted.

    Raises
    ------
    ServiceError
        If some could not be deleted, after all were tried; the first few are named.
    """
    s3, failed, remaining = session.client("s3"), [], iter(keys)
    while batch := [{"Key": key} for key in islice(remaining, _KEYS_PER_DELETE)]:
        with translated(f"S3 bucket {place.bucket!r}"):
            answer = s3.delete_objects(
                Bucket=place.bucket, Delete={"Objects": batch, "Quiet": True}, **place.expected_owner()
            )
        failed += answer.get("Errors", ())
    if failed:
        shown = "; ".join(f"{e['Key']}: {e['Code']} {e['Message']}" for e in failed[:_ERRORS_SHOWN])
        raise ServiceError(
            f"S3 bucket {place.bucket!r} still holds {len(failed)} objects that should be deleted: {shown}. "
            "Check that these credentials may call DeleteObject there.",
            code=failed[0]["Code"],
        )


def abort_uploads(session: Session, place: Place) -> None:
    """Give up unfinished multipart uploads below the place: killed tasks leave some, and S3 bills them."""
    s3 = session.client("s3")
    with translated(f"S3 prefix {place.uri!r}"):
        pages = s3.get_paginator("list_multipart_uploads")
        for page in pages.paginate(Bucket=place.bucket, Prefix=place.key(""), **place.expected_owner()):
            for found in page.get("Uploads", ()):
                upload = {"Bucket": place.bucket, "Key": found["Key"], "UploadId": found["UploadId"]}
                with suppress(NotFoundError), translated(f"S3 upload of {found['Key']!r}"):
                    s3.abort_multipart_upload(**upload, **place.expected_owner())


class Body(io.RawIOBase):
    """A readable, seekable file over buffers that stay where they are."""

    def __init__(self, views: Iterable[memoryview] = ()) -> None:
        self.views: list[memoryview] = []
        self._starts: list[int] = []
        self._at = 0
        self.bytes = 0
        for view in views:
            self.append(view)

    def append(self, view: memoryview) -> None:
        """Add bytes at the end."""
        self.views.append(view)
        self._starts.append(self.bytes)
        self.bytes += len(view)

    @cached_property
    def crc32(self) -> bytes:
        """CRC32 of all bytes, big-endian; ask for it when there are all."""
        return reduce(lambda crc, view: zlib.crc32(view, crc), self.views, 0).to_bytes(4, "big")

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true: a request that is tried again starts from the beginning."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.bytes}[whence]
        self._at = min(max(base + offset, 0), self.bytes)
        return self._at

    def readinto(self, target: Any) -> int:
        """Copy the bytes at the position, at most to the end of one buffer."""
        if self._at == self.bytes:
            return 0
        index = bisect_right(self._starts, self._at) - 1
        start = self._at - self._starts[index]
        found = self.views[index][start : start + len(target)]
        target[: len(found)] = found
        self._at += len(found)
        return len(found)


class _Writer:
    """Writes one object, whole or in parts."""

    def __init__(self, s3: Any, place: Place, key: str) -> None:
        self._s3, self._place, self._key = s3, place, key
        self._where = {"Bucket": place.bucket, "Key": key, **place.expected_owner()}
        self._subject = f"S3 object 's3://{place.bucket}/{key}'"

    def put(self, body: Body) -> Uploaded:
        with translated(self._subject):
            self._s3.put_object(Body=body, **self._where, **_checked(body), **self._place.encryption())
        return Uploaded(self._key, body.bytes, _base64(body.crc32))

    def put_parts(self, bodies: Iterable[Body], in_flight: int) -> Uploaded:
        with translated(self._subject):
            begun = self._s3.create_multipart_upload(
                ChecksumAlgorithm="CRC32", **self._where, **self._place.encryption()
            )
        self._where["UploadId"] = begun["UploadId"]
        try:
            return self._complete(self._send(bodies, in_flight))
        except BaseException:
            with suppress(SageMakerSparkError), translated(self._subject):
                self._s3.abort_multipart_upload(**self._where)
            raise

    def _send(self, bodies: Iterable[Body], in_flight: int) -> list[_Part]:
        running: deque[Future[_Part]] = deque()
        done = []
        with ThreadPoolExecutor(in_flight, thread_name_prefix="s3-part") as pool:
            for number, body in enumerate(bodies, start=1):
                if number > _PARTS_MAX:
                    raise StagingError(
                        f"{self._subject} is too long: more than {_PARTS_MAX} parts. "
                        "Repartition the DataFrame so that it is written as more objects."
                    )
                if len(running) == in_flight:
                    done.append(running.popleft().result())
                running.append(pool.submit(self._part, number, body))
            done += [part.result() for part in running]
        return done

    def _part(self, number: int, body: Body) -> _Part:
        with translated(f"Part {number} of {self._subject}"):
            answer = self._s3.upload_part(PartNumber=number, Body=body, **self._where, **_checked(body))
        return _Part(number, answer["ETag"], body.crc32, body.bytes)

    def _complete(self, parts: list[_Part]) -> Uploaded:
        listed = [{"PartNumber": p.number, "ETag": p.etag, "ChecksumCRC32": _base64(p.crc32)} for p in parts]
        with translated(self._subject):
            self._s3.complete_multipart_upload(MultipartUpload={"Parts": listed}, **self._where)
        of_all = zlib.crc32(b"".join(p.crc32 for p in parts)).to_bytes(4, "big")
        return Uploaded(self._key, sum(p.bytes for p in parts), f"{_base64(of_all)}-{len(parts)}")


class _Part(NamedTuple):
    number: int
    etag: str
    crc32: bytes
    bytes: int


def part_bytes(number: int) -> int:
    """Return the size of a part by its number, which counts from 1."""
    return FIRST_PART_BYTES << (number - 1) // _PARTS_BEFORE_DOUBLING


def _bodies(buffers: Iterable[Any]) -> Iterator[Body]:
    """Cut a stream of buffers into the bodies of the parts, all full but the last."""
    number, body = 1, Body()
    for buffer in buffers:
        view = memoryview(buffer).cast("B")
        while view:
            room = part_bytes(number) - body.bytes
            body.append(view[:room])
            view = view[room:]
            if body.bytes == part_bytes(number):
                yield body
                number, body = number + 1, Body()
    if body.bytes:
        yield body


def _checked(body: Body) -> dict[str, Any]:
    return {
        "ContentLength": body.bytes,
        "ChecksumAlgorithm": "CRC32",
        "ChecksumCRC32": _base64(body.crc32),
    }


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
