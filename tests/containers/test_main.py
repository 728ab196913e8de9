from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from .harness import ChannelData, Host, csv, recordio, serving

ROWS = np.arange(40, dtype=np.float32).reshape(20, 2)
SETTINGS = {"k": "2", "feature_dim": "2"}
TRAIN = {"train": ChannelData({"a": recordio(ROWS)})}
WAITS = {"train": ChannelData({"a": recordio(ROWS)}, distribution="ShardedByS3Key")}


def _waiting_host(base: Path) -> Host:
    """A host that waits for another one's data for ever."""
    environment = {"SAGEMAKER_LOCAL_RENDEZVOUS": str(base / "meet")}
    return Host(base / "a", hosts=("algo-1", "algo-2"), environment=environment).lay_out(SETTINGS, WAITS)


@pytest.mark.parametrize(
    "arguments", [[], ["train"], ["run", "kmeans:1"], ["train", "kmeans:7"], ["train", "x:1"]]
)
def test_wrong_arguments_are_answered_with_usage(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "sagemaker_spark_py.containers", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage: " in done.stderr
    assert "kmeans" in done.stderr


def test_a_container_loads_neither_spark_nor_aws() -> None:
    """Each one would double the time that a container takes to start."""
    script = (
        "import sys; import sagemaker_spark_py.containers.__main__; "
        "sys.exit(', '.join({'pyspark', 'boto3', 'botocore', 'moto'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_full_image_uri_will_do(tmp_path: Path) -> None:
    host = (
        Host(tmp_path).lay_out(SETTINGS, TRAIN).train("382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1")
    )
    assert host.exit_code == 0
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["model_algo-1"]


def test_what_goes_wrong_inside_is_the_algorithms_fault(tmp_path: Path) -> None:
    host = Host(tmp_path).lay_out(SETTINGS, TRAIN)
    (tmp_path / "model" / "model_algo-1").mkdir()
    host.train("kmeans:1")
    assert host.exit_code == 1
    assert host.failure.startswith("AlgorithmError: IsADirectoryError: ")
    assert "Traceback" in host.log


def test_a_trainer_ends_with_its_input(tmp_path: Path) -> None:
    host = _waiting_host(tmp_path)
    process = host.start("train", "kmeans:1")
    host.wait_for_log(process, "waits for channel")
    process.stdin.close()
    assert process.wait(timeout=30) != 0


def test_a_server_ends_with_its_input(tmp_path: Path) -> None:
    host = Host(tmp_path).lay_out(SETTINGS, TRAIN).train("kmeans:1")
    with serving(host, "kmeans:1") as endpoint:
        process = endpoint.process
        assert endpoint.invoke(csv(ROWS)).status == 200
    assert process.returncode == 1


def test_a_server_without_a_model_fails_with_a_reason(tmp_path: Path) -> None:
    host = Host(tmp_path).lay_out(SETTINGS, TRAIN)
    process = host.start("serve", "kmeans:1", SAGEMAKER_BIND_TO_PORT="0")
    assert process.wait(timeout=30) == 1
    process.stdin.close()
    assert "model_algo-1 is missing" in (tmp_path / "serve.log").read_text()


def test_pipe_mode_reads_the_first_epochs_fifo(tmp_path: Path) -> None:

    channels = {"train": ChannelData({}, "text/csv;label_size=0", mode="Pipe")}
    host = Host(tmp_path).lay_out(SETTINGS, channels)
    fifo = tmp_path / "input" / "data" / "train_0"
    fifo.parent.mkdir(exist_ok=True)
    os.mkfifo(fifo)
    process = host.start("train", "kmeans:1")
    fifo.write_bytes(csv(ROWS))
    assert process.wait(timeout=30) == 0
    process.stdin.close()


def test_two_hosts_run_at_once(tmp_path: Path) -> None:
    names = ("algo-1", "algo-2")
    environment = {"SAGEMAKER_LOCAL_RENDEZVOUS": str(tmp_path / "meet")}
    hosts = [Host(tmp_path / name, name, names, environment).lay_out(SETTINGS, WAITS) for name in names]
    processes = [host.start("train", "kmeans:1") for host in hosts]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    for process in processes:
        process.stdin.close()
    assert list((tmp_path / "algo-1" / "model").iterdir())
    assert "handed its data to algo-1" in hosts[1].log
