from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sagemaker_spark_py.containers.data import gather, read_channel
from sagemaker_spark_py.containers.job import Channel, Job
from sagemaker_spark_py.errors import ContainerError

from .harness import ChannelData, Host, csv, recordio, sparse_recordio

RECORDIO, CSV = "application/x-recordio-protobuf", "text/csv"
BOTH = (RECORDIO, CSV)
ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)
LABELS = np.array([1, 0, 1], np.float32)


def _job(base: Path, host: str = "algo-1", hosts: tuple[str, ...] = ("algo-1",), **data: ChannelData) -> Job:
    Host(base, host, hosts).lay_out({}, data)
    return Job.from_folder(base, {"SAGEMAKER_LOCAL_RENDEZVOUS": str(base.parent / "meet")})


def _channel(base: Path, data: ChannelData) -> Channel:
    return _job(base, train=data).channels["train"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (None, recordio(ROWS, LABELS)),
        (RECORDIO, recordio(ROWS, LABELS)),
        (CSV, csv(ROWS, LABELS)),
        ("text/csv;label_size=1", csv(ROWS, LABELS)),
        ("text/csv; label_size=1", csv(ROWS, LABELS)),
    ],
)
def test_a_channel_is_read_by_its_content_type(tmp_path: Path, content_type: str | None, body: bytes) -> None:
    rows = read_channel(_channel(tmp_path, ChannelData({"a": body, "b": body}, content_type)), BOTH)
    np.testing.assert_array_equal(rows.features, np.vstack([ROWS, ROWS]))
    np.testing.assert_array_equal(rows.labels, np.concatenate([LABELS, LABELS]))


def test_csv_without_labels_says_so(tmp_path: Path) -> None:
    rows = read_channel(_channel(tmp_path, ChannelData({"a": csv(ROWS)}, "text/csv;label_size=0")), BOTH)
    np.testing.assert_array_equal(rows.features, ROWS)
    assert rows.labels is None


def test_a_content_type_that_is_not_taken_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ContainerError, match=r"'text/csv' of channel 'train' is not supported; expected one of: .*recordio"
    ):
        read_channel(_channel(tmp_path, ChannelData({"a": b"1"}, CSV)), (RECORDIO,))


def test_unreadable_data_names_channel_and_content_type(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match=r"Unable to read data channel 'train'.*'text/csv'.*Caused by"):
        read_channel(_channel(tmp_path, ChannelData({"a": b"x,y"}, CSV)), BOTH)


def test_a_sharded_channel_is_brought_together(tmp_path: Path) -> None:
    hosts = ("algo-1", "algo-2", "algo-3")
    bodies = {
        "algo-1": recordio(ROWS[:1]),
        "algo-2": sparse_recordio(ROWS[1:2]),
        "algo-3": recordio(ROWS[2:]),
    }
    jobs = {
        host: _job(
            tmp_path / host, host, hosts, train=ChannelData({"a": body}, distribution="ShardedByS3Key")
        )
        for host, body in bodies.items()
    }
    for host in ("algo-3", "algo-2"):
        assert gather(jobs[host], jobs[host].channels["train"], BOTH).count == 0
    rows = gather(jobs["algo-1"], jobs["algo-1"].channels["train"], BOTH)
    np.testing.assert_array_equal(rows.features.toarray(), ROWS)


def test_a_host_without_files_takes_part(tmp_path: Path) -> None:
    hosts = ("algo-1", "algo-2")
    idle = _job(tmp_path / "b", "algo-2", hosts, train=ChannelData({}, distribution="ShardedByS3Key"))
    busy = ChannelData({"a": recordio(ROWS)}, distribution="ShardedByS3Key")
    leader = _job(tmp_path / "a", "algo-1", hosts, train=busy)
    gather(idle, idle.channels["train"], BOTH)
    assert gather(leader, leader.channels["train"], BOTH).count == 3


def test_a_replicated_channel_counts_once(tmp_path: Path) -> None:
    hosts = ("algo-1", "algo-2")
    data = ChannelData({"a": recordio(ROWS)})
    follower = _job(tmp_path / "b", "algo-2", hosts, train=data)
    leader = _job(tmp_path / "a", "algo-1", hosts, train=data)
    assert gather(follower, follower.channels["train"], BOTH).count == 0
    assert gather(leader, leader.channels["train"], BOTH).count == 3
    assert not (tmp_path / "meet").exists()
