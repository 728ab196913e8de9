"""The columns of Spark ML that are made of what models answer."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from pyspark.sql.types import DoubleType, StructField, StructType

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.recordio import encode_tensors
from sagemaker_spark_py.transformation.deserializers import (
    KMeansProtobufResponseRowDeserializer,
    LinearLearnerBinaryClassifierProtobufResponseRowDeserializer,
    LinearLearnerMultiClassClassifierProtobufResponseRowDeserializer,
    LinearLearnerRegressorProtobufResponseRowDeserializer,
    PCAProtobufResponseRowDeserializer,
    Predictions,
    ProtobufResponseRowDeserializer,
    XGBoostCSVRowDeserializer,
)
from sagemaker_spark_py.transformation.deserializers.predictions import SparkColumns
from sagemaker_spark_py.transformation.rows import to_rows

ALL = {"prediction": "p", "probability": "q", "rawPrediction": "r"}


def answered(reader, body: bytes, rows: int):
    batch = reader.deserializeBatch(body, rows)
    assert batch.schema.names == reader.schema.names
    return list(to_rows(batch))


def records(**tensors) -> bytes:
    return encode_tensors({}, {k: np.array(v, np.float32) for k, v in tensors.items()}).data.tobytes()


def test_a_probability_of_class_1_becomes_both() -> None:
    reader = SparkColumns(XGBoostCSVRowDeserializer(), Predictions(scores="prediction"), **ALL)
    rows = answered(reader, b"0.25\n0.75\n0.5\n", 3)
    assert [row.prediction for row in rows] == [0.25, 0.75, 0.5]
    assert [row.p for row in rows] == [0.0, 1.0, 0.0]
    assert rows[0].q.toArray().tolist() == rows[0].r.toArray().tolist() == [0.75, 0.25]


def test_margins_have_two_signs_and_are_no_probabilities() -> None:
    meaning = Predictions(scores="prediction", probable=False)
    reader = SparkColumns(XGBoostCSVRowDeserializer(), meaning, prediction="p", rawPrediction="r")
    rows = answered(reader, b"-2\n3\n", 2)
    assert [(row.p, row.r.toArray().tolist()) for row in rows] == [(0.0, [2.0, -2.0]), (1.0, [-3.0, 3.0])]
    with pytest.raises(SettingError, match=r"probabilityCol cannot be filled: 'q'.*no probabilities"):
        SparkColumns(XGBoostCSVRowDeserializer(), meaning, **ALL)


def test_a_column_of_the_answer_gives_way_to_one_of_its_name() -> None:
    reader = SparkColumns(
        XGBoostCSVRowDeserializer(), Predictions(scores="prediction"), prediction="prediction"
    )
    assert reader.schema.names == ["prediction"]
    assert [row.prediction for row in answered(reader, b"0.2\n0.8\n", 2)] == [0.0, 1.0]


def test_scores_of_several_classes() -> None:
    deserializer = XGBoostCSVRowDeserializer(probability_column_name="s")
    reader = SparkColumns(deserializer, Predictions("prediction", "probability"), **ALL)
    rows = answered(reader, b"0.1,0.7,0.2\n0.5,0.3,0.2\n", 2)
    assert [(row.prediction, row.p) for row in rows] == [(1.0, 1.0), (0.0, 0.0)]
    assert rows[0].q == rows[0].r == rows[0].s


LINEAR = [
    LinearLearnerBinaryClassifierProtobufResponseRowDeserializer("a", "b"),
    LinearLearnerMultiClassClassifierProtobufResponseRowDeserializer("a", "b"),
]


@pytest.mark.parametrize(("reader", "scores"), [(LINEAR[0], [0.75]), (LINEAR[1], [0.25, 0.75])])
def test_tensors_are_found_whatever_their_columns_are_called(reader, scores) -> None:
    spark = SparkColumns(reader, reader.predictions, **ALL)
    encoded = encode_tensors(
        {}, {"score": np.array([scores], np.float32), "predicted_label": np.ones((1, 1), np.float32)}
    )
    (row,) = answered(spark, encoded.data.tobytes(), 1)
    assert (row.p, row.q.toArray().tolist(), row.r) == (1.0, [0.25, 0.75], row.q)


def test_what_the_built_in_answers_mean() -> None:
    assert KMeansProtobufResponseRowDeserializer.predictions == Predictions("closest_cluster")
    assert LinearLearnerRegressorProtobufResponseRowDeserializer.predictions == Predictions("score")
    assert PCAProtobufResponseRowDeserializer.predictions is None


def test_parts_that_the_deserializer_does_not_read() -> None:
    schema = StructType([StructField("label", DoubleType())])
    reader = ProtobufResponseRowDeserializer(schema, protobufKeys=["predicted_label"])
    assert SparkColumns(reader, Predictions("predicted_label"), "p").schema.names == ["label", "p"]
    with pytest.raises(SettingError, match=r"ProtobufResponse.* reads no 'label' .*expected it among label"):
        SparkColumns(reader, Predictions("label"), "p")


def test_columns_of_one_name_are_refused() -> None:
    with pytest.raises(SettingError, match="share a name: p, p"):
        SparkColumns(XGBoostCSVRowDeserializer(), Predictions(scores="prediction"), "p", "p")


def test_it_travels_to_executors() -> None:
    reader = SparkColumns(XGBoostCSVRowDeserializer(), Predictions("prediction"), "p")
    assert pickle.loads(pickle.dumps(reader)) == reader
    assert reader.accepts == "text/csv"
