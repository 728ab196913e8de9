"""Packages that a script asks for: there already, refused, or installed for the job alone."""

from __future__ import annotations

import importlib.util
import zipfile

import pytest

from .scripts import IMAGE, script_host

SCRIPT = "import tiny_thing; open('../model/x', 'w').write(tiny_thing.word)"


@pytest.fixture
def wheel(tmp_path):
    """A package that is installed nowhere, as a wheel on disk."""
    path = tmp_path / "tiny_thing-1.0-py3-none-any.whl"
    info = "tiny_thing-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_thing.py", "word = 'here'")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny_thing\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_packages_that_are_installed_are_taken(tmp_path):
    host = script_host(tmp_path, {"train.py": "import numpy", "requirements.txt": "numpy>=1\n"})
    assert host.train(IMAGE).exit_code == 0, host.log
    assert not (tmp_path / "packages").exists()


def test_missing_packages_are_refused_with_the_way_out(tmp_path):
    host = script_host(tmp_path, {"train.py": SCRIPT, "requirements.txt": "tiny_thing==1.0\n"})
    assert host.train(IMAGE).exit_code == 1
    assert host.failure.startswith("ClientError: Packages of requirements.txt are not installed:")
    assert "tiny_thing==1.0" in host.failure
    assert "LocalSageMaker(installRequirements=True)" in host.failure


def test_missing_packages_are_installed_for_the_job_where_that_is_allowed(tmp_path, wheel):
    host = script_host(tmp_path, {"train.py": SCRIPT, "requirements.txt": f"tiny_thing @ file://{wheel}\n"})
    host.environment["SAGEMAKER_LOCAL_INSTALL_REQUIREMENTS"] = "true"
    assert host.train(IMAGE).exit_code == 0, host.log
    assert (tmp_path / "model" / "x").read_text() == "here"
    assert importlib.util.find_spec("tiny_thing") is None
