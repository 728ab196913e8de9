"""Training scripts for tests, and what a host that runs them needs."""

from __future__ import annotations

import json
from pathlib import Path

from .harness import ChannelData, Host

IMAGE = "pytorch-training:2.5.1-cpu-py311"

SEE = """
import argparse, json, os, sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float)
parser.add_argument("--names")
parser.add_argument("-k", type=int)
arguments = parser.parse_args()
seen = {
    "argv": sys.argv[1:],
    "rate": arguments.learning_rate,
    "environment": {k: v for k, v in os.environ.items() if k.startswith("SM_")},
    "folder": os.getcwd(),
    "files": sorted(os.listdir(os.environ["SM_CHANNEL_TRAIN"])),
}
Path(os.environ["SM_MODEL_DIR"], f"{os.environ['SM_CURRENT_HOST']}.json").write_text(json.dumps(seen))
"""

SERVE = """
import numpy as np
from helper_module import factor

def model_fn(model_dir):
    return float(open(f"{model_dir}/weight").read()) * factor

def predict_fn(data, model):
    return np.asarray(data) * model
"""


def script_host(
    base: Path, files: dict[str, str], host: Host | None = None, **hyperparameters: object
) -> Host:
    """Lay out a host whose code folder holds these files; the first one is the script."""
    given = {"sagemaker_program": next(iter(files)), **hyperparameters}
    host = (host or Host(base)).lay_out(
        {name: json.dumps(value) for name, value in given.items()}, {"train": ChannelData({"a.csv": b"1,2"})}
    )
    (host.base / "code").mkdir()
    for name, text in files.items():
        (host.base / "code" / name).write_text(text)
    return host


def hosted(base: Path, script: str, **others: str) -> Host:
    """Lay out a hosting container's folder with a model and its code."""
    code = base / "model" / "code"
    code.mkdir(parents=True)
    (base / "model" / "weight").write_text("2")
    for name, text in {"inference.py": script, **{f"{k}.py": v for k, v in others.items()}}.items():
        (code / name).write_text(text)
    return Host(base)
