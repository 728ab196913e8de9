"""A training script as a user writes it: a small network on digits, checkpoints, a plot's numbers."""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from layers import network

# On AWS /opt/ml; the local SageMaker says where its own is.
BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def read(channel):
    """Return labels and features of all parts of a channel."""
    files = sorted(Path(os.environ[f"SM_CHANNEL_{channel.upper()}"]).rglob("part-*"))
    table = np.concatenate([np.loadtxt(path, delimiter=",", ndmin=2) for path in files])
    return table[:, 0], table[:, 1:]


def train(arguments):
    labels, features = read("train")
    model = network(arguments.hidden_units).fit(features / 16, labels)
    model_dir = Path(os.environ["SM_MODEL_DIR"])
    arrays = {f"w{i}": w for i, w in enumerate(model.coefs_)} | {
        f"b{i}": b for i, b in enumerate(model.intercepts_)
    }
    np.savez(model_dir / "network.npz", **arrays)
    Path(os.environ["SM_OUTPUT_DATA_DIR"], "loss.json").write_text(json.dumps(model.loss_curve_))


def model_fn(model_dir):
    return dict(np.load(Path(model_dir) / "network.npz"))


def predict_fn(data, model):
    hidden = np.maximum(np.atleast_2d(data) / 16 @ model["w0"] + model["b0"], 0)
    return (hidden @ model["w1"] + model["b1"]).argmax(axis=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden-units", type=int)
    train(parser.parse_args())
