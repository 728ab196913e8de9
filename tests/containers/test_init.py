from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sagemaker_spark_py.containers as package
from sagemaker_spark_py.containers import IMAGES, load_container, split_uri, supports

FOLDER = Path(package.__file__).parent


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("kmeans:1", ("kmeans", "1")),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", ("kmeans", "1")),
        ("390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/pca:1", ("pca", "1")),
        ("localhost:5000/team/sagemaker-xgboost:3.2-0", ("sagemaker-xgboost", "3.2-0")),
        ("kmeans", ("kmeans", "latest")),
        ("not an image@", ("not an image@", "latest")),
    ],
)
def test_uris_are_split(uri: str, parts: tuple[str, str]) -> None:
    assert split_uri(uri) == parts


@pytest.mark.parametrize("repository", sorted(IMAGES))
def test_every_tag_of_the_registry_is_supported(repository: str) -> None:
    for tag in IMAGES[repository].tags:
        assert supports(f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/{repository}:{tag}")


@pytest.mark.parametrize(
    "uri", ["object2vec:1", "kmeans:2", "xgboost:3.2-0", "sagemaker-xgboost:9.9-9", "sagemaker-xgboost", ""]
)
def test_other_images_are_not_supported(uri: str) -> None:
    assert not supports(uri)


@pytest.mark.parametrize("repository", sorted(IMAGES))
def test_every_container_trains_and_loads(repository: str) -> None:
    container = load_container(repository)
    assert callable(container.train)
    assert callable(container.load)


def test_no_container_imports_spark_aws_or_pickle() -> None:
    imported = {name for path in FOLDER.glob("*.py") for name in _imports(path)}
    roots = {name.split(".")[0] for name in imported}
    assert "numpy" in roots
    assert not roots & {"pyspark", "boto3", "botocore", "moto", "pickle", "cloudpickle", "joblib"}
    rooms = {name.split(".")[1] for name in imported if name.startswith("sagemaker_spark_py.")}
    assert rooms <= {"containers", "recordio", "errors"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found.update(f"{node.module}.{name.name}" for name in node.names)
    return found


def test_asking_for_an_image_loads_no_library() -> None:
    script = (
        "import sagemaker_spark_py, sys; before = set(sys.modules); "
        "import sagemaker_spark_py.containers as c; "
        "assert c.supports('xgboost:1'); "
        "assert not {'numpy', 'sklearn', 'xgboost', 'scipy'} & (set(sys.modules) - before)"
    )
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": os.pathsep.join(sys.path)}, check=True)
