"""Plain text both ways, and CSV of any columns judged by Python's own reader."""

import csv
import datetime as dt
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py.errors import DataError, ResponseError, SchemaError
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers import TextResponseRowDeserializer
from sagemaker_spark_py.transformation.rows import to_batch
from sagemaker_spark_py.transformation.serializers import CSVRequestRowSerializer, TextRequestRowSerializer

TEXT = as_schema("text string")


def lines_of(serializer, rows, schema):
    return b"".join(serializer.serializeBatch(to_batch(rows, schema)).to_pylist()).decode()


WORDS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6))
def test_csv_is_read_back_cell_by_cell(rows):
    text = lines_of(CSVRequestRowSerializer(["a", "b"]), rows, as_schema("a string, b string"))
    found = list(csv.reader(io.StringIO(text, newline="")))
    assert found == [[cell or "" for cell in row] for row in rows]
    single = lines_of(CSVRequestRowSerializer("a"), [row[:1] for row in rows], as_schema("a string"))
    assert list(csv.reader(io.StringIO(single, newline=""))) == [[row[0] or ""] for row in rows]


def test_cells_of_every_type():
    schema = as_schema(
        "n int, x double, t string, b boolean, d date, ts timestamp_ntz, v vector, a array<int>, "
        "m decimal(4,2)"
    )
    row = (
        1,
        0.5,
        'a, "b"',
        True,
        dt.date(2024, 1, 2),
        dt.datetime(2024, 1, 2, 3),
        Vectors.dense(1, 2),
        [3, 4],
        5,
    )
    nulls = (None, None, None, None, None, None, Vectors.sparse(2, [0], [7.0]), [5, 6], None)
    text = lines_of(CSVRequestRowSerializer(schema.names), [row, nulls], schema)
    assert text == (
        '1,0.5,"a, ""b""",true,2024-01-02,2024-01-02 03:00:00.000000,1,2,3,4,5.00\n,,,,,,7,0,5,6,\n'
    )


def test_a_line_is_never_empty():
    schema = as_schema("x double")
    assert lines_of(CSVRequestRowSerializer("x"), [(1.0,), (None,)], schema) == '1\n""\n'


def test_csv_refuses_what_no_cell_can_hold():
    serializer = CSVRequestRowSerializer(["a"])
    with pytest.raises(SchemaError, match="'a' has the wrong type: map<string,int>"):
        serializer.validateSchema(as_schema("a map<string,int>"))
    with pytest.raises(DataError, match="'a' is null: row 1"):
        lines_of(serializer, [(Vectors.dense(1),), (None,)], as_schema("a vector"))


def test_a_text_is_a_request():
    serializer = TextRequestRowSerializer()
    assert serializer.maxRows == 1
    assert serializer.serializeBatch(to_batch([("é\n",), ("",)], TEXT)).to_pylist() == ["é\n".encode(), b""]
    answer = TextResponseRowDeserializer()
    assert answer.deserializeBatch("é\n".encode(), 1).to_pylist() == [{"answer": "é\n"}]
    assert answer.deserializeBatch(b"", 1).to_pylist() == [{"answer": ""}]
    with pytest.raises(ResponseError, match="1 rows; expected 2"):
        answer.deserializeBatch(b"x", 2)


@settings(deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="|"), max_size=5), min_size=1
    )
)
def test_texts_with_a_separator_go_and_come_back(texts):
    body = lines_of(TextRequestRowSerializer(separator="||"), [(text,) for text in texts], TEXT).encode()
    batch = TextResponseRowDeserializer("t", separator="||").deserializeBatch(body, len(texts))
    assert batch.column(0).to_pylist() == texts


def test_a_text_that_holds_the_separator_is_named():
    with pytest.raises(DataError, match="'text' holds the separator in row 1 of the batch"):
        lines_of(TextRequestRowSerializer(separator="\n"), [("a",), ("b\nc",)], TEXT)


def test_an_answer_that_is_no_text():
    with pytest.raises(ResponseError, match="not UTF-8 at byte 1"):
        TextResponseRowDeserializer().deserializeBatch(b"a\xff", 1)
    with pytest.raises(ResponseError, match="2 rows; expected 3"):
        TextResponseRowDeserializer(separator="\n").deserializeBatch(b"a\nb\n", 3)
