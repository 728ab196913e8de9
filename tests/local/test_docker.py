"""Real images by Docker: what is asked of it. A script stands in for Docker; no engine was at hand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.local import LocalSageMaker
from sagemaker_spark_py.local.docker import run_command
from sagemaker_spark_py.local.images import Images

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/own/thing:3"


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """Return a function that makes a program of this text the docker of the path."""

    def make(text):
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!{sys.executable}\n{text}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return make


def test_an_image_runs_with_its_folder_port_and_environment():
    environment = {
        "SAGEMAKER_BASE_DIR": "/jobs/a",
        "SAGEMAKER_BIND_TO_PORT": "4711",
        "PATH": "/bin",
        "AWS_ACCESS_KEY_ID": "local",
        "SAGEMAKER_PROGRAM": "train.py",
        "SAGEMAKER_LOCAL_RENDEZVOUS": "/jobs/a/meet",
    }
    assert run_command("n", IMAGE, "serve", Path("/jobs/a"), environment) == [
        "docker",
        "run",
        "--rm",
        "--name=n",
        "--volume=/jobs/a:/opt/ml",
        "--publish=127.0.0.1:4711:8080",
        "--env=SAGEMAKER_PROGRAM=train.py",
        "--env=SAGEMAKER_LOCAL_RENDEZVOUS=/opt/ml/meet",
        IMAGE,
        "serve",
    ]


def test_every_image_is_supported_but_own_programs_go_before():
    images = Images({"echo": ["echo-program"]}, docker=True)
    assert images.supports(IMAGE, {})
    assert images.command(IMAGE, "train")[1:] == [
        "-m",
        "sagemaker_spark_py.local.docker",
        IMAGE,
        "train",
        "own/thing:3",
    ]
    assert images.command("1.dkr/echo:1", "serve") == ["echo-program", "serve", "echo:1"]


def test_the_container_sees_its_own_paths_and_its_exit_code_is_ours(docker, tmp_path):
    docker("import json, sys\njson.dump(sys.argv, open('asked.json', 'w'))\nsys.exit(7)\n")
    config = tmp_path / "input" / "config" / "checkpointconfig.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"LocalPath": f"{tmp_path}/checkpoints"}))
    command = [sys.executable, "-m", "sagemaker_spark_py.local.docker", IMAGE, "train", "own/thing:3"]
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdin=subprocess.PIPE) as process:
        assert process.wait(timeout=60) == 7
    assert json.loads(config.read_text()) == {"LocalPath": "/opt/ml/checkpoints"}
    assert json.loads((tmp_path / "asked.json").read_text())[-2:] == [IMAGE, "train"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "import sys; sys.exit('Cannot connect to the Docker daemon')",
            "Cannot connect to the Docker daemon",
        ),
        (None, "docker is not installed"),
    ],
)
def test_without_an_engine_it_refuses_at_once(docker, tmp_path, monkeypatch, text, problem):
    if text is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        docker(text)
    with pytest.raises(SettingError, match=f"finds no Docker engine: {problem}; expected"):
        LocalSageMaker(containers="docker").start()


def test_another_word_is_refused():
    with pytest.raises(
        SettingError, match="containers is not known: 'podman'; expected one of processes, docker"
    ):
        LocalSageMaker(containers="podman").start()
