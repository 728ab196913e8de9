"""Decision thresholds and quality metrics of the linear learner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Confusion(NamedTuple):
    """Counts at one threshold, or at many (arrays)."""

    true_positives: np.ndarray
    false_positives: np.ndarray
    positives: float
    rows: int

    @property
    def precision(self) -> np.ndarray:
        """Share of predicted positives that are positive; 0 where none is predicted."""
        predicted = self.true_positives + self.false_positives
        return np.asarray(self.true_positives / np.maximum(predicted, 1))

    @property
    def recall(self) -> np.ndarray:
        """Share of positives that are predicted; 0 where there are none."""
        return np.asarray(self.true_positives / max(self.positives, 1))

    @property
    def accuracy(self) -> np.ndarray:
        """Share of rows that are predicted right."""
        negatives = self.rows - self.positives
        return np.asarray((self.true_positives + negatives - self.false_positives) / self.rows)

    def f_score(self, beta: float) -> np.ndarray:
        """Return the F score with this beta; 0 where precision and recall are."""
        weighted = (1 + beta**2) * self.precision * self.recall
        return np.asarray(weighted / np.maximum(beta**2 * self.precision + self.recall, 1e-12))


def best_threshold(
    scores: np.ndarray, labels: np.ndarray, default: float, settings: Mapping[str, Any]
) -> float:
    """Return the score from which on a row is positive, chosen by the model selection criterion.

    Parameters
    ----------
    scores : ndarray
        (n,) scores of the rows to calibrate on.
    labels : ndarray
        (n,) 0 or 1.
    default : float
        The threshold where the criterion is the loss.
    settings : mapping
        Hyperparameters.
    """
    criterion = settings["binary_classifier_model_selection_criteria"]
    if criterion not in _CRITERIA:
        return default
    thresholds, confusion = _all_thresholds(scores, labels)
    quality = _CRITERIA[criterion](confusion, settings)
    best = np.flatnonzero(quality >= quality.max() - 1e-12)
    return float(thresholds[best[np.abs(thresholds[best] - default).argmin()]])


def binary_metrics(scores: np.ndarray, labels: np.ndarray, threshold: float, beta: float) -> dict[str, float]:
    """Return the metrics of a binary classifier by the names in AWS's log."""
    predicted = scores >= threshold
    confusion = Confusion(
        np.array(np.sum(predicted & (labels == 1))),
        np.array(np.sum(predicted & (labels == 0))),
        float(labels.sum()),
        len(labels),
    )
    return {
        "binary_classification_accuracy": float(confusion.accuracy),
        f"binary_f_{beta:.3f}": float(confusion.f_score(beta)),
        "precision": float(confusion.precision),
        "recall": float(confusion.recall),
        "roc_auc_score": _area_under_roc(scores, labels),
    }


def multiclass_metrics(scores: np.ndarray, labels: np.ndarray, top_k: int, beta: float) -> dict[str, float]:
    """Return the metrics of a multiclass classifier by the names in AWS's log."""
    truth = labels.astype(np.intp)
    ranks = (scores > scores[np.arange(len(truth)), truth][:, None]).sum(axis=1)
    counts = np.zeros((scores.shape[1], scores.shape[1]))
    np.add.at(counts, (truth, scores.argmax(axis=1)), 1)
    precision = np.diag(counts) / np.maximum(counts.sum(axis=0), 1)
    recall = np.diag(counts) / np.maximum(counts.sum(axis=1), 1)
    weighted = (1 + beta**2) * precision * recall
    return {
        "multiclass_accuracy": float((ranks == 0).mean()),
        f"multiclass_top_k_accuracy_{top_k}": float((ranks < top_k).mean()),
        "dcg": float((1 / np.log2(ranks + 2)).mean()),
        "macro_recall": float(recall.mean()),
        "macro_precision": float(precision.mean()),
        f"macro_f_{beta:.3f}": float((weighted / np.maximum(beta**2 * precision + recall, 1e-12)).mean()),
    }


def _all_thresholds(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, Confusion]:
    """Return every useful threshold, halfway between neighbouring scores, and the counts at each."""
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], labels[order]
    last = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    following = np.append(ordered[1:], ordered[-1])[last]
    true_positives = np.cumsum(hits)[last]
    confusion = Confusion(true_positives, last + 1 - true_positives, float(hits.sum()), len(scores))
    return (ordered[last] + following) / 2, confusion


def _area_under_roc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the chance that a positive row scores above a negative one; ties count half."""
    positives = labels.sum()
    negatives = len(labels) - positives
    if positives == 0 or negatives == 0:
        return 0.5
    _, codes, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[codes]
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _at_target(reached: np.ndarray, target: float, wanted: np.ndarray) -> np.ndarray:
    """Return what is wanted where the target is reached; elsewhere how near it is, always below."""
    return np.where(reached >= target, 1 + wanted, reached - target)


_CRITERIA: dict[str, Callable[[Confusion, Mapping[str, Any]], np.ndarray]] = {
    "accuracy": lambda at, settings: at.accuracy,
    "f1": lambda at, settings: at.f_score(1),
    "f_beta": lambda at, settings: at.f_score(settings["f_beta"]),
    "precision_at_target_recall": lambda at, settings: _at_target(
        at.recall, settings["target_recall"], at.precision
    ),
    "recall_at_target_precision": lambda at, settings: _at_target(
        at.precision, settings["target_precision"], at.recall
    ),
}

CRITERIA = (*_CRITERIA, "cross_entropy_loss", "loss_function")
"""All values of binary_classifier_model_selection_criteria."""
