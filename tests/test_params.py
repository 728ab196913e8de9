"""Hyperparameters as Params: accessors, defaults, errors, requests, and what pyspark does with Params."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.ml.param import Param
from pyspark.ml.tuning import ParamGridBuilder

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.params import HasHyperparameters, accessors, hyperparameter, sets
from sagemaker_spark_py.rules import boolean, choice, integer, real, word_list, word_or_number


class Clustering(HasHyperparameters):
    """A stage with every kind of hyperparameter and one Param that is none."""

    k = hyperparameter("k", integer(at_least=2), "Number of clusters.", default=2, required=True)
    setK, getK = accessors(k)

    feature_dim = hyperparameter("feature_dim", integer(at_least=1), "Number of features.", required=True)
    setFeatureDim, getFeatureDim = accessors(feature_dim)

    lambda_weights = hyperparameter(
        "lambda_weights", real(), "Weight of L2.", wire="lambda", service=real(at_least=0)
    )
    setLambda, getLambda = accessors(lambda_weights)

    trials = hyperparameter("trials", word_or_number("auto", whole=True, at_least=1), "Trials.")
    setTrials, getTrials = accessors(trials)

    metrics = hyperparameter("metrics", word_list(choice("msd", "ssd"), as_json=True), "Metrics.")
    setMetrics, getMetrics = accessors(metrics)

    center = hyperparameter("center", boolean(), "Whether to center.", default=True)
    setCenter, getCenter = accessors(center)

    mini_batch_size = hyperparameter("mini_batch_size", integer(at_least=1), "Rows of a step.", required=True)

    @sets("mini_batch_size")
    def setMiniBatchSize(self, size):
        """Set it under another argument name."""
        return self._set_checked("mini_batch_size", size)

    inputCol: Param = Param(HasHyperparameters._dummy(), "inputCol", "Not a hyperparameter.")


class NeedsTrials(Clustering):
    """A stage in which one value makes another one required."""

    def _required_hyperparameters(self):
        return [*super()._required_hyperparameters(), *(["trials"] if self.getK() > 5 else [])]


def test_a_hyperparameter_is_a_plain_spark_param():
    stage = Clustering()
    assert type(Clustering.k) is Param
    assert stage.k.parent == stage.uid
    assert stage.getParam("lambda_weights") is stage.lambda_weights


def test_setters_chain_and_getters_return_the_value():
    stage = Clustering().setK(3).setFeatureDim(4).setLambda(1).setTrials(5).setMetrics("msd").setCenter(False)
    assert isinstance(stage, Clustering)
    got = (stage.getK(), stage.getFeatureDim(), stage.getLambda(), stage.getTrials(), stage.getMetrics())
    assert got == (3, 4, 1.0, "5", "msd")
    assert stage.getCenter() is False
    assert stage.setMiniBatchSize(size=7).getOrDefault("mini_batch_size") == 7


def test_a_getter_gives_the_default_or_none_while_unset():
    stage = Clustering()
    assert stage.getK() == 2
    assert stage.getCenter() is True
    assert stage.getFeatureDim() is None


def test_accessors_are_methods_with_their_own_names():
    assert Clustering.setK.__name__ == "setK"
    assert Clustering.setK.__qualname__ == "Clustering.setK"
    assert Clustering.setK.__module__ == __name__
    assert Clustering.getLambda.__name__ == "getLambda"
    assert "Number of clusters." in Clustering.setK.__doc__


def test_instances_do_not_share_values():
    one, other = Clustering().setK(3), Clustering()
    assert (one.getK(), other.getK()) == (3, 2)


def test_a_bad_value_is_refused_with_name_value_and_expectation():
    with pytest.raises(SettingError, match=r"^k cannot be used: 1; expected an integer >= 2\.$"):
        Clustering().setK(1)
    with pytest.raises(TypeError, match=r"^k has the wrong type: '3' \(str\); expected an integer >= 2\.$"):
        Clustering().setK("3")
    with pytest.raises(TypeError, match=r"^k has the wrong type: None \(NoneType\)"):
        Clustering().setK(None)
    with pytest.raises(SettingError, match="lambda_weights cannot be used"):
        Clustering().setLambda(10**400)


def test_a_refused_value_changes_nothing():
    stage = Clustering().setK(3)
    with pytest.raises(SettingError):
        stage.setK(0)
    assert stage.getK() == 3


def test_the_ways_of_pyspark_check_too():
    stage = Clustering()
    with pytest.raises(ValueError, match="expected an integer >= 2"):
        stage.set(stage.k, 1)
    with pytest.raises(ValueError, match="expected an integer >= 2"):
        stage.copy({stage.k: 1})
    with pytest.raises(TypeError, match="expected an integer >= 2"):
        stage.copy({stage.k: "3"})


def test_a_copy_takes_the_extra_values_and_leaves_the_original():
    stage = Clustering().setFeatureDim(4)
    copied = stage.copy({stage.k: 9, stage.center: "False"})
    assert (copied.getK(), copied.getCenter(), copied.getFeatureDim()) == (9, False, 4)
    assert (stage.getK(), stage.getCenter()) == (2, True)
    assert copied.uid == stage.uid


def test_parameter_grids_give_copies():
    stage = Clustering()
    grid = ParamGridBuilder().addGrid(stage.k, [2, 5]).addGrid(stage.center, [True, False]).build()
    wires = [stage.copy(values).wire_hyperparameters() for values in grid]
    expected = {("2", "True"), ("2", "False"), ("5", "True"), ("5", "False")}
    assert {(wire["k"], wire["center"]) for wire in wires} == expected


def test_a_stage_survives_pickling_with_its_rules():
    stage = pickle.loads(pickle.dumps(Clustering().setK(4)))
    assert stage.getK() == 4
    with pytest.raises(SettingError):
        stage.setK(1)
    assert stage.wire_hyperparameters()["k"] == "4"


def test_a_new_uid_keeps_values_and_defaults():
    stage = Clustering().setFeatureDim(3)._resetUid("other")
    assert (stage.getK(), stage.getFeatureDim()) == (2, 3)
    assert stage.copy().wire_hyperparameters() == stage.wire_hyperparameters()


def test_explaining_names_every_param_with_its_rule_and_value():
    text = Clustering().setLambda(2).explainParams()
    assert "k: Number of clusters. Takes an integer >= 2. Required. (default: 2)" in text
    assert "current: 2.0" in text
    assert "trials: Trials. Takes 'auto' or an integer >= 1. (undefined)" in text


def test_the_request_holds_what_is_set_or_defaulted_as_texts():
    stage = Clustering().setLambda(0.00001).setMetrics("msd, ssd").setTrials("auto")
    stage.set(stage.inputCol, "x")
    assert stage.wire_hyperparameters() == {
        "k": "2",
        "center": "True",
        "lambda": "1e-05",
        "metrics": '["msd","ssd"]',
        "trials": "auto",
    }


def test_a_value_from_elsewhere_goes_before_a_default_but_not_before_a_set_value():
    stage = Clustering()
    assert "k" not in stage.wire_hyperparameters(given={"k"})
    assert stage.setK(3).wire_hyperparameters(given={"k"})["k"] == "3"


def test_a_value_that_only_the_algorithm_refuses_is_refused_before_it_is_sent():
    stage = Clustering().setLambda(-1)
    assert stage.getLambda() == -1.0
    message = r"^lambda_weights would be refused by SageMaker: -1\.0; expected a number >= 0\.$"
    with pytest.raises(SettingError, match=message):
        stage.wire_hyperparameters()


def test_all_missing_hyperparameters_are_named_with_their_setters():
    message = (
        r"^Clustering lacks required hyperparameters: feature_dim, mini_batch_size; "
        r"expected a value for each\. "
        r"Call setFeatureDim\(\.\.\.\), setMiniBatchSize\(\.\.\.\)\.$"
    )
    with pytest.raises(SettingError, match=message):
        Clustering().check_hyperparameters()


def test_hyperparameters_from_elsewhere_are_not_missing():
    Clustering().setFeatureDim(2).check_hyperparameters(given={"mini_batch_size"})
    Clustering().setFeatureDim(2).setMiniBatchSize(1).check_hyperparameters()


def test_what_is_required_may_depend_on_values():
    stage = NeedsTrials().setFeatureDim(1).setMiniBatchSize(1)
    stage.check_hyperparameters()
    with pytest.raises(SettingError, match=r"required hyperparameters: trials; .* Call setTrials"):
        stage.setK(6).check_hyperparameters()


PROGRAM = """
from typing_extensions import assert_type
from sagemaker_spark_py.params import HasHyperparameters, accessors, hyperparameter
from sagemaker_spark_py.rules import boolean, integer, real, word_or_number

class Stage(HasHyperparameters):
    k = hyperparameter("k", integer(), "", default=2)
    setK, getK = accessors(k)
    tol = hyperparameter("tol", real(), "")
    setTol, getTol = accessors(tol)
    center = hyperparameter("center", boolean(), "")
    setCenter, getCenter = accessors(center)
    trials = hyperparameter("trials", word_or_number("auto"), "")
    setTrials, getTrials = accessors(trials)

stage = Stage()
assert_type(stage.setK(3).setTol(1).setCenter("True").setTrials(0.5).setK(value=4), Stage)
assert_type(stage.getK(), int)
assert_type(stage.getTol(), float | None)
assert_type(stage.getCenter(), bool | None)
assert_type(stage.getTrials(), str | None)
stage.setK("3")  # refused
stage.setTol("auto")  # refused
stage.setCenter(1)  # refused
"""


@pytest.mark.slow
def test_type_checkers_know_what_accessors_take_and_return(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "program.py").write_text(PROGRAM)
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent", "program.py"],
        env={**os.environ, "MYPYPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    refused = [n for n, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# refused")]
    reported = [int(line.split(":")[1]) for line in result.stdout.splitlines() if ": error:" in line]
    assert reported == refused, result.stdout + result.stderr
