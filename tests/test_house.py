"""The house's rules, read from the source: import directions, sizes, forbidden words, public names."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sagemaker_spark_py

PACKAGE = Path(sagemaker_spark_py.__file__).parent
SOURCES = sorted(p for p in PACKAGE.rglob("*.py") if p.name != "record_pb2.py")

# What each room may import from this package, besides itself. Everything may import errors.
ALLOWED = {
    "errors": {"resources"},  # for type checkers only
    "resources": set(),
    "invocation": {"service"},
    "batch_transform": {"resources"},
    "names": set(),
    "command_line": {"jvm"},
    "jvm": set(),
    "recordio": set(),
    "service": {"resources", "names"},
    "transformation": {"recordio"},
    "staging": {"jvm", "recordio", "resources", "service", "transformation"},
    "inference": {
        "batch_transform",
        "invocation",
        "jvm",
        "resources",
        "service",
        "staging",
        "transformation",
    },
    "arguments": set(),
    "columns": {"arguments", "params", "rules", "staging", "transformation"},
    "intake": {"staging"},
    "channels": {"arguments"},
    "inputs": {
        "channels",
        "columns",
        "intake",
        "service",
        "settings",
        "staging",
        "transformation",
    },
    "artifacts": {"resources", "service"},
    "deployment": {"invocation", "resources", "service"},
    "attach": {"deployment", "invocation", "names", "resources", "service", "settings", "transformation"},
    "embedded": {"local", "service"},
    "settings": {
        "arguments",
        "batch_transform",
        "channels",
        "deployment",
        "invocation",
        "names",
        "resources",
        "service",
        "transformation",
    },
    "rules": set(),
    "params": {"rules"},
    "trials": {"resources", "service"},
    "persistence": {
        "batch_transform",
        "channels",
        "deployment",
        "invocation",
        "names",
        "resources",
        "service",
        "transformation",
    },
    "batches": {
        "batch_transform",
        "inference",
        "names",
        "resources",
        "service",
        "settings",
        "transformation",
    },
    "model": {
        "deployment",
        "embedded",
        "artifacts",
        "attach",
        "batches",
        "columns",
        "settings",
        "inference",
        "service",
        "transformation",
        "resources",
        "names",
        "persistence",
        "trials",
    },
    "estimator": {
        "embedded",
        "arguments",
        "inputs",
        "params",
        "model",
        "staging",
        "service",
        "resources",
        "names",
        "persistence",
        "trials",
        "transformation",
    },
    "algorithms": {
        "arguments",
        "estimator",
        "inputs",
        "intake",
        "names",
        "params",
        "resources",
        "rules",
        "service",
        "staging",
        "transformation",
    },
    "containers": {"recordio"},
    "local": {"containers", "recordio"},
}
ROOT_MODULES = {"__init__", "aws_names"}  # they only gather public names


def room(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    here = room(path)
    if here in ROOT_MODULES:
        return
    own = {name.split(".")[1] for name in imports(parse(path)) if name.startswith("sagemaker_spark_py.")}
    assert own - {here, "errors"} <= ALLOWED[here]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_foreign_libraries_stay_in_their_rooms(path: Path) -> None:
    here = room(path)
    foreign = {name.split(".")[0] for name in imports(parse(path))}
    if here not in ("service", "local"):
        assert not foreign & {"boto3", "botocore"}
    if here in ("recordio", "service", "containers", "local", "errors", "resources", "names"):
        assert "pyspark" not in foreign
    if here != "local":
        assert "moto" not in foreign
    if here not in ("containers", "artifacts"):
        assert not foreign & {"sklearn", "xgboost"}
    assert "pickle" not in foreign


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_private_spark(path: Path) -> None:
    """Spark Connect has no JVM gateway, no RDD and no SparkContext; only jvm.py may ask for one."""
    if room(path) == "jvm":
        return
    attributes = {node.attr for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)}
    assert not attributes & {"_jvm", "_sc", "_jdf", "rdd", "sparkContext"}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how long a function is without its documentation, of which there can hardly be too much."""
    doc = function.body[0] if ast.get_docstring(function) else None
    documented = doc.end_lineno - doc.lineno + 1 if doc else 0
    return function.end_lineno - function.lineno + 1 - documented


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_sizes(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") <= 400
    too_long = [f.name for f in functions(parse(path)) if code_lines(f) > 50]
    assert not too_long


def test_functions_are_short() -> None:
    sizes = sorted(f.end_lineno - f.lineno + 1 for path in SOURCES for f in functions(parse(path)))
    assert sizes[len(sizes) // 2] <= 8
    assert sizes[int(0.9 * len(sizes))] <= 25


def test_public_names() -> None:
    names = sagemaker_spark_py.__all__
    assert list(names) == sorted(names) == sorted(sagemaker_spark_py._HOME_OF)
    for name in names:
        assert getattr(sagemaker_spark_py, name).__module__.startswith("sagemaker_spark_py"), name


def test_import_computes_nothing() -> None:
    """Importing must not need a JVM, a region or credentials, nor load what only executors or verbs need."""
    script = (
        "import sys, sagemaker_spark_py, sagemaker_spark_py.algorithms\n"
        "heavy = {'moto', 'sklearn', 'xgboost', 'google.protobuf'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "from pyspark import SparkContext\n"
        "assert SparkContext._active_spark_context is None\n"
    )
    environment = {"PATH": "", "PYTHONPATH": str(PACKAGE.parent)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
