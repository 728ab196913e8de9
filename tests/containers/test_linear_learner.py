from __future__ import annotations

import logging

import numpy as np
import pytest
from scipy import sparse
from sklearn import datasets, linear_model, metrics

from sagemaker_spark_py.containers.linear_learner import CONTAINER
from sagemaker_spark_py.containers.linear_losses import ALLOWED
from sagemaker_spark_py.containers.rows import Rows
from sagemaker_spark_py.errors import ContainerError

from .conftest import Ask, Fit

CANCER, BENIGN = (part.astype(np.float32) for part in datasets.load_breast_cancer(return_X_y=True))
DIGITS, DIGIT = (part.astype(np.float32) for part in datasets.load_digits(return_X_y=True))
DIABETES, PROGRESSION = (part.astype(np.float32) for part in datasets.load_diabetes(return_X_y=True))
BINARY = {"predictor_type": "binary_classifier"}
MULTI = {"predictor_type": "multiclass_classifier", "num_classes": 10}
REGRESSOR = {"predictor_type": "regressor"}
EVERY_SECOND, OTHERS = slice(None, None, 2), slice(1, None, 2)


@pytest.mark.parametrize("loss", ["auto", *ALLOWED["binary_classifier"]])
def test_binary_losses_classify(fit: Fit, ask: Ask, loss: str) -> None:
    model = fit(CONTAINER, CANCER[EVERY_SECOND], BENIGN[EVERY_SECOND], loss=loss, **BINARY)
    answer = ask(CONTAINER, model, CANCER[OTHERS])
    assert list(answer) == ["score", "predicted_label"]
    assert metrics.accuracy_score(BENIGN[OTHERS], answer["predicted_label"]) > 0.94
    assert metrics.roc_auc_score(BENIGN[OTHERS], answer["score"]) > 0.98
    probable = ((answer["score"] >= 0) & (answer["score"] <= 1)).all()
    assert probable == (loss != "hinge_loss")


@pytest.mark.parametrize("loss", ["auto", *ALLOWED["multiclass_classifier"]])
def test_multiclass_losses_classify(fit: Fit, ask: Ask, loss: str) -> None:
    model = fit(CONTAINER, DIGITS[EVERY_SECOND], DIGIT[EVERY_SECOND], loss=loss, **MULTI)
    answer = ask(CONTAINER, model, DIGITS[OTHERS])
    assert answer["score"].shape == (len(DIGITS[OTHERS]), 10)
    assert metrics.accuracy_score(DIGIT[OTHERS], answer["predicted_label"]) > 0.92
    if loss != "hinge_loss":
        np.testing.assert_allclose(answer["score"].sum(axis=1), 1)


@pytest.mark.parametrize("loss", ["auto", *ALLOWED["regressor"]])
def test_regression_losses_come_near_least_squares(fit: Fit, ask: Ask, loss: str) -> None:
    model = fit(CONTAINER, DIABETES[EVERY_SECOND], PROGRESSION[EVERY_SECOND], loss=loss, **REGRESSOR)
    answer = ask(CONTAINER, model, DIABETES[OTHERS])
    assert list(answer) == ["score"]
    reference = linear_model.LinearRegression().fit(DIABETES[EVERY_SECOND], PROGRESSION[EVERY_SECOND])
    best = reference.score(DIABETES[OTHERS], PROGRESSION[OTHERS])
    assert metrics.r2_score(PROGRESSION[OTHERS], answer["score"]) > best - 0.06


def test_the_quantile_is_hit(fit: Fit, ask: Ask) -> None:
    settings = {"loss": "quantile_loss", "quantile": 0.9, "epochs": 200, "early_stopping_tolerance": 1e-6}
    model = fit(CONTAINER, DIABETES, PROGRESSION, **settings, **REGRESSOR)
    assert (ask(CONTAINER, model, DIABETES)["score"] > PROGRESSION).mean() == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(("rows", "labels", "kind"), [(CANCER, BENIGN, BINARY), (DIGITS, DIGIT, MULTI)])
