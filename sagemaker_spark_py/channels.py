"""Channels of a training job besides the training channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame

from sagemaker_spark_py.arguments import one_of, text, text_map
from sagemaker_spark_py.errors import SettingError


@dataclass(frozen=True)
class Channel:
    """Data of one channel and how a training job gets it; the members of AWS's ``Channel`` by their names.

    Parameters
    ----------
    data : DataFrame or str
        Rows, which are staged for the job, or an S3 URI of data that is there.
    format : str, optional
        How rows are staged; `None`: as the training rows. Only for DataFrames.
    formatOptions : mapping, optional
        Options of that format; `None`: those of the training rows. Only for DataFrames.
    contentType : str, optional
        MIME type; `None`: as the format says; for data that is there and a built-in algorithm that of the
        training rows, for other algorithms none.
    inputMode : str, optional
        ``"File"``, ``"Pipe"`` or ``"FastFile"``; `None`: that of the job.
    compression : str, optional
        ``"None"`` or ``"Gzip"``. Rows are compressed accordingly.
    distribution : str
        ``"FullyReplicated"``, the default, or ``"ShardedByS3Key"``.
    s3DataType : str
        ``"S3Prefix"`` or ``"ManifestFile"``: what the S3 URI names. Not for DataFrames.

    Raises
    ------
    SettingError
        If an argument is not known, or does not go with the data.
    """

    data: Any
    format: str | None = None
    formatOptions: Mapping[str, str] | None = field(default=None, hash=False)
    contentType: str | None = None
    inputMode: str | None = None
    compression: str | None = None
    distribution: str = "FullyReplicated"
    s3DataType: str = "S3Prefix"

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if not is_frame(self.data) and not str(self.data).startswith("s3://"):
            raise SettingError(
                f"Channel has the wrong data: {self.data!r}; expected a DataFrame or an S3 URI (s3://...)."
            )
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            if value is not None:
                check(f"Channel's {name}", value)
        for name in ("format", "formatOptions"):
            if getattr(self, name) is not None and not is_frame(self.data):
                raise SettingError(
                    f"Channel's {name} goes with a DataFrame only: {getattr(self, name)!r}; expected "
                    f"contentType for the data at {self.data}."
                )

    @property
    def frame(self) -> DataFrame | None:
        """The rows that must be staged; `None` if data is there."""
        return self.data if is_frame(self.data) else None


_CHECKS: dict[str, Any] = {
    "format": text,
    "formatOptions": text_map,
    "contentType": text,
    "inputMode": one_of("File", "Pipe", "FastFile"),
    "compression": one_of("None", "Gzip"),
    "distribution": one_of("FullyReplicated", "ShardedByS3Key"),
    "s3DataType": one_of("S3Prefix", "ManifestFile"),
}


def is_frame(data: Any) -> bool:
    """Tell whether something is a DataFrame, of classic Spark or of Spark Connect."""
    return hasattr(data, "sparkSession") and hasattr(data, "schema")


def channel_map(name: str, value: Any) -> None:
    """Check a mapping of channel names to DataFrames, S3 URIs and `Channel` values."""
    text_map(name, value)
    for data in value.values():
        as_channel(data)


def as_channel(data: Any) -> Channel:
    """Return a `Channel` of data that a user gave."""
    return data if isinstance(data, Channel) else Channel(data)
