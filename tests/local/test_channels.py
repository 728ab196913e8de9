"""How data reaches a training container: every source, distribution and input mode."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError

from .jobs import channel, channel_files, put, request, run, seen


def files_of(sm, s3, bucket, train, hosts=1, **more):
    """Run a job over one channel; return each host's files."""
    job = run(sm, request(bucket, [train], hosts=hosts, **more))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return {host: channel_files(what) for host, what in seen(s3, job).items()}


def test_a_prefix_brings_everything_below_it(sm, s3, bucket):
    put(s3, bucket, **{"data/a.csv": b"1", "data/sub/b.csv": b"2", "data/": b"", "data2/c.csv": b"3"})
    hosts = files_of(sm, s3, bucket, channel(f"s3://{bucket}/data/"))
    assert hosts == {"algo-1": {"train/a.csv": b"1", "train/sub/b.csv": b"2"}}


def test_a_prefix_without_closing_slash_is_compared_as_a_string(sm, s3, bucket):
    put(s3, bucket, **{"data/a.csv": b"1", "data2/c.csv": b"3"})
    hosts = files_of(sm, s3, bucket, channel(f"s3://{bucket}/data"))
    assert hosts == {"algo-1": {"train/a.csv": b"1", "train/data2/c.csv": b"3"}}


def test_a_single_object_keeps_its_name(sm, s3, bucket):
    put(s3, bucket, **{"data/a.csv": b"1"})
    hosts = files_of(sm, s3, bucket, channel(f"s3://{bucket}/data/a.csv"))
    assert hosts == {"algo-1": {"train/a.csv": b"1"}}


def test_a_manifest_brings_what_it_names_and_nothing_else(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"1", "data/sub/b": b"2", "data/orphan": b"9"})
    manifest = [{"prefix": f"s3://{bucket}/data/"}, "sub/b", "a"]
    put(s3, bucket, **{"manifests/it": json.dumps(manifest).encode()})
    hosts = files_of(sm, s3, bucket, channel(f"s3://{bucket}/manifests/it", data_type="ManifestFile"))
    assert hosts == {"algo-1": {"train/a": b"1", "train/sub/b": b"2"}}


@pytest.mark.parametrize("kind", ["S3Prefix", "ManifestFile"])
def test_sharding_deals_the_objects_out_to_the_hosts(sm, s3, bucket, kind):
    names = [f"p{number}" for number in range(5)]
    put(s3, bucket, **{f"data/{name}": name.encode() for name in names})
    uri = f"s3://{bucket}/data/"
    if kind == "ManifestFile":
        put(s3, bucket, manifest=json.dumps([{"prefix": uri}, *names]).encode())
        uri = f"s3://{bucket}/manifest"
    train = channel(uri, data_type=kind, distribution="ShardedByS3Key")
    hosts = files_of(sm, s3, bucket, train, hosts=2)
    assert sorted(hosts["algo-1"]) == ["train/p0", "train/p2", "train/p4"]
    assert sorted(hosts["algo-2"]) == ["train/p1", "train/p3"]


def test_replication_gives_every_host_everything(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"1", "data/b": b"2"})
    hosts = files_of(sm, s3, bucket, channel(f"s3://{bucket}/data/"), hosts=2)
    assert hosts["algo-1"] == hosts["algo-2"] == {"train/a": b"1", "train/b": b"2"}


def test_channels_have_a_folder_each(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"1", "test/b": b"2"})
    both = [channel(f"s3://{bucket}/data/"), channel(f"s3://{bucket}/test/", name="test")]
    job = run(sm, request(bucket, both))
    assert channel_files(seen(s3, job)["algo-1"]) == {"train/a": b"1", "test/b": b"2"}


def pipes_of(sm, s3, bucket, train, epochs, hosts=1):
    """Run a job that reads the train channel's pipes; return each host's bytes by epoch."""
    job = run(sm, request(bucket, [train], hosts=hosts, mode="Pipe", parameters={"epochs": str(epochs)}))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return {host: [bytes.fromhex(text) for text in what["pipes"]] for host, what in seen(s3, job).items()}


def test_pipe_mode_streams_all_objects_once_an_epoch(sm, s3, bucket):
    big = b"x" * 300_000  # more than a pipe holds
    put(s3, bucket, **{"data/a": b"first", "data/b": big})
    assert pipes_of(sm, s3, bucket, channel(f"s3://{bucket}/data/"), 3) == {"algo-1": [b"first" + big] * 3}


def test_pipe_mode_shards_too(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"1", "data/b": b"2"})
    train = channel(f"s3://{bucket}/data/", distribution="ShardedByS3Key")
    assert pipes_of(sm, s3, bucket, train, 1, hosts=2) == {"algo-1": [b"1"], "algo-2": [b"2"]}


def test_pipe_mode_unpacks_gzip(sm, s3, bucket):
    put(s3, bucket, **{"data/a.gz": gzip.compress(b"1"), "data/b.gz": gzip.compress(b"2")})
    train = channel(f"s3://{bucket}/data/", CompressionType="Gzip")
    assert pipes_of(sm, s3, bucket, train, 2) == {"algo-1": [b"12", b"12"]}


