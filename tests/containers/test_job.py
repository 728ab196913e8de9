from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from sagemaker_spark_py.containers.job import Job

from .harness import ChannelData, Host


def test_a_job_is_what_its_config_files_say(tmp_path: Path) -> None:
    data = ChannelData({"b": b"2", "a/c": b"1"}, "text/csv", distribution="ShardedByS3Key")
    Host(tmp_path, "algo-2", ("algo-2", "algo-1")).lay_out({"k": "3"}, {"train": data})
    job = Job.from_folder(tmp_path, {"SAGEMAKER_LOCAL_RENDEZVOUS": "/meet"}, "2")
    channel = job.channels["train"]
    assert job.hyperparameters == {"k": "3"}
    assert (channel.content_type, channel.input_mode, channel.distribution) == (
        "text/csv",
        "File",
        "ShardedByS3Key",
    )
    assert job.hosts == ("algo-1", "algo-2")
    assert not job.leads
    assert job.rendezvous == Path("/meet")
    assert job.tag == "2"
    assert list(channel.read()) == [b"1", b"2"]


def test_a_job_without_config_files_is_empty(tmp_path: Path) -> None:
    job = Job.from_folder(tmp_path, {})
    assert job.hyperparameters == {}
    assert job.channels == {}
    assert job.leads
    assert job.rendezvous is None


def test_what_the_config_leaves_out_has_sagemakers_defaults(tmp_path: Path) -> None:
    config = tmp_path / "input" / "config"
    config.mkdir(parents=True)
    (config / "inputdataconfig.json").write_text(json.dumps({"train": {}}))
    channel = Job.from_folder(tmp_path, {}).channels["train"]
    assert (channel.content_type, channel.input_mode, channel.distribution) == ("", "File", "FullyReplicated")


def test_empty_files_are_left_out(tmp_path: Path) -> None:
    Host(tmp_path).lay_out({}, {"train": ChannelData({"a": b"", "b": b"x", "_SUCCESS": b"", "c": b" \n"})})
    assert list(Job.from_folder(tmp_path, {}).channels["train"].read()) == [b"x"]


def test_a_pipe_is_awaited_and_read_to_its_end(tmp_path: Path) -> None:
    Host(tmp_path).lay_out({}, {"train": ChannelData({}, mode="Pipe")})
    channel = Job.from_folder(tmp_path, {}).channels["train"]
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.extend(channel.read()), daemon=True)
    reader.start()
    os.mkfifo(tmp_path / "input" / "data" / "train_0")
    with (tmp_path / "input" / "data" / "train_0").open("wb") as pipe:
        pipe.write(b"first ")
        pipe.flush()
        pipe.write(b"second")
    reader.join(timeout=30)
    assert read == [b"first second"]


@pytest.mark.parametrize("length", [10, 5000])
def test_a_failure_is_cut_to_what_sagemaker_reads(tmp_path: Path, length: int) -> None:
    job = Job.from_folder(tmp_path, {})
    job.write_failure("x" * length)
    assert (tmp_path / "output" / "failure").read_text() == "x" * min(length, 1024)
