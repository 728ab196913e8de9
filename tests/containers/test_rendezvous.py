from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from sagemaker_spark_py.containers.job import Job
from sagemaker_spark_py.containers.rendezvous import collect, hand_over, load_arrays, save_arrays
from sagemaker_spark_py.errors import ContainerError

HOSTS = ("algo-1", "algo-2", "algo-3")


def _job(base: Path, host: str, rendezvous: Path | None) -> Job:
    return Job(base, {}, {}, host, HOSTS, rendezvous)


def test_the_leader_waits_for_all_and_gets_their_parts_in_order(tmp_path: Path) -> None:
    got: list[object] = []
    leader = _job(tmp_path, "algo-1", tmp_path / "meet")
    waiting = threading.Thread(target=lambda: got.extend(collect(leader, "train")), daemon=True)
    waiting.start()
    hand_over(_job(tmp_path, "algo-3", tmp_path / "meet"), "train", {"x": np.array([3])})
    assert got == []
    hand_over(_job(tmp_path, "algo-2", tmp_path / "meet"), "train", {"x": np.array([2])})
    waiting.join(timeout=30)
    assert [int(arrays["x"][0]) for arrays in got] == [2, 3]


def test_channels_do_not_mix(tmp_path: Path) -> None:
    for host in HOSTS[1:]:
        for channel in ("train", "test"):
            hand_over(_job(tmp_path, host, tmp_path), channel, {channel: np.ones(1)})
    assert [list(arrays) for arrays in collect(_job(tmp_path, "algo-1", tmp_path), "test")] == [
        ["test"],
        ["test"],
    ]


def test_hosts_that_cannot_meet_say_so(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match="SAGEMAKER_LOCAL_RENDEZVOUS"):
        hand_over(_job(tmp_path, "algo-2", None), "train", {})


def test_pickled_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    objects = np.array([{}], dtype=object)
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        save_arrays(tmp_path / "a", {"x": objects})
    np.savez(tmp_path / "b.npz", x=objects, allow_pickle=True)
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        load_arrays(tmp_path / "b.npz")
