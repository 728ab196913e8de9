"""What a staging leaves in S3, and how it goes away again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from sagemaker_spark_py.errors import AccessError
from sagemaker_spark_py.service.objects import abort_uploads, delete_objects, list_objects
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One object that holds rows.

    Parameters
    ----------
    key : str
        Its whole key.
    rows : int, optional
        Rows in it; `None` where Spark's own writer wrote it, which does not tell.
    bytes : int
        Its size as stored.
    checksum : str
        CRC32 as S3 states it; ``""`` where Spark's own writer wrote it.
    """

    key: str
    rows: int | None
    bytes: int
    checksum: str = ""


@dataclass(frozen=True)
class Staged:
    """The objects of one staging, which together hold each row exactly once.

    Parameters
    ----------
    session : Session
        How S3 was reached, and will be to delete.
    place : Place
        The prefix that belongs to this staging alone.
    parts : tuple of Part
        The objects, by partition.
    manifest : str, optional
        Key of the manifest; `None` if the channel is the prefix itself.
    dim : int, optional
        Values in each feature vector; `None` where Spark's own writer wrote them.
    skipped : int
        Rows that were left out because they are invalid.
    """

    session: Session = field(repr=False)
    place: Place
    parts: tuple[Part, ...] = field(repr=False)
    manifest: str | None = None
    dim: int | None = None
    skipped: int = 0

    @property
    def uri(self) -> str:
        """``S3Uri`` of the channel: the manifest, or the prefix with its closing slash."""
        return f"{self.place.uri}/" if self.manifest is None else f"s3://{self.place.bucket}/{self.manifest}"

    @property
    def s3DataType(self) -> str:
        """``S3DataType`` of the channel."""
        return "S3Prefix" if self.manifest is None else "ManifestFile"

    @property
    def rows(self) -> int | None:
        """Rows in all parts; `None` if unknown."""
        counts = [part.rows for part in self.parts]
        return None if None in counts else sum(rows for rows in counts if rows is not None)

    @property
    def bytes(self) -> int:
        """Bytes of all parts as stored."""
        return sum(part.bytes for part in self.parts)

    def delete(self) -> None:
        """Delete the parts, the manifest, and what lost attempts left below this staging's own prefix.

        Runs on the driver. Nothing outside the prefix is touched; what is already gone counts as deleted.

        Raises
        ------
        ServiceError
            If S3 refuses; the parts and the manifest are tried before anything is listed.
        """
        manifest = () if self.manifest is None else (self.manifest,)
        delete_objects(self.session, self.place, [*(part.key for part in self.parts), *manifest])
        clear(self.session, self.place)


def clear(session: Session, place: Place, keep: Iterable[str] = ()) -> None:
    """Delete all objects but those to keep, and all unfinished uploads, below the prefix of one staging."""
    kept = frozenset(keep)
    # Uploads first: one that a zombie task would finish after the listing then cannot appear any more.
    _abort_unfinished(session, place)
    delete_objects(session, place, (o.key for o in list_objects(session, place) if o.key not in kept))


def _abort_unfinished(session: Session, place: Place) -> None:
    try:
        abort_uploads(session, place)
    except AccessError as error:  # roles that may write and delete often lack s3:ListBucketMultipartUploads
        _log.warning("Unfinished uploads below %s could not be looked for: %s", place.uri, error)
