"""The console scripts print the jars' paths as AWS's scripts did."""

import importlib
import re
from pathlib import Path

import pytest

from sagemaker_spark_py import command_line

JARS = ["/x/aws-sdk.jar", "/x/hadoop.jar", "/x/sagemaker-spark.jar"]
SETUP = (Path(__file__).parents[1] / "setup.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "arguments", "printed"),
    [
        ("jars", [], "/x/aws-sdk.jar,/x/hadoop.jar,/x/sagemaker-spark.jar\n"),
        ("jars", [":"], "/x/aws-sdk.jar:/x/hadoop.jar:/x/sagemaker-spark.jar\n"),
        ("emr_jars", [], "/x/aws-sdk.jar,/x/sagemaker-spark.jar\n"),
        ("emr_jars", [" "], "/x/aws-sdk.jar /x/sagemaker-spark.jar\n"),
    ],
)
def test_paths_are_printed_in_one_line(monkeypatch, capsys, command, arguments, printed) -> None:
    monkeypatch.setattr(command_line, "classpath_jars", lambda: JARS)
    assert getattr(command_line, command)(arguments) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("command", ["jars", "emr_jars"])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_printed_on_request(capsys, command, flag) -> None:
    with pytest.raises(SystemExit) as ended:
        getattr(command_line, command)([flag])
    assert ended.value.code == 0
    assert "separator" in capsys.readouterr().out


def test_a_package_without_its_jar_says_so(monkeypatch, capsys) -> None:
    monkeypatch.setattr(command_line, "classpath_jars", list)
    assert command_line.jars([]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "without its jar" in printed.err


def test_setup_names_functions_that_exist() -> None:
    scripts = dict(re.findall(r'"([\w-]+)=([\w.]+:\w+)"', SETUP))
    assert scripts.keys() >= {"sagemakerpyspark-jars", "sagemakerpyspark-emr-jars"}
    for target in scripts.values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))
