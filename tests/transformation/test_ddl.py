"""Schemas written as text, against Spark's own parser."""

import pytest
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import types as t

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.transformation.ddl import as_schema

TEXTS = [
    "prediction double",
    "a int, b bigint, c smallint, d tinyint, e float, f real, g boolean, h string, i binary, j date",
    "a timestamp, b timestamp_ntz, c decimal, d decimal(12), e decimal(12,3), f dec(4, 2), g NUMERIC(5)",
    "probabilities array<double>, deep array<array<string>>",
    "m map<string,array<int>>, s struct<x:int, `y z`: struct<q string>>, e struct<>",
    "`a b` int, `c``d` double, `é` string, _x1 long",
    "a INT NOT NULL, b Double not null COMMENT 'it is\\'s', c string comment 'two words'",
    "s struct<x: int not null, y double comment 'why'>",
    "a:int,b:string",
]


@pytest.mark.parametrize("text", TEXTS)
def test_reads_what_spark_reads(spark, text):
    ours, theirs = as_schema(text), spark.createDataFrame([], text).schema
    assert [(f.name, f.dataType, f.nullable) for f in ours] == [
        (f.name, f.dataType, f.nullable) for f in theirs
    ]


def test_types_that_spark_reads_otherwise():
    schema = as_schema("a vector, b varchar(10), c char(3)")
    assert [field.dataType for field in schema] == [VectorUDT(), t.StringType(), t.StringType()]


def test_a_schema_is_taken_as_it_is():
    schema = t.StructType([t.StructField("a", t.LongType())])
    assert as_schema(schema) is schema


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "has 'the end' as word 2; expected more"),
        ("a dubble", "has 'dubble' as word 2; expected a type such as double"),
        ("a array<int", "expected '>'"),
        ("a int b int", "has 'b' as word 3; expected ','"),
        ("a int,", "expected more"),
        (", a int", "has ',' as word 1; expected a name"),
        ("a decimal(x)", "expected a number"),
        ("a int; drop", "character 5 means nothing"),
        ("a map<string>", "expected ','"),
        ("", "expected a StructType with columns"),
        (t.StructType([]), "expected a StructType with columns"),
        (7, "expected a StructType with columns"),
        (t.DoubleType(), "expected a StructType with columns"),
    ],
)
def test_what_cannot_be_read_is_shown(text, message):
    with pytest.raises(SettingError, match=message.replace("(", r"\(")):
        as_schema(text)
