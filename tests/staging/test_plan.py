from __future__ import annotations

import pytest
from pyspark.ml.linalg import MatrixUDT, VectorUDT
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    ByteType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    ShortType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from sagemaker_spark_py.errors import SchemaError, SettingError
from sagemaker_spark_py.staging import FORMATS, Plan, SparkPlan, plan
from sagemaker_spark_py.staging.formats import LibSVM
from sagemaker_spark_py.staging.plan import IF_NUMBER, NEVER, REQUIRED, WHERE_PRESENT
from sagemaker_spark_py.staging.rows import Columns
from sagemaker_spark_py.transformation.invalid import Invalid


def schema(**columns) -> StructType:
    return StructType([StructField(name, kind) for name, kind in columns.items()])


LABELLED = schema(label=DoubleType(), features=VectorUDT(), name=StringType())


def test_the_columns_of_aws_are_the_default() -> None:
    found = plan(LABELLED)

    assert found == Plan(FORMATS["sagemaker"], Columns("label", ("features",)))
    assert found.columns.names == ("label", "features")
    assert (found.contentType, found.extension) == ("application/x-recordio-protobuf", ".pbr")


@pytest.mark.parametrize(
    "kind",
    [
        ByteType(),
        ShortType(),
        IntegerType(),
        LongType(),
        FloatType(),
        DoubleType(),
        DecimalType(),
        BooleanType(),
    ],
)
def test_labels_are_any_numbers(kind) -> None:
    assert plan(schema(label=kind, features=VectorUDT())).columns.label == "label"


@pytest.mark.parametrize(
    ("mode", "kind", "label"),
    [
        (WHERE_PRESENT, DoubleType(), "label"),
        (IF_NUMBER, DoubleType(), "label"),
        (IF_NUMBER, StringType(), None),
        (REQUIRED, DoubleType(), "label"),
        (NEVER, DoubleType(), None),
    ],
)
def test_whether_a_label_is_written_that_nobody_has_named(mode, kind, label) -> None:
    assert plan(schema(label=kind, features=VectorUDT()), label=mode).columns.label == label
    named = plan(
        schema(label=kind, y=DoubleType(), features=VectorUDT()), options={"labelColumnName": "y"}, label=mode
    )
    assert named.columns.label == "y"


def test_weights_are_a_column_of_their_own() -> None:
    data = schema(label=DoubleType(), w=IntegerType(), a=DoubleType())
    assert plan(data, "csv", weight="w").columns == Columns("label", ("a",), flat=True, weight="w")
    assert plan(data, "csv", weight="w").columns.names == ("label", "w", "a")
    with pytest.raises(SettingError, match=r"weightCol has no place in format 'parquet'.*'csv' or 'libsvm'"):
        plan(data, "parquet", weight="w")
    with pytest.raises(SchemaError, match="'a' has two roles"):
        plan(data, "csv", {"featuresColumnName": ["a", "w"]}, weight="a")


def test_spark_writes_rows_as_they_are() -> None:
    for settings in ({"weight": "a"}, {"invalid": Invalid("skip")}):
        with pytest.raises(SettingError, match="has no meaning for Spark's data source 'orc'"):
            plan(schema(a=DoubleType()), "orc", **settings)


@pytest.mark.parametrize("kind", [StringType(), TimestampType(), ArrayType(DoubleType()), VectorUDT()])
def test_other_labels_are_refused(kind) -> None:
    with pytest.raises(SchemaError, match="Column 'label' has the wrong type"):
        plan(schema(label=kind, features=VectorUDT()))


def test_a_label_is_not_needed() -> None:
    assert plan(schema(features=VectorUDT())).columns == Columns(None, ("features",))
    assert plan(LABELLED, options={"labelColumnName": ""}).columns.label is None


def test_a_label_that_is_named_must_exist() -> None:
    with pytest.raises(SchemaError, match="Column 'lable' is missing"):
        plan(LABELLED, options={"labelColumnName": "lable"})


@pytest.mark.parametrize("kind", [StringType(), ArrayType(StringType()), DoubleType()])
def test_features_that_are_not_vectors_are_refused(kind) -> None:
    with pytest.raises(SchemaError, match="Column 'features' has the wrong type"):
        plan(schema(label=DoubleType(), features=kind))


