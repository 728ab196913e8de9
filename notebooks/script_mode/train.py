"""Trains a small neural network on digits, epoch by epoch, and goes on where an earlier job was stopped."""

import argparse
import os
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier

# SageMaker copies this folder to S3 and back. The local SageMaker has its own in place of /opt/ml.
CHECKPOINTS = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "checkpoints"


def read(channel):
    """Return features and labels of a channel: lines of numbers, the label first."""
    files = sorted(Path(os.environ[f"SM_CHANNEL_{channel.upper()}"]).rglob("*.csv"))
    table = np.concatenate([np.loadtxt(path, delimiter=",", ndmin=2) for path in files])
    return table[:, 1:] / 16, table[:, 0]


def weights_of(network):
    (w0, w1), (b0, b1) = network.coefs_, network.intercepts_
    return {"w0": w0, "w1": w1, "b0": b0, "b1": b1}


def resume(network):
    """Take up the weights of the newest checkpoint; return its epoch, 0 where there is none."""
    found = sorted(CHECKPOINTS.glob("epoch-*.npz")) if CHECKPOINTS.is_dir() else []
    if not found:
        return 0
    with np.load(found[-1]) as saved:
        network.coefs_ = [saved["w0"].copy(), saved["w1"].copy()]
        network.intercepts_ = [saved["b0"].copy(), saved["b1"].copy()]
    return int(found[-1].stem.removeprefix("epoch-"))


def train(arguments):
    features, labels = read("train")
    network = MLPClassifier(
        (arguments.hidden_units,), batch_size=32, learning_rate_init=0.005, random_state=0
    )
    network.partial_fit(features, labels, classes=range(10))
    for epoch in range(resume(network) + 1, arguments.epochs + 1):
        network.partial_fit(features, labels)
        print(f"epoch {epoch}: loss={network.loss_:.4f};")
        if CHECKPOINTS.is_dir():
            np.savez(CHECKPOINTS / f"epoch-{epoch:03d}.npz", **weights_of(network))
    np.savez(Path(os.environ["SM_MODEL_DIR"]) / "network.npz", **weights_of(network))


def model_fn(model_dir):
    """Load the model."""
    with np.load(Path(model_dir) / "network.npz") as weights:
        return dict(weights)


def predict_fn(pixels, model):
    """Return the most probable digit of each row."""
    hidden = np.maximum(np.atleast_2d(pixels) / 16 @ model["w0"] + model["b0"], 0)
    return (hidden @ model["w1"] + model["b1"]).argmax(axis=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden-units", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20)
    train(parser.parse_args())
