"""A training job's channels: which objects they name, and how those reach each host.

Facts: the CreateTrainingJob API reference (S3DataSource, Channel, ShuffleConfig) and the developer guide's
"Access Training Data".
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from sagemaker_spark_py.local import store
from sagemaker_spark_py.local.errors import invalid


class DataDownloadError(Exception):
    """The data of a channel could not be read; the text becomes the job's FailureReason."""


class Item(NamedTuple):
    """One object of a channel and the path it has in the channel's folder."""

    bucket: str
    key: str
    path: str

    @property
    def uri(self) -> str:
        """The object's S3 URI."""
        return f"s3://{self.bucket}/{self.key}"


def input_mode(channel: dict[str, Any], request: dict[str, Any]) -> str:
    """Return File, Pipe or FastFile: the channel's own mode, else the job's."""
    return channel.get("InputMode") or request["AlgorithmSpecification"]["TrainingInputMode"]  # type: ignore[no-any-return]


def check(request: dict[str, Any], s3: Any, region: str) -> None:
    """Refuse channels that SageMaker refuses before the job starts.

    Raises
    ------
    AwsError
        ValidationException; also where nothing is found under a channel's URI.
    """
    seen: set[str] = set()
    for channel in request.get("InputDataConfig", ()):
        name = channel["ChannelName"]
        if name in seen:
            raise invalid(f"Channel names must be unique within a training job: {name}")
        seen.add(name)
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise invalid(f"Channel {name}: the local SageMaker reads S3DataSource only.")
        _check_mode(name, source["S3DataType"], input_mode(channel, request), channel)
        if not store.exists(s3, source["S3Uri"]):
            raise invalid(_nothing_found(source["S3Uri"], request["RoleArn"], region))


def _check_mode(name: str, data_type: str, mode: str, channel: dict[str, Any]) -> None:
    if data_type not in ("S3Prefix", "ManifestFile"):
        raise invalid(f"Channel {name}: the local SageMaker does not read S3DataType {data_type}.")
    if mode == "FastFile" and data_type != "S3Prefix":
        raise invalid(
            f"Channel {name}: FastFile input mode supports S3DataType S3Prefix only, not {data_type}."
        )
    if mode != "Pipe" and channel.get("CompressionType", "None") != "None":
        raise invalid(f"Channel {name}: CompressionType Gzip is for Pipe input mode only, not {mode}.")


def _nothing_found(uri: str, role: str, region: str) -> str:
    bucket, _ = store.split_uri(uri)
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
        f"bucket exists in the selected region ({region}), that objects exist under that S3 prefix, and that "
        f'the role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}".'
    )


def items(channel: dict[str, Any], mode: str, s3: Any) -> list[Item]:
    """Return a channel's objects in S3's (or the manifest's) order, for all hosts together.

    Raises
    ------
    DataDownloadError
        Where there is none, or the manifest cannot be read.
    """
    source = channel["DataSource"]["S3DataSource"]
    bucket, key = store.split_uri(source["S3Uri"])
    try:
        if source["S3DataType"] == "ManifestFile":
            found = _manifest_items(s3, bucket, key)
        else:
            folder = key.rstrip("/") + "/" if key else ""
            found = items_below(s3, bucket, folder if mode == "FastFile" else key)  # that mounts a folder
    except ClientError as error:
        raise _failed(error, source["S3Uri"]) from error
    if not found:
        raise DataDownloadError(f'No S3 objects found under S3 URL "{source["S3Uri"]}"')
    return found


def items_below(s3: Any, bucket: str, prefix: str) -> list[Item]:
    """Return the objects of a prefix, which is compared as a string: ``train`` also names ``train2/x``."""
    return [Item(bucket, key, _below(prefix, key)) for key in store.list_keys(s3, bucket, prefix)]


def _below(prefix: str, key: str) -> str:
    """Return an object's path in the channel's folder: what follows the last whole folder of the prefix."""
    rest = key[len(prefix) :]
    if not prefix or prefix.endswith("/"):
        return rest
    if rest.startswith("/"):
        return rest[1:]
    return key[prefix.rfind("/") + 1 :]


def _manifest_items(s3: Any, bucket: str, key: str) -> list[Item]:
    """Read a manifest: ``[{"prefix": "s3://bucket/folder/"}, "relative/key", …]``."""
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        head, *paths = json.loads(body)
        manifest_bucket, folder = store.split_uri(head["prefix"])
        return [Item(manifest_bucket, folder + path, path) for path in paths]
    except (ValueError, TypeError, KeyError) as error:
        raise DataDownloadError(
            f"Unable to parse manifest s3://{bucket}/{key}: it must be a JSON list of one object with a "
            "prefix, followed by keys relative to it"
        ) from error


def shard(found: Sequence[Item], channel: dict[str, Any], host: int, hosts: int) -> list[Item]:
    """Return what one host (0 to `hosts` - 1) gets of a channel's objects."""
    distribution = channel["DataSource"]["S3DataSource"].get("S3DataDistributionType", "FullyReplicated")
    return list(found[host::hosts]) if distribution == "ShardedByS3Key" else list(found)


def shuffled(found: Sequence[Item], channel: dict[str, Any], epoch: int) -> list[Item]:
    """Return the objects in the order of an epoch; without ShuffleConfig always in S3's order."""
    order = list(found)
    if "ShuffleConfig" in channel:
        random.Random(channel["ShuffleConfig"]["Seed"] + epoch).shuffle(order)
    return order


def download(found: Sequence[Item], folder: Path, s3: Any, go_on: Callable[[], None]) -> None:
    """Copy objects into a channel's folder (File and FastFile mode).

    Parameters
    ----------
    found : sequence of Item
        A host's objects.
    folder : Path
        The channel's folder.
    s3
        boto3's S3 client.
    go_on : callable
        Called before each object; raises where the job was stopped.

    Raises
    ------
    DataDownloadError
        Where an object cannot be read, or its key makes no path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for item in found:
        go_on()
        _check_key(item)
        try:
            store.download(s3, item.bucket, item.key, folder / item.path)
        except ClientError as error:
            raise _failed(error, item.uri) from error
        except OSError as error:  # one key is a folder of another
            raise DataDownloadError(
                f"Failed to download data. S3 key: {item.uri}: {error.strerror}"
            ) from error


def _check_key(item: Item) -> None:
    parts = item.path.split("/")
    for part, sequence in (("", "//"), ("..", "../")):
        if part in parts:
            raise DataDownloadError(
                f"Failed to download data. S3 key: {item.uri} has an illegal char sub-sequence "
                f"'{sequence}' in it"
            )


def _failed(error: ClientError, uri: str) -> DataDownloadError:
    """Word S3's refusal as SageMaker does in a FailureReason."""
    answer = error.response["Error"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return DataDownloadError(f"{answer['Code']} ({status}): {answer['Message']} [{uri}]")
