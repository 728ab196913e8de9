"""The notebooks, run from top to bottom on the local SageMaker; their results are checked, and their form."""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SOURCE_ROOT = str(FOLDER.parent)
NOTHING_LEFT = {"endpoints": 0, "endpoint configs": 0, "models": 0, "running jobs": 0}


def run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *results: str) -> dict[str, Any]:
    """Run a notebook in a folder of its own and return what it has in these variables, and what is left."""
    monkeypatch.setenv("PYTHONPATH", SOURCE_ROOT)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    notebook = nbformat.read(FOLDER / name, as_version=4)
    wanted = ", ".join(f"{result!r}: {result}" for result in results)
    left = "{kind: len(found) for kind, found in left.items()}"
    asked = f"import json\nprint(json.dumps({{{wanted}, 'left': {left}}}))"
    notebook.cells.append(nbformat.v4.new_code_cell(asked))
    for path in FOLDER.iterdir():
        if path.suffix != ".ipynb":
            (tmp_path / path.name).symlink_to(path)
    NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(tmp_path)}}).execute()
    found = json.loads(notebook.cells[-1].outputs[-1].text)
    assert found.pop("left") == NOTHING_LEFT
    return found


@pytest.mark.slow
def test_custom_estimator(tmp_path, monkeypatch):
    assert run("1_custom_estimator.ipynb", tmp_path, monkeypatch, "purity")["purity"] > 0.7


@pytest.mark.slow
def test_step_by_step_with_boto3(tmp_path, monkeypatch):
    found = run(
        "2_step_by_step_with_boto3.ipynb", tmp_path, monkeypatch, "purity", "len(hundred)", "len(one)"
    )
    assert found["purity"] > 0.7
    assert (found["len(one)"], found["len(hundred)"]) == (1, 100)


@pytest.mark.slow
def test_script_mode_and_batch_transform(tmp_path, monkeypatch):
    name, results = "3_script_mode_and_batch_transform.ipynb", ("accuracy", "len(predicted)", "len(saved)")
    found = run(name, tmp_path, monkeypatch, *results)
    assert found["accuracy"] > 0.8
    assert (found["len(predicted)"], found["len(saved)"]) == (1000, 20)


@pytest.mark.slow
def test_local_mode(tmp_path, monkeypatch):
    found = run("4_local_mode.ipynb", tmp_path, monkeypatch, "accuracy", "digit", "len(probabilities)")
    assert found["accuracy"] > 0.9
    assert (found["digit"], found["len(probabilities)"]) == (3, 360)


@pytest.mark.slow
def test_parquet_to_recordio(tmp_path, monkeypatch):
    name, results = "5_parquet_to_recordio.ipynb", ("accuracy", "first", "last", "len(answers)")
    found = run(name, tmp_path, monkeypatch, *results)
    assert found["accuracy"] > 0.97
    assert found["last"] < found["first"]
    assert 300 < found["len(answers)"] < 420


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_clean_with_its_pictures(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert pictures
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert cells[0].source.startswith("LOCAL = True")
    assert all(cell.execution_count is None and not cell.metadata for cell in cells)
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}
    texts = [output.text for output in outputs if output.output_type == "stream" and output.name == "stdout"]
    assert len(texts) == sum(output.output_type == "stream" for output in outputs)
    assert not any(re.search(r"/(tmp|home|root|Users)/|127\.0\.0\.1|WARN|\x1b", text) for text in texts)
    assert str(NOTHING_LEFT) in texts[-1]
    assert path.stat().st_size < 200_000


def test_every_notebook_is_run_here():
    text = Path(__file__).read_text(encoding="utf-8")
    assert NOTEBOOKS
    assert [path.name for path in NOTEBOOKS if f'"{path.name}"' not in text] == []