def test_pipe_mode_wraps_objects_as_records(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"hello"})
    train = channel(f"s3://{bucket}/data/", RecordWrapperType="RecordIO")
    record = bytes.fromhex("0a23d7ce05000000") + b"hello\0\0\0"
    assert pipes_of(sm, s3, bucket, train, 1) == {"algo-1": [record]}


def test_pipe_mode_shuffles_by_seed(sm, s3, bucket):
    put(s3, bucket, **{f"data/{number}": b"%d" % number for number in range(8)})
    train = channel(f"s3://{bucket}/data/", ShuffleConfig={"Seed": 7})
    epochs = pipes_of(sm, s3, bucket, train, 2)["algo-1"]
    assert epochs[0] != epochs[1]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(b"01234567")


def test_a_job_that_does_not_read_its_pipe_ends_all_the_same(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"1"})
    job = run(sm, request(bucket, [channel(f"s3://{bucket}/data/")], mode="Pipe"))
    assert job["TrainingJobStatus"] == "Completed"


def test_gzip_data_that_is_none_fails_the_job_instead_of_training_on_less(sm, s3, bucket):
    put(s3, bucket, **{"data/a.gz": b"not gzip"})
    train = channel(f"s3://{bucket}/data/", CompressionType="Gzip")
    job = run(sm, request(bucket, [train], mode="Pipe", parameters={"epochs": "1", "action": "hang"}))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed:")


def test_the_channels_own_input_mode_wins(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"1"})
    hosts = files_of(sm, s3, bucket, channel(f"s3://{bucket}/data/", InputMode="File"), mode="Pipe")
    assert hosts == {"algo-1": {"train/a": b"1"}}


def test_fast_file_mode_takes_whole_folders(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"1", "data2/b": b"2"})
    hosts = files_of(sm, s3, bucket, channel(f"s3://{bucket}/data"), mode="FastFile")
    assert hosts == {"algo-1": {"train/a": b"1"}}


def test_fast_file_mode_takes_no_manifest(sm, s3, bucket):
    put(s3, bucket, manifest=b"[]")
    train = channel(f"s3://{bucket}/manifest", data_type="ManifestFile")
    with pytest.raises(ClientError, match=r"ValidationException.*FastFile"):
        sm.create_training_job(**request(bucket, [train], mode="FastFile"))


def test_gzip_is_for_pipe_mode(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"1"})
    train = channel(f"s3://{bucket}/data/", CompressionType="Gzip")
    with pytest.raises(ClientError, match=r"ValidationException.*Pipe input mode only"):
        sm.create_training_job(**request(bucket, [train]))


def test_nothing_under_the_prefix_is_refused_at_once(sm, bucket):
    with pytest.raises(ClientError) as refused:
        sm.create_training_job(**request(bucket, [channel(f"s3://{bucket}/nothing/")]))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert f'No S3 objects found under S3 URL "s3://{bucket}/nothing/"' in str(refused.value)


def test_only_folder_markers_fail_the_job(sm, s3, bucket):
    put(s3, bucket, **{"data/": b""})
    job = run(sm, request(bucket, [channel(f"s3://{bucket}/data/")]))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed:No S3 objects found")


def test_a_manifest_that_names_a_missing_object_fails_the_job(sm, s3, bucket):
    put(s3, bucket, manifest=json.dumps([{"prefix": f"s3://{bucket}/data/"}, "gone"]).encode())
    job = run(sm, request(bucket, [channel(f"s3://{bucket}/manifest", data_type="ManifestFile")]))
    assert job["FailureReason"].startswith("ClientError: Data download failed:NoSuchKey (404):")
    assert f"s3://{bucket}/data/gone" in job["FailureReason"]


@pytest.mark.parametrize("body", [b"not json", b"{}", b'["no prefix"]', b'[{"prefix": "s3://x/"}, 5]'])
def test_a_manifest_that_is_none_fails_the_job(sm, s3, bucket, body):
    put(s3, bucket, manifest=body)
    job = run(sm, request(bucket, [channel(f"s3://{bucket}/manifest", data_type="ManifestFile")]))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed:Unable to parse manifest")


@pytest.mark.parametrize("key", ["data//a", "data/x/../../../a"])
def test_a_key_that_makes_no_path_fails_the_job(sm, s3, bucket, key):
    put(s3, bucket, **{key: b"1"})
    job = run(sm, request(bucket, [channel(f"s3://{bucket}/data/")]))
    assert "has an illegal char sub-sequence" in job["FailureReason"]


def test_an_object_that_is_the_folder_of_another_fails_the_job(sm, s3, bucket):
    put(s3, bucket, **{"data/a": b"1", "data/a/b": b"2"})
    job = run(sm, request(bucket, [channel(f"s3://{bucket}/data/")]))
    assert job["FailureReason"].startswith("ClientError: Data download failed:Failed to download data.")
