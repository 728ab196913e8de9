"""Training data of the first-party algorithms: channels to rows, over all hosts of the job."""

from __future__ import annotations

from collections.abc import Sequence

from sagemaker_spark_py.containers import rendezvous
from sagemaker_spark_py.containers.formats import CSV, RECORDIO, MediaType, label_size, read_csv
from sagemaker_spark_py.containers.job import Channel, Job
from sagemaker_spark_py.containers.records import read_recordio
from sagemaker_spark_py.containers.rows import EMPTY, Rows, concatenate, from_arrays, to_arrays
from sagemaker_spark_py.errors import ContainerError


def read_channel(channel: Channel, content_types: Sequence[str], float32_only: bool = False) -> Rows:
    """Read all rows that this host has of a channel.

    Parameters
    ----------
    channel : Channel
        No ContentType means recordIO-protobuf. CSV has one label column unless it says ``label_size=0``.
    content_types : sequence of str
        Media types that the algorithm trains on.
    float32_only : bool
        Whether recordIO tensors of other types are refused.

    Returns
    -------
    Rows
        No rows where the channel's files are empty.
    """
    media = MediaType.parse(channel.content_type or RECORDIO)
    if media.name not in content_types:
        raise ContainerError(
            f"Content type '{channel.content_type}' of channel '{channel.name}' is not supported; "
            f"expected one of: {', '.join(content_types)}"
        )
    try:
        return concatenate([_read(body, media, float32_only) for body in channel.read()])
    except ContainerError as error:
        raise ContainerError(
            f"Unable to read data channel '{channel.name}'. Requested content-type is "
            f"'{channel.content_type or RECORDIO}'. Please verify the data matches the requested "
            f"content-type. Caused by: {error}"
        ) from error


def gather(job: Job, channel: Channel, content_types: Sequence[str], float32_only: bool = False) -> Rows:
    """Return the rows of a channel that the leading host trains on; no rows at the others.

    A sharded channel is brought together from all hosts; of a replicated one the leading host has everything.
    """
    sharded = channel.distribution == "ShardedByS3Key" and len(job.hosts) > 1
    if not job.leads and not sharded:
        return EMPTY
    own = read_channel(channel, content_types, float32_only)
    if not sharded:
        return own
    if not job.leads:
        rendezvous.hand_over(job, channel.name, to_arrays(own))
        return EMPTY
    return concatenate([own, *map(from_arrays, rendezvous.collect(job, channel.name))])


def _read(body: bytes, media: MediaType, float32_only: bool) -> Rows:
    if media.name == CSV:
        return read_csv(body, label_size(media, default=1))
    return read_recordio(body, float32_only)
