"""The benchmarks run, on next to nothing and without peers; how fast is nobody's business here."""

from __future__ import annotations

import http.client
import json

import pytest

from sagemaker_spark_py.recordio import decode, encode_dense
from tests.benchmarks import bench, data, peer, report, timing
from tests.benchmarks.cases import CASES
from tests.benchmarks.stub import FAULTY, RECORDS, Stub


@pytest.fixture
def small(spark, monkeypatch, tmp_path):
    """A benchmark that uses the Spark of the tests, and finds no peers."""
    monkeypatch.setattr(peer, "ROOT", tmp_path)
    monkeypatch.setattr(bench.Bench, "spark", spark)
    for name in bench.KEYS:
        monkeypatch.setenv(name, "testing")  # and as it was, afterwards
    sizes = {"rows": 60, "repeat": 1, "warm_ups": 0, "large_rows": 40, "soak_rows": 2_000}
    with bench.Bench(**sizes, folder=tmp_path) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_case_yields_lines(small, name) -> None:
    lines = list(CASES[name](small))

    assert lines
    assert all(line.case and line.ours for line in lines)


def test_results_are_kept(tmp_path) -> None:
    lines = [
        report.faster("encode", timing.Cost(1), timing.Cost(150), "peer", ">= 150"),
        report.Line("memory", "worker +9 MiB"),
    ]

    report.save(lines, report.machine(), tmp_path)

    assert "| encode | 1 s | 150 s: peer | 150.00 | >= 150 |" in (tmp_path / "results.md").read_text()
    assert json.loads((tmp_path / "results.json").read_text())["lines"][0]["ratio"] == 150


def test_runs_take_turns_and_warm_ups_do_not_count() -> None:
    turns: list[str] = []
    runs = {
        "a": lambda: turns.append("a"),
        "b": lambda: turns.append("b") or timing.Cost(len(turns)),
    }

    costs = timing.interleaved(runs, repeat=2, warm_ups=1)

    assert turns == ["a", "b"] * 3
    assert costs["b"].seconds == (4 + 6) / 2


def test_stub_counts_rows_in_whole_and_chunked_bodies() -> None:
    body = bytes(encode_dense(data.dense(50, 7)).data)
    stub = Stub()
    try:
        connection = http.client.HTTPConnection(stub.url.removeprefix("http://"))
        headers = {"Accept": RECORDS, "Content-Type": RECORDS}
        for content in (body, (body[at : at + 64] for at in range(0, len(body), 64))):
            connection.request("POST", "/endpoints/e/invocations", content, headers)
            answer = decode(connection.getresponse().read())
            assert len(answer) == 50
        assert stub.counts().rows == 100
        stub.behave(FAULTY)
        assert stub.counts().requests == 0
    finally:
        stub.close()