def test_sparse_rows_are_learned_as_dense_ones(
    fit: Fit, ask: Ask, rows: np.ndarray, labels: np.ndarray, kind: dict[str, object]
) -> None:
    dense, scarce = (fit(CONTAINER, form, labels, **kind) for form in (rows, sparse.csr_matrix(rows)))
    some = ask(CONTAINER, dense, rows)["score"]
    np.testing.assert_allclose(some, ask(CONTAINER, scarce, sparse.csr_matrix(rows))["score"], atol=1e-3)


def test_the_unit_of_a_feature_does_not_matter(fit: Fit, ask: Ask) -> None:
    wide = CANCER * np.where(np.arange(30) % 2, 1e4, 1e-4).astype(np.float32)
    first, second = (fit(CONTAINER, rows, BENIGN, **BINARY) for rows in (CANCER, wide))
    some, others = ask(CONTAINER, first, CANCER)["score"], ask(CONTAINER, second, wide)["score"]
    np.testing.assert_allclose(some, others, atol=0.01)


def test_labels_need_no_scaling_by_the_user(fit: Fit, ask: Ask) -> None:
    plain = fit(CONTAINER, DIABETES, PROGRESSION, **REGRESSOR)
    large = fit(CONTAINER, DIABETES, PROGRESSION * 1000 + 5000, **REGRESSOR)
    expected = ask(CONTAINER, plain, DIABETES)["score"] * 1000 + 5000
    np.testing.assert_allclose(ask(CONTAINER, large, DIABETES)["score"], expected, rtol=1e-2)


def test_l1_leaves_few_weights(fit: Fit) -> None:
    model = fit(CONTAINER, CANCER, BENIGN, l1=0.05, epochs=200, **BINARY)
    assert 0 < (np.abs(model["weights"]) > 1e-9).sum() < 12