def test_missing_features_are_refused() -> None:
    with pytest.raises(SchemaError, match="Column 'features' is missing"):
        plan(schema(label=DoubleType(), vector=VectorUDT()))


def test_names_of_options_have_no_case() -> None:
    data = schema(y=DoubleType(), x=ArrayType(FloatType()))
    found = plan(data, options={"LABELCOLUMNNAME": "y", "featurescolumnname": "x"})

    assert found.columns == Columns("y", ("x",))


def test_unknown_options_are_refused() -> None:
    with pytest.raises(
        SettingError, match="'sagemaker' has no option 'labelColumName'; expected labelColumnName"
    ):
        plan(LABELLED, options={"labelColumName": "label"})


def test_columns_that_are_not_chosen_do_not_exist() -> None:
    assert plan(LABELLED, columns=["features"]).columns.label is None
    with pytest.raises(SchemaError, match="Column 'nope' is missing"):
        plan(LABELLED, columns=["features", "nope"])


def test_ambiguous_columns_are_refused() -> None:
    twice = StructType(LABELLED.fields + [StructField("label", DoubleType())])
    with pytest.raises(SchemaError, match="Column 'label' is ambiguous"):
        plan(twice)


def test_numeric_columns_may_be_named() -> None:
    data = schema(y=DoubleType(), a=IntegerType(), b=BooleanType())
    options = {"labelColumnName": "y", "featuresColumnName": ["b", "a"]}

    assert plan(data, options=options).columns == Columns("y", ("b", "a"), flat=True)


def test_the_label_is_no_feature() -> None:
    with pytest.raises(SchemaError, match="Column 'y' has two roles"):
        plan(schema(y=DoubleType()), options={"labelColumnName": "y", "featuresColumnName": ["y"]})


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_tables_take_numeric_columns_as_they_are(format) -> None:
    data = schema(a=IntegerType(), label=DoubleType(), b=BooleanType())

    assert plan(data, format).columns == Columns("label", ("a", "b"), flat=True)
    with pytest.raises(SchemaError, match="Column 'name' has the wrong type: string"):
        plan(schema(a=IntegerType(), name=StringType()), format)


def test_matrices_are_for_recordio_only() -> None:
    data = schema(label=DoubleType(), features=MatrixUDT())

    assert plan(data).columns.features == ("features",)
    with pytest.raises(SchemaError, match="Column 'features' has the wrong type"):
        plan(data, "csv")


def test_content_types() -> None:
    unlabelled = schema(features=VectorUDT())

    assert plan(LABELLED, "csv").contentType == "text/csv"
    assert plan(unlabelled, "csv").contentType == "text/csv;label_size=0"
    assert plan(LABELLED, "libsvm").contentType == "text/libsvm"
    assert plan(LABELLED, "parquet").contentType == "application/x-parquet"


def test_libsvm_needs_a_label() -> None:
    with pytest.raises(SchemaError, match="Column 'label' is missing"):
        plan(schema(features=VectorUDT()), "libsvm")
    with pytest.raises(SettingError, match="cannot be written without a label"):
        plan(LABELLED, "libsvm", {"labelColumnName": ""})


def test_options_of_a_format() -> None:
    assert plan(LABELLED, "libsvm", {"indexBase": "0"}).format == LibSVM(0)
    with pytest.raises(SettingError, match="indexBase is out of range: '2'; expected 0 or 1"):
        plan(LABELLED, "libsvm", {"indexBase": "2"})


def test_compression() -> None:
    assert plan(LABELLED, compression="None") == plan(LABELLED)
    assert plan(LABELLED, "csv", compression="Gzip").extension == ".csv.gz"
    with pytest.raises(SettingError, match="Compression is unknown: 'Zip'"):
        plan(LABELLED, compression="Zip")
    with pytest.raises(SettingError, match="'parquet' cannot be compressed as a whole"):
        plan(LABELLED, "parquet", compression="Gzip")


def test_other_formats_are_left_to_spark() -> None:
    found = plan(LABELLED, "json", {"dateFormat": "y"}, columns=["name"])

    assert found == SparkPlan("json", (("dateFormat", "y"),), ("name",))
    assert found.contentType is None
    with pytest.raises(SchemaError, match="Column 'nope' is missing"):
        plan(LABELLED, "json", columns=["nope"])
