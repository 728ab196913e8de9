from __future__ import annotations

import pytest

from sagemaker_spark_py.containers.hyperparameters import choice, flag, integer, metrics, parse, real
from sagemaker_spark_py.errors import ContainerError

DECLARED = (
    integer("k", at_least=2, required=True),
    integer("size", "auto", at_least=1, at_most=10, words=("auto",)),
    real("rate", 0.5, above=0, at_most=1),
    choice("mode", ("fast", "slow"), "fast"),
    flag("center", "auto", words=("auto",)),
    metrics("eval_metrics", ("msd", "ssd"), ("msd",)),
)


def test_defaults_fill_what_is_absent() -> None:
    assert parse(DECLARED, {"k": "3"}) == {
        "k": 3,
        "size": "auto",
        "rate": 0.5,
        "mode": "fast",
        "center": "auto",
        "eval_metrics": ("msd",),
    }


def test_texts_are_read_as_clients_write_them() -> None:
    given = {"k": "7", "size": "10", "rate": "1.0E-5", "center": "True", "eval_metrics": '["msd","ssd"]'}
    values = parse(DECLARED, given)
    assert (values["k"], values["size"], values["rate"]) == (7, 10, 1e-5)
    assert values["center"] is True
    assert values["eval_metrics"] == ("msd", "ssd")
    assert parse(DECLARED, {"k": "2", "center": "false"})["center"] is False


def test_undocumented_names_that_tuning_jobs_send_are_taken() -> None:
    assert "_tuning_objective_metric" not in parse(
        DECLARED, {"k": "2", "_tuning_objective_metric": "test:msd"}
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "No value(s) were specified for 'k' which are required hyperparameter(s)"),
        ({"k": "2", "x": "1"}, "Additional hyperparameters are not allowed ('x' was unexpected)"),
        ({"k": "2", "x": "1", "y": "1"}, "('x', 'y' were unexpected)"),
        (
            {"k": "1"},
            "The value '1' is not valid for the 'k' hyperparameter which expects an integer at least 2",
        ),
        ({"k": "2.0"}, "'2.0' is not valid for the 'k'"),
        ({"k": "1_0"}, "'1_0' is not valid"),
        ({"k": ""}, "'' is not valid"),
        ({"k": "2", "size": "0"}, "an integer at least 1 and at most 10 or 'auto'"),
        ({"k": "2", "size": "11"}, "'11' is not valid"),
        ({"k": "2", "rate": "0"}, "a number at most 1 and greater than 0"),
        ({"k": "2", "rate": "nan"}, "'nan' is not valid"),
        ({"k": "2", "rate": "inf"}, "'inf' is not valid"),
        ({"k": "2", "mode": "Fast"}, "accepts one of the following: 'fast', 'slow'"),
        ({"k": "2", "center": "1"}, "accepts 'true' or 'false' or 'auto'"),
        ({"k": "2", "eval_metrics": "[msd]"}, "expects a JSON list of: 'msd', 'ssd'"),
        ({"k": "2", "eval_metrics": '["x"]'}, "expects a JSON list"),
        ({"k": "2", "eval_metrics": '"msd"'}, "expects a JSON list"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_and_value(given: dict[str, str], text: str) -> None:
    with pytest.raises(ContainerError) as caught:
        parse(DECLARED, given)
    assert text in str(caught.value)
    assert str(caught.value).endswith("(caused by ValidationError)")
