"""What is particular to the hyperparameters of Amazon's own algorithms."""

import pytest

from sagemaker_spark_py.algorithms import (
    FactorizationMachinesRegressor,
    KMeansSageMakerEstimator,
    KNNSageMakerEstimator,
    LDASageMakerEstimator,
    LinearLearnerBinaryClassifier,
    LinearLearnerMultiClassClassifier,
    LinearLearnerRegressor,
    PCASageMakerEstimator,
    RandomCutForestSageMakerEstimator,
)
from sagemaker_spark_py.errors import SettingError


def test_kmeans_sends_its_metrics_as_a_json_list(built):
    stage = built(KMeansSageMakerEstimator).setEvalMetrics("msd, ssd")
    assert stage.getEvalMetrics() == "msd, ssd"
    assert stage.wire_hyperparameters()["eval_metrics"] == '["msd","ssd"]'


@pytest.mark.parametrize("setter", ["setCenterFactor", "setTrialNum"])
def test_kmeans_takes_no_fractions_where_integers_are_needed(built, setter):
    with pytest.raises(TypeError, match="expected 'auto' or an integer >= 1"):
        getattr(built(KMeansSageMakerEstimator), setter)(1.5)


def test_numbers_are_sent_as_python_writes_them(built):
    stage = built(KMeansSageMakerEstimator).setTol(0.00001).setK(3.0).setTrialNum(7)
    wire = stage.wire_hyperparameters()
    assert (wire["local_lloyd_tol"], wire["k"], wire["local_lloyd_num_trials"]) == ("1e-05", "3", "7")


@pytest.mark.parametrize(("given", "got"), [(True, True), ("True", True), (False, False), ("False", False)])
def test_booleans_are_set_by_value_or_by_name(built, given, got):
    stage = built(PCASageMakerEstimator).setSubtractMean(given)
    assert stage.getSubtractMean() is got
    assert stage.wire_hyperparameters()["subtract_mean"] == str(got)


@pytest.mark.parametrize("name", ["NormalizeData", "NormalizeLabel", "UnbiasData", "UnbiasLabel"])
def test_linear_learner_can_be_told_to_choose(built, name):
    stage = getattr(built(LinearLearnerRegressor), f"set{name}")("auto")
    assert getattr(stage, f"get{name}")() == "auto"
    assert "auto" in stage.wire_hyperparameters().values()


def test_linear_learner_trains_whole_models_only(built):
    with pytest.raises(TypeError, match="num_models"):
        built(LinearLearnerRegressor).setNumModels(1.5)


@pytest.mark.parametrize("share", [0, 1])
def test_targets_at_their_ends_are_sent_as_they_are(built, share):
    stage = built(LinearLearnerBinaryClassifier).setTargetRecall(share).setTargetPrecision(share)
    assert stage.wire_hyperparameters()["target_recall"] == f"{share}.0"


def test_balancing_takes_any_text_but_sends_booleans_only(built):
    stage = built(LinearLearnerMultiClassClassifier).setBalanceMultiClassWeights("anything")
    with pytest.raises(SettingError, match=r"balance_multiclass_weights would be refused .*True or False"):
        stage.wire_hyperparameters()
    sent = stage.setBalanceMultiClassWeights(True).wire_hyperparameters()
    assert sent["balance_multiclass_weights"] == "True"
    assert stage.getBalanceMultiClassWeights() is True


def test_what_is_predicted_is_fixed_by_the_class(built):
    stage = built(FactorizationMachinesRegressor)
    with pytest.raises(ValueError, match="predictor_type"):
        stage.set(stage.predictor_type, "binary_classifier")
    assert stage.wire_hyperparameters()["predictor_type"] == "regressor"


@pytest.mark.parametrize(
    ("cls", "size"),
    [
        (KMeansSageMakerEstimator, 5000),
        (PCASageMakerEstimator, 1000),
        (LinearLearnerRegressor, 1000),
        (LDASageMakerEstimator, None),
        (FactorizationMachinesRegressor, None),
    ],
)
def test_the_batch_size_is_known_before_it_is_set(built, cls, size):
    assert built(cls).getMiniBatchSize() == size


def test_the_batch_size_can_be_given_by_name(built):
    assert built(LDASageMakerEstimator).setMiniBatchSize(size=20).getMiniBatchSize() == 20


def test_hyperparameters_given_by_name_are_not_overruled_by_defaults(built):
    stage = built(KMeansSageMakerEstimator, hyperParameters={"mini_batch_size": 200})
    assert "mini_batch_size" not in stage.wire_hyperparameters(stage.hyperParameters)


def test_knn_needs_a_target_when_it_reduces_dimensions(built):
    stage = built(KNNSageMakerEstimator).setK(3).setSampleSize(100).setFeatureDim(8)
    stage.setPredictorType("classifier").check_hyperparameters()
    with pytest.raises(
        SettingError, match=r"dimension_reduction_target; .* Call setDimensionReductionTarget"
    ):
        stage.setDimensionReductionType("sign").check_hyperparameters()
    stage.setDimensionReductionTarget(4).check_hyperparameters()


def test_knn_compresses_in_certain_parts_only(built):
    assert built(KNNSageMakerEstimator).setFaissIndexPqM(16).getFaissIndexPqM() == 16
    with pytest.raises(SettingError, match="expected one of 1, 2, 3, 4, 8, 12"):
        built(KNNSageMakerEstimator).setFaissIndexPqM(5)


def test_forests_have_bounds(built):
    stage = built(RandomCutForestSageMakerEstimator)
    with pytest.raises(
        SettingError, match="num_trees cannot be used: 49; expected an integer >= 50 and <= 1000"
    ):
        stage.setNumTrees(49)
    with pytest.raises(SettingError, match="feature_dim cannot be used: 10001"):
        stage.setFeatureDim(10001)
    wire = (
        stage.setFeatureDim(2).setEvalMetrics(["accuracy", "precision_recall_fscore"]).wire_hyperparameters()
    )
    assert wire == {"feature_dim": "2", "eval_metrics": '["accuracy","precision_recall_fscore"]'}
