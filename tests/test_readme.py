"""The README's examples, run as they are printed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from sagemaker_spark_py import algorithms

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
# The examples that follow them use it.
LEAVE_THEIR_ENDPOINT = ("row by row", "batch by batch", "a bad day", "json", "template", "sql")
EXAMPLES = dict(re.findall(r"<!-- example: (.+?) -->\n```python\n(.*?)```", README, re.DOTALL))


@pytest.fixture(scope="module")
def names(spark) -> dict[str, Any]:
    """What a reader has typed so far; later examples go on from earlier ones."""
    return {"spark": spark, "__name__": "__main__"}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch) -> None:
    (tmp_path / "notebooks").symlink_to(Path(__file__).parents[1] / "notebooks")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("title", EXAMPLES)
def test_example(aws, names, title, capsys) -> None:
    before = names.get("model")
    names["aws"] = aws
    exec(compile(EXAMPLES[title], f"README.md: {title}", "exec"), names)
    printed = capsys.readouterr().out
    if (model := names.get("model")) is not before:
        columns = model.responseRowDeserializer.schema.names
        header = next(line for line in printed.splitlines() if line.startswith("|"))
        assert set(columns) <= set(header.replace(" ", "").split("|"))
    assert title == "setup" or printed
    if title not in LEAVE_THEIR_ENDPOINT:
        assert boto3.client("sagemaker").list_endpoints()["Endpoints"] == []


def test_the_main_job_is_a_dozen_statements() -> None:
    assert len(ast.parse(EXAMPLES["main job"]).body) <= 12


def test_every_algorithm_has_an_example_of_few_lines() -> None:
    for name in algorithms.__all__:
        assert len(EXAMPLES[name].strip().splitlines()) <= 5
        assert f"{name}(" in EXAMPLES[name]


def test_commands_are_in_the_makefile() -> None:
    makefile = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"^make ([a-z0-9-]+)", README, re.MULTILINE)) <= targets
