"""Trains a small neural network on digits and serves it: one script for both."""

import argparse
import os
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.neural_network import MLPClassifier

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def read(channel):
    """Return features and labels of all NumPy archives of a channel."""
    folder = Path(os.environ[f"SM_CHANNEL_{channel.upper()}"])
    parts = [np.load(path) for path in sorted(folder.rglob("*.npz"))]
    return [np.concatenate([part[name] for part in parts]) for name in ("features", "labels")]


def draw(name, curves):
    """Write a plot of one or more curves to where SageMaker collects a script's results."""
    figure, axis = plt.subplots(figsize=(5, 3))
    for label, values in curves.items():
        axis.plot(range(1, len(values) + 1), values, label=label)
    axis.set_xlabel("epoch")
    axis.set_ylabel(name)
    axis.legend()
    figure.savefig(Path(os.environ["SM_OUTPUT_DATA_DIR"]) / f"{name}.png", dpi=80, bbox_inches="tight")


def train(arguments):
    (features, labels), (held_out, answers) = read("train"), read("test")
    network = MLPClassifier((arguments.hidden_units,), learning_rate_init=0.005, random_state=0)
    accuracy = {"train": [], "test": []}
    for epoch in range(1, arguments.epochs + 1):
        network.partial_fit(features / 16, labels, classes=range(10))
        accuracy["train"].append(network.score(features / 16, labels))
        accuracy["test"].append(network.score(held_out / 16, answers))
        print(f"epoch {epoch}: loss={network.loss_:.4f}; test accuracy={accuracy['test'][-1]:.4f};")
    draw("accuracy", accuracy)
    draw("loss", {"train": network.loss_curve_})
    (w0, w1), (b0, b1) = network.coefs_, network.intercepts_
    np.savez(Path(os.environ["SM_MODEL_DIR"]) / "network.npz", w0=w0, w1=w1, b0=b0, b1=b1)


def model_fn(model_dir):
    """Load the model; the endpoint calls this once."""
    with np.load(Path(model_dir) / "network.npz") as weights:
        return dict(weights)


def predict_fn(pixels, model):
    """Return the probability of each digit, shape (rows, 10)."""
    hidden = np.maximum(pixels / 16 @ model["w0"] + model["b0"], 0)
    scores = np.exp(hidden @ model["w1"] + model["b1"])
    return scores / scores.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden-units", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=30)
    train(parser.parse_args())
