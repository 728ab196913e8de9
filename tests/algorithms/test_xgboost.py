"""XGBoost: its versions, and the hyperparameters that are not sent as they are set."""

import pytest

from sagemaker_spark_py.algorithms import XGBoostSageMakerEstimator
from sagemaker_spark_py.errors import SettingError


@pytest.fixture
def xgboost(built):
    return built(XGBoostSageMakerEstimator).setNumRound(10)


@pytest.mark.parametrize("version", ["0.90-2", "1.7-1", "3.0-5", "3.2-0"])
def test_the_framework_version_chooses_the_image(built, version):
    stage = built(XGBoostSageMakerEstimator, frameworkVersion=version)
    assert stage.trainingImage.split("/")[1].startswith(f"sagemaker-xgboost:{version}")


def test_the_current_version_is_the_default(xgboost):
    assert xgboost.trainingImage.endswith("/sagemaker-xgboost:3.2-0")


@pytest.mark.parametrize("version", ["1", "latest", "1.1-1"])
def test_other_versions_are_refused_at_once_with_the_list(built, version):
    with pytest.raises(SettingError, match=r"expected one of 0\.90-1, .*1\.7-1, 3\.0-5, 3\.2-0"):
        built(XGBoostSageMakerEstimator, frameworkVersion=version)


def test_lambda_is_sent_under_its_own_name(xgboost):
    wire = xgboost.setLambda(0.5).wire_hyperparameters()
    assert wire == {"num_round": "10", "lambda": "0.5"}


@pytest.mark.parametrize(("silent", "verbosity"), [(0, "1"), (1, "0")])
def test_silent_is_sent_as_verbosity(xgboost, silent, verbosity):
    wire = xgboost.setSilent(silent).wire_hyperparameters()
    assert wire == {"num_round": "10", "verbosity": verbosity}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("reg:linear", "reg:squarederror"),
        ("binary:logistraw", "binary:logitraw"),
        ("binary:logitraw", "binary:logitraw"),
        ("rank:ndcg", "rank:ndcg"),
    ],
)
def test_old_names_of_objectives_are_sent_as_todays(xgboost, given, sent):
    assert xgboost.setObjective(given).getObjective() == given
    assert xgboost.wire_hyperparameters()["objective"] == sent


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("rmse", "rmse"),
        ("error@0.7", "error@0.7"),
        ("ndcg@5-", "ndcg@5-"),
        ("auc, map@10", "auc,map@10"),
        (["mae", "error@0.25"], "mae,error@0.25"),
    ],
)
def test_metrics_may_be_several_and_have_numbers(xgboost, given, sent):
    assert xgboost.setEvalMetric(given).wire_hyperparameters()["eval_metric"] == sent


@pytest.mark.parametrize(
    "metric", ["error@", "error@x", "rmse@2", "ndcg@-1", "map@1.", "auc,,map", "auc;map"]
)
def test_other_metrics_are_refused(xgboost, metric):
    with pytest.raises(SettingError, match=r"eval_metric .*error@0\.7"):
        xgboost.setEvalMetric(metric)


@pytest.mark.parametrize("metric", ["error@t", "ndcg@n", "ndcg@n-", "map@n-"])
def test_a_placeholder_for_a_number_is_refused_before_it_is_sent(xgboost, metric):
    xgboost.setEvalMetric(metric)
    with pytest.raises(SettingError, match=r"eval_metric would be refused .*error@0\.7"):
        xgboost.wire_hyperparameters()


@pytest.mark.parametrize(
    ("setter", "value"),
    [
        ("setAlpha", -1),
        ("setLambda", -1),
        ("setScalePosWeight", 0),
        ("setBaseScore", -0.5),
        ("setNumClasses", 1),
    ],
)
def test_what_only_xgboost_refuses_is_refused_before_it_is_sent(xgboost, setter, value):
    getattr(xgboost, setter)(value)
    with pytest.raises(SettingError, match="would be refused by SageMaker"):
        xgboost.wire_hyperparameters()


@pytest.mark.parametrize("objective", ["multi:softmax", "multi:softprob"])
def test_several_classes_need_their_number(xgboost, objective):
    with pytest.raises(SettingError, match=r"num_class; .* Call setNumClasses"):
        xgboost.setObjective(objective).check_hyperparameters()
    xgboost.setNumClasses(3).check_hyperparameters()


def test_one_class_more_or_less_does_not_matter_to_others(xgboost):
    xgboost.setObjective("binary:logistic").check_hyperparameters()


def test_a_wrong_depth_is_named_as_what_it_is(xgboost):
    with pytest.raises(SettingError, match=r"^max_depth cannot be used: -1"):
        xgboost.setMaxDepth(-1)


def test_updaters_are_sent_without_spaces(xgboost):
    wire = xgboost.setUpdater("grow_colmaker, prune").wire_hyperparameters()
    assert wire["updater"] == "grow_colmaker,prune"