def test_wd_makes_weights_small(fit: Fit) -> None:
    sizes = [
        np.abs(fit(CONTAINER, CANCER, BENIGN, wd=wd, **BINARY)["weights"]).sum() for wd in (1e-4, 0.1, 10)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_without_bias_the_origin_is_undecided(fit: Fit, ask: Ask) -> None:
    model = fit(CONTAINER, CANCER, BENIGN, use_bias="false", **BINARY)
    assert ask(CONTAINER, model, np.zeros((1, 30)))["score"][0] == 0.5


def test_weight_of_positives_moves_the_recall(fit: Fit, ask: Ask) -> None:
    settings = {"binary_classifier_model_selection_criteria": "loss_function", **BINARY}

    def positives(weight: object) -> float:
        model = fit(CONTAINER, DIGITS, DIGIT == 8, positive_example_weight_mult=weight, **settings)
        return float(ask(CONTAINER, model, DIGITS)["predicted_label"].sum())

    assert positives(1.0) < positives("balanced") < positives(100)


def test_balanced_classes_lift_the_rare_one(fit: Fit, ask: Ask) -> None:
    kept = (DIGIT != 8) | (np.arange(len(DIGIT)) % 12 == 0)

    def found(balance: str) -> int:
        model = fit(
            CONTAINER, DIGITS[kept], DIGIT[kept], balance_multiclass_weights=balance, epochs=5, **MULTI
        )
        return int((ask(CONTAINER, model, DIGITS)["predicted_label"] == 8).sum())

    assert found("true") > found("false")


def test_the_threshold_is_chosen_on_the_validation_channel(fit: Fit, ask: Ask) -> None:
    validation = {"validation": Rows(CANCER[OTHERS], BENIGN[OTHERS])}
    criterion = {
        "binary_classifier_model_selection_criteria": "precision_at_target_recall",
        "target_recall": 0.99,
    }
    model = fit(CONTAINER, CANCER[EVERY_SECOND], BENIGN[EVERY_SECOND], validation, **criterion, **BINARY)
    assert (
        metrics.recall_score(BENIGN[OTHERS], ask(CONTAINER, model, CANCER[OTHERS])["predicted_label"]) >= 0.99
    )


def test_training_stops_when_the_loss_does(fit: Fit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def epochs(**settings: object) -> int:
        caplog.clear()
        fit(CONTAINER, DIABETES, PROGRESSION, loss="huber_loss", epochs=100, **settings, **REGRESSOR)
        return sum(", epoch=" in message for message in caplog.messages)

    assert epochs(early_stopping_patience=1) < epochs(early_stopping_patience=3) < 30


@pytest.mark.parametrize(
    ("kind", "rows", "labels", "lines"),
    [
        (
            BINARY,
            CANCER,
            BENIGN,
            ["epoch=0, train binary_classification_cross_entropy_objective <loss>"]
            + ["epoch=1, validation binary_classification_cross_entropy_objective <loss>"]
            + ["test binary_classification_accuracy <score>", "validation binary_f_1.000 <score>"],
        ),
        (
            MULTI,
            DIGITS,
            DIGIT,
            ["epoch=0, validation multiclass_cross_entropy_objective <loss>"]
            + [
                "test multiclass_accuracy <score>",
                "train multiclass_top_k_accuracy_3 <score>",
                "test dcg <score>",
            ],
        ),
        (
            REGRESSOR,
            DIABETES,
            PROGRESSION,
            [
                "epoch=0, validation mse_objective <loss>",
                "test mse <loss>",
                "validation absolute_loss <loss>",
            ],
        ),
    ],
)
def test_metrics_are_logged_as_aws_names_them(
    fit: Fit,
    caplog: pytest.LogCaptureFixture,
    kind: dict[str, object],
    rows: np.ndarray,
    labels: np.ndarray,
    lines: list[str],
) -> None:
    caplog.set_level(logging.INFO)
    held_out = {name: Rows(rows[OTHERS], labels[OTHERS]) for name in ("validation", "test")}
    fit(CONTAINER, rows, labels, held_out, epochs=2, **kind)
    for line in lines:
        assert any(f"#quality_metric: host=algo-1, {line}=" in message for message in caplog.messages), line


@pytest.mark.parametrize(
    ("labels", "settings", "text"),
    [
        (
            BENIGN + 1,
            BINARY,
            r"label 2, which binary_classifier does not take; expected whole numbers from 0 to 1",
        ),
        (BENIGN + 0.5, BINARY, r"label 0.5"),
        (BENIGN * 3, {**MULTI, "num_classes": 3}, r"from 0 to 2"),
        (BENIGN, {"predictor_type": "multiclass_classifier"}, r"'num_classes'"),
        (
            BENIGN,
            {**BINARY, "loss": "squared_loss"},
            r"'squared_loss', which predictor_type 'binary_classifier'",
        ),
        (BENIGN, {**REGRESSOR, "loss": "logistic"}, r"expected one of: auto, squared_loss"),
    ],
)
def test_labels_and_losses_that_do_not_fit_are_refused(
    fit: Fit, labels: np.ndarray, settings: dict[str, object], text: str
) -> None:
    with pytest.raises(ContainerError, match=text):
        fit(CONTAINER, CANCER, labels, **settings)


def test_a_wrong_label_of_the_validation_channel_is_named(fit: Fit) -> None:
    with pytest.raises(ContainerError, match="Channel 'validation' has the label 7"):
        fit(CONTAINER, CANCER, BENIGN, {"validation": Rows(CANCER, np.full(len(CANCER), 7.0))}, **BINARY)


def test_settings_of_awss_optimizers_are_checked(fit: Fit) -> None:
    with pytest.raises(ContainerError, match="'optimizer'"):
        fit(CONTAINER, CANCER, BENIGN, optimizer="lbfgs", **BINARY)
    fit(CONTAINER, CANCER, BENIGN, optimizer="sgd", learning_rate=0.1, momentum=0.9, num_models=4, **BINARY)
