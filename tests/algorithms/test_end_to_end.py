"""Every estimator of `algorithms.__all__` from fit to clean-up on the local SageMaker, without exemptions."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

from sagemaker_spark_py import EndpointCreationPolicy, IAMRole, SageMakerModel, algorithms
from sagemaker_spark_py.transformation.serializers import (
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
    UnlabeledLibSVMRequestRowSerializer,
)
from tests.algorithms.exercises import EXERCISES, Answers, Exercise


def estimator(name: str, **changes: Any) -> Any:
    """Return the estimator of an exercise, its hyperparameters given as `copy(extra)` takes them."""
    plain = _plain(name, **changes)
    hyperparameters = EXERCISES[name].hyperparameters
    changed = plain.copy({getattr(plain, key): value for key, value in hyperparameters.items()})
    assert not any(plain.isSet(key) for key in hyperparameters)
    return changed


def _plain(name: str, **changes: Any) -> Any:
    arguments = {
        "trainingInstanceType": "ml.m5.large",
        "trainingInstanceCount": 1,
        "endpointInstanceType": "ml.m5.large",
        "endpointInitialInstanceCount": 1,
        "sagemakerRole": IAMRole("arn:aws:iam::123456789012:role/sagemaker"),
        "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        "logs": "none",
        **changes,
    }
    return getattr(algorithms, name)(**arguments)


def frame_of(spark: SparkSession, exercise: Exercise) -> DataFrame:
    rows = [
        (f"row {i}", float(label), Vectors.dense(row))
        for i, (row, label) in enumerate(zip(exercise.values, exercise.labels, strict=True))
    ]
    return spark.createDataFrame(rows, ["name", "label", "features"]).repartition(3)


def collected(answers: DataFrame) -> Answers:
    """Return each column as an array, in the order in which the rows were made."""
    rows = sorted(answers.collect(), key=lambda row: int(row["name"].split()[1]))
    columns = ((name, [row[name] for row in rows]) for name in answers.columns)
    return {name: np.array([getattr(v, "toArray", lambda v=v: v)() for v in c]) for name, c in columns}


def delete(model: SageMakerModel, sagemaker: Any) -> None:
    model.resourceCleanup.deleteResources(model.getCreatedResources())
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert sagemaker.list_models()["Models"] == []


def test_every_algorithm_has_an_exercise() -> None:
    assert set(EXERCISES) == set(algorithms.__all__)


@pytest.mark.parametrize("name", algorithms.__all__)
def test_hyperparameters_may_be_given_as_texts(name) -> None:
    sent = estimator(name, region="us-east-1").wire_hyperparameters()
    assert all(type(text) is str for text in sent.values())
    by_name = {key: text for key, text in sent.items() if key != "predictor_type" or "KNN" in name}
    given = _plain(name, region="us-east-1", hyperParameters=by_name)
    given.check_hyperparameters(given.hyperParameters)
    assert given._all_hyperparameters() == sent


@pytest.mark.parametrize("name", algorithms.__all__)
def test_it_learns_is_kept_and_leaves_nothing(spark, aws, sagemaker, tmp_path, name) -> None:
    exercise = EXERCISES[name]
    frame = frame_of(spark, exercise)
    asked = estimator(name)
    asked.save(str(tmp_path / "estimator"))
    loaded = type(asked).load(str(tmp_path / "estimator"))
    arrived = pickle.loads(pickle.dumps(loaded))
    assert arrived.uid == asked.uid
    assert arrived.wire_hyperparameters() == asked.wire_hyperparameters()
    model = arrived.fit(frame)
    try:
        _try_model(model, frame, exercise, str(tmp_path / "model"), sagemaker)
    finally:
        delete(model, sagemaker)


def _try_model(
    model: SageMakerModel, frame: DataFrame, exercise: Exercise, path: str, sagemaker: Any
) -> None:
    output = model.transform(frame)
    assert output.columns == frame.columns + model.responseRowDeserializer.schema.names
    assert output.schema == model.transformSchema(frame.schema)
    answers = collected(output)
    assert answers["name"].tolist() == [f"row {i}" for i in range(len(exercise.labels))]
    np.testing.assert_array_equal(answers["label"], exercise.labels)
    np.testing.assert_array_equal(answers["features"], exercise.values)
    exercise.judge(exercise, answers)
    model.save(path)
    same = pickle.loads(pickle.dumps(SageMakerModel.load(path))).copy()
    again = collected(same.transform(frame))
    for column, values in answers.items():
        np.testing.assert_array_equal(again[column], values)
    assert len(sagemaker.list_endpoints()["Endpoints"]) == 1


@pytest.mark.parametrize(
    ("staged", "options", "serializer"),
    [
        ("libsvm", {}, UnlabeledLibSVMRequestRowSerializer()),
        ("libsvm", {"indexBase": "0"}, LibSVMRequestRowSerializer(indexBase=0)),
        ("csv", {}, UnlabeledCSVRequestRowSerializer()),
        ("sagemaker", {}, ProtobufRequestRowSerializer()),
    ],
)
def test_xgboost_scores_unlabeled_rows_in_every_format(
    spark, aws, sagemaker, staged, options, serializer
) -> None:
    exercise = EXERCISES["XGBoostSageMakerEstimator"]
    settings = {"trainingSparkDataFormat": staged, "trainingSparkDataFormatOptions": options}
    frame = frame_of(spark, exercise)
    asked = estimator("XGBoostSageMakerEstimator", requestRowSerializer=serializer, **settings)
    model = asked.fit(frame)
    try:
        exercise.judge(exercise, collected(model.transform(frame.drop("label"))))
    finally:
        delete(model, sagemaker)


def test_xgboost_scores_sparse_rows_as_it_does_dense_ones_without_zeros(spark, aws, sagemaker) -> None:
    """Rows without any entry, and rows whose first entry is not the first feature, keep their place."""
    exercise = EXERCISES["XGBoostSageMakerEstimator"]
    model = estimator("XGBoostSageMakerEstimator").fit(frame_of(spark, exercise))
    try:
        missing = np.full((3, 30), np.nan)
        missing[0, 5:] = exercise.values[0, 5:]
        missing[2, 7] = exercise.values[2, 7]
        sparse = [Vectors.sparse(30, [(i, v) for i, v in enumerate(r) if v == v]) for r in missing.tolist()]
        for vectors in (sparse, [Vectors.dense(row) for row in missing]):
            pairs = [(f"row {i}", vector) for i, vector in enumerate(vectors)]
            # The row without entries comes last, too: containers lose such rows at the end.
            frame = spark.createDataFrame([pairs[0], pairs[2], pairs[1]], ["name", "features"]).coalesce(1)
            answers = collected(model.transform(frame))
            np.testing.assert_allclose(answers["prediction"], _native(exercise, missing), atol=1e-4)
    finally:
        delete(model, sagemaker)


def _native(exercise: Exercise, rows: np.ndarray) -> np.ndarray:
    import xgboost

    data = xgboost.DMatrix(exercise.values.astype(np.float32), exercise.labels)
    trained = xgboost.train({"objective": "binary:logistic", "max_depth": 3}, data, 10)
    return trained.predict(xgboost.DMatrix(rows.astype(np.float32)))
