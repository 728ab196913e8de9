"""The README's examples, run as they are printed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: (.+?) -->\n```python\n(.*?)```", README, re.DOTALL))


@pytest.fixture(scope="module")
def names(spark) -> dict[str, Any]:
    """What a reader has typed so far; later examples go on from earlier ones."""
    return {"spark": spark}


@pytest.mark.parametrize("title", EXAMPLES)
def test_example(aws, names, title, capsys) -> None:
    exec(compile(EXAMPLES[title], f"README.md: {title}", "exec"), names)
    assert "closest_cluster" in capsys.readouterr().out
    assert boto3.client("sagemaker").list_endpoints()["Endpoints"] == []


def test_the_main_job_is_a_dozen_statements() -> None:
    assert len(ast.parse(EXAMPLES["main job"]).body) <= 12


def test_commands_are_in_the_makefile() -> None:
    makefile = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"^make ([a-z0-9-]+)", README, re.MULTILINE)) <= targets
