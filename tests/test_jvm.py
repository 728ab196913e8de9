"""The jar: its lane writes the bytes of the Python lane, and getting it into a session is safe."""

from __future__ import annotations

import json
import logging
import math
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.linalg import DenseMatrix, MatrixUDT, SparseMatrix, Vectors, VectorUDT
from pyspark.sql import SparkSession
from pyspark.sql.types import StructField, StructType

from sagemaker_spark_py import jvm
from sagemaker_spark_py.errors import DataError, SettingError
from sagemaker_spark_py.jvm import accelerate, classpath_jars
from sagemaker_spark_py.recordio import decode, encode_rows
from sagemaker_spark_py.staging.formats import CSV, LibSVM, RecordIO
from sagemaker_spark_py.staging.rows import Columns
from sagemaker_spark_py.transformation.serializers import (
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
)

from .recordio.wild import records

GOLDEN = Path(__file__).parent / "data" / "golden"
ROWS = 200

needs_jar = pytest.mark.skipif(not classpath_jars(), reason="the package was built without Maven")
pytestmark = pytest.mark.smoke


@pytest.fixture
def java(spark):
    assert accelerate(spark) == "java"
    return spark


def payloads(frame, call):
    return [None if row[0] is None else bytes(row[0]) for row in frame.selectExpr(call).collect()]


# Rows as Parquet, which both lanes read.

VECTOR = pa.struct(
    [
        ("type", pa.int8()),
        ("size", pa.int32()),
        ("indices", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float64())),
    ]
)
ROW_TYPES = {
    "label": pa.float64(),
    "vector": VECTOR,
    "doubles": pa.list_(pa.float64()),
    "floats": pa.list_(pa.float32()),
    "longs": pa.list_(pa.int64()),
    "shorts": pa.list_(pa.int16()),
    "flags": pa.list_(pa.bool_()),
    "mixed": pa.struct([("a", pa.int32()), ("b", pa.float32()), ("c", pa.bool_())]),
    "small": pa.struct([("a", pa.int16()), ("b", pa.float32())]),
}
WIDE = [name for name in ROW_TYPES if name != "label"]


def numbers(rng, count, *, wild=False):
    """Doubles of all sizes that float32 has, short and long ones, zeros and the special ones."""
    magnitudes = np.exp2(rng.uniform(-149, 127, count)) * rng.choice([-1, 1], count)
    kinds = [magnitudes, rng.integers(-9, 9, count) / 4, rng.integers(0, 300, count).astype(float)]
    special = rng.choice([0.0, -0.0, 5e-324, 1e-45, 3.4028234e38, 0.1, 16777217.0, 1e10, 1e-7], count)
    found = np.choose(rng.integers(0, 4, count), [*kinds, special])
    if wild:
        bits = rng.integers(0, 1 << 64, count, dtype=np.uint64).view(np.float64)
        found = np.where(rng.random(count) < 0.5, bits, found)
        found = np.where(rng.random(count) < 0.1, rng.choice([np.nan, np.inf, -np.inf], count), found)
    return found


def vector(rng, dim, *, wild=False):
    if rng.random() < 0.5:
        return {"type": 1, "size": None, "indices": None, "values": numbers(rng, dim, wild=wild).tolist()}
    places = np.flatnonzero(rng.random(dim) < 0.4)
    values = numbers(rng, len(places), wild=wild).tolist()
    return {"type": 0, "size": dim, "indices": places.tolist(), "values": values}


def make_rows(seed, dim=7):
    rng = np.random.default_rng(seed)
    some = [
        {
            "label": float(numbers(rng, 1)[0]),
            "vector": vector(rng, dim),
            "doubles": numbers(rng, dim),
            "floats": numbers(rng, dim).astype(np.float32),
            "longs": rng.integers(-(1 << 63), (1 << 63) - 1, dim) >> rng.integers(0, 60, dim),
            "shorts": rng.integers(-999, 999, dim),
            "flags": rng.random(dim) < 0.5,
            "mixed": {
                "a": int(rng.integers(1 << 30)),
                "b": float(rng.random()),
                "c": bool(rng.random() < 0.5),
            },
            "small": {"a": int(rng.integers(999)), "b": float(rng.random())},
        }
        for _ in range(ROWS)
    ]
    return pa.table({name: pa.array([row[name] for row in some], kind) for name, kind in ROW_TYPES.items()})


def both(spark, folder, table):
    """Return the same rows as one Arrow batch and as a DataFrame of one partition."""
    path = str(folder / "rows.parquet")
    pq.write_table(table, path)
    schema = spark.read.parquet(path).schema
    fields = [StructField("vector", VectorUDT()) if f.name == "vector" else f for f in schema.fields]
    batch = table.combine_chunks().to_batches()[0]
    return batch, spark.read.schema(StructType(fields)).parquet(path).coalesce(1)


@needs_jar
@pytest.mark.parametrize("seed", [1, 2])
def test_functions_write_what_request_serializers_write(java, tmp_path, seed):
    batch, frame = both(java, tmp_path, make_rows(seed))
    options = [
        {"indexBase": 1, "zeroEntry": True, "omitZeros": False},
        {"indexBase": 0, "zeroEntry": True, "omitZeros": True},
        {"indexBase": 0, "zeroEntry": False, "omitZeros": False},
    ]
    for name in WIDE:
        pairs = {
            f"sagemaker_recordio({name}, map('overflow', 'error'))": ProtobufRequestRowSerializer(
                featuresColumnName=name
            ),
            f"sagemaker_csv({name})": UnlabeledCSVRequestRowSerializer(featuresColumnName=name),
        }
        for chosen in options:
            text = ", ".join(f"'{key}', '{str(value).lower()}'" for key, value in chosen.items())
            serializer = LibSVMRequestRowSerializer(featuresColumnName=name, **chosen)
            pairs[f"sagemaker_libsvm(label, {name}, map({text}))"] = serializer
        for call, serializer in pairs.items():
            assert payloads(frame, call) == serializer.serializeBatch(batch).to_pylist(), call


@needs_jar
@pytest.mark.parametrize("label", ["label", None])
@pytest.mark.parametrize("seed", [3, 4])
def test_functions_write_what_staging_writes(java, tmp_path, seed, label):
    batch, frame = both(java, tmp_path, make_rows(seed))
    for name in ("vector", "doubles", "longs", "small"):
        own = batch.select([label, name] if label else [name])
        columns = Columns(label, (name,))
        rows = columns.read(own, None)
        arguments = f"label, {name}" if label else name
        pairs = {
            f"sagemaker_recordio({arguments}, map('overflow', 'error'))": RecordIO(),
            f"sagemaker_csv({arguments})": CSV(),
        }
        if label:
            libsvm = f"sagemaker_libsvm({arguments}, map('overflow', 'error'))"
            pairs[libsvm] = LibSVM()
        for call, format in pairs.items():
            expected = b"".join(bytes(some) for some in format.buffers([rows], columns))
            assert b"".join(payloads(frame, call)) == expected, call


@needs_jar
@pytest.mark.parametrize("seed", [5, 6])
def test_any_double_becomes_the_same_float(java, tmp_path, seed):
    rng = np.random.default_rng(seed)
    vectors = [vector(rng, 9, wild=True) for _ in range(ROWS)]
    labels = numbers(rng, ROWS, wild=True)
    table = pa.table({"label": labels, "vector": pa.array(vectors, VECTOR)})
    batch, frame = both(java, tmp_path, table)
    values = batch.column("vector").field("values")
    lengths = np.append(0, np.cumsum([len(one["values"]) for one in vectors]))
    indices = np.concatenate([one["indices"] or [] for one in vectors])
    with np.errstate(over="ignore", invalid="ignore"):
        encoded = encode_rows(
            [one["type"] == 0 for one in vectors],
            lengths,
            indices.astype(int),
            values.flatten().to_numpy(),
            [one["size"] or 0 for one in vectors],
            labels,
        )
    assert b"".join(payloads(frame, "sagemaker_recordio(label, vector)")) == encoded.data.tobytes()


@needs_jar
@pytest.mark.parametrize(
    "kind", ["boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal(9,2)"]
)
def test_labels_of_any_number(java, tmp_path, kind):
    frame = java.sql(f"SELECT CAST(1 AS {kind}) label, array(0.5D) features")
    assert payloads(frame, "sagemaker_csv(label, features)") == [b"1,0.5\n"]
    frame.write.format("sagemaker").save(str(tmp_path / "out"))
    assert java.read.format("sagemaker").load(str(tmp_path / "out")).first().label == 1.0


@needs_jar
def test_null_in_null_out(java):
    frame = java.sql(
        "SELECT * FROM VALUES (1, array(1)), (NULL, array(2)), (3, NULL) AS rows(label, features)"
    )
    assert payloads(frame, "sagemaker_csv(label, features)") == [b"1,1\n", None, None]


@needs_jar
def test_messages_of_functions_name_the_column(java):
    frame = java.range(1).selectExpr("array(id, NULL) AS odd").repartition(2)
    with pytest.raises(Exception, match="Column 'odd' holds a null: value 1"):
        frame.selectExpr("sagemaker_csv(odd)").collect()


@needs_jar
def test_functions_work_in_every_part_of_a_query(java):
    frame = java.range(100).selectExpr("id", "array(id % 3, 0.5D) AS features").repartition(3)
    encoded = frame.selectExpr("sagemaker_csv(features) AS line", "id")
    assert encoded.groupBy("line").count().count() == 3
    assert encoded.where("sagemaker_csv(array(id)) = X'370A'").first().id == 7
    frame.createOrReplaceTempView("rows_of_test_jvm")
    java.sql(
        "CREATE OR REPLACE TEMP VIEW lines_of_test_jvm AS "
        "SELECT sagemaker_csv(features) AS line FROM rows_of_test_jvm"
    )
    assert java.table("lines_of_test_jvm").distinct().count() == 3


# The data source.


def golden_value(entry):
    if not isinstance(entry, dict):
        return float(entry)
    if "dense" in entry:
        return Vectors.dense([float(number) for number in entry["dense"]])
    if "sparse" in entry:
        sparse = entry["sparse"]
        return Vectors.sparse(
            sparse["size"], sparse["indices"], [float(number) for number in sparse["values"]]
        )
    matrix = entry["denseMatrix"]
    values = [float(number) for number in matrix["values"]]
    return DenseMatrix(matrix["numRows"], matrix["numCols"], values, matrix["isTransposed"])


def written(folder):
    return sorted(path for path in folder.rglob("part-*"))


@needs_jar
@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.json")))
def test_the_data_source_writes_amazons_files_and_reads_them(java, tmp_path, name):
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    rows = [tuple(golden_value(entry) for entry in row) for row in golden["rows"]]
    frame = java.createDataFrame(rows, golden["columns"]).coalesce(1)
    frame.write.format("sagemaker").save(str(tmp_path / "out"))
    (file,) = written(tmp_path / "out")
    assert file.name.endswith(".pbr")
    assert file.read_bytes() == (GOLDEN / f"{name}.pbr").read_bytes()
    back = java.read.format("sagemaker").load(str(tmp_path / "out"))
    assert [field.dataType for field in back.schema] == [field.dataType for field in frame.schema]
    with np.errstate(over="ignore"):
        for row, original in zip(back.collect(), rows, strict=True):
            for found, value in zip(row, original, strict=True):
                assert type(found) is type(value)
                expected = value if isinstance(value, float) else value.toArray()
                given = found if isinstance(found, float) else found.toArray()
                np.testing.assert_array_equal(given, np.float32(expected))


@needs_jar
def test_sparse_matrices_read_back(java, tmp_path):
    matrix = SparseMatrix(3, 4, [0, 0, 3, 5, 6], [0, 1, 2, 0, 1, 1], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    frame = java.createDataFrame([(matrix,)], StructType([StructField("features", MatrixUDT())]))
    frame.write.format("sagemaker").save(str(tmp_path / "out"))
    (back,) = java.read.format("sagemaker").load(str(tmp_path / "out")).first()
    np.testing.assert_array_equal(back.toArray(), matrix.toArray())


@needs_jar
def test_save_modes(java, tmp_path):
    path = str(tmp_path / "out")
    frame = java.range(4).selectExpr("id AS label", "array(id) AS features").coalesce(1)
    for mode, rows in [("error", 4), ("append", 8), ("ignore", 8), ("overwrite", 4)]:
        frame.write.format("sagemaker").mode(mode).save(path)
        assert java.read.format("sagemaker").load(path).count() == rows
    with pytest.raises(Exception, match="already exists"):
        frame.write.format("sagemaker").save(path)


@needs_jar
def test_partitions_limits_and_compression(java, tmp_path):
    frame = java.range(10).selectExpr("id AS label", "array(id) AS features", "id % 2 AS p").coalesce(1)
    writer = frame.write.format("sagemaker").option("maxRecordsPerFile", 2).option("compression", "gzip")
    writer.partitionBy("p").save(str(tmp_path / "out"))
    assert len(written(tmp_path / "out" / "p=1")) == 3
    assert all(file.name.endswith(".pbr.gz") for file in written(tmp_path / "out"))
    back = java.read.format("sagemaker").load(str(tmp_path / "out"))
    assert sorted((r.label, r.p) for r in back.select("label", "p").collect()) == [
        (float(i), i % 2) for i in range(10)
    ]


@needs_jar
def test_python_reads_what_the_data_source_wrote(java, tmp_path):
    _, frame = both(java, tmp_path, make_rows(7))
    frame.write.format("sagemaker").option("featuresColumnName", "vector").save(str(tmp_path / "out"))
    (file,) = written(tmp_path / "out")
    decoded = decode(file.read_bytes())
    back = java.read.format("sagemaker").option("featuresColumnName", "vector").load(str(tmp_path / "out"))
    found = [row.vector.toArray() for row in back.collect()]
    np.testing.assert_array_equal(found, decoded.features["values"].dense())


def framed(payload):
    return struct.pack("<II", 0xCED7230A, len(payload)) + payload + bytes(-len(payload) % 4)


def is_large(payload):
    """Whether a record claims features of a size that no test has the memory for."""
    tensor = decode(framed(payload)).features.get("values")
    return tensor is not None and math.prod(tensor.shapes.tolist()) > 10_000


def as_python_reads(payload):
    """The features of a record, or None where it has none that are numbers without contradiction."""
    try:
        tensor = decode(framed(payload)).features["values"]
        keys = tensor.keys.tolist()
        return None if tensor.kinds[0] == 9 or len(set(keys)) < len(keys) else tensor.dense()[0].tolist()
    except (KeyError, DataError):
        return None


@needs_jar
@settings(deadline=None, max_examples=12)
@given(payloads=st.lists(records.filter(lambda record: not is_large(record)), min_size=10, max_size=60))
def test_records_of_any_writer_are_read_as_python_reads_them(spark, payloads):
    accelerate(spark)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "wild.pbr").write_bytes(b"".join(map(framed, payloads)))
        reader = spark.read.format("sagemaker").schema("features array<double>").option("mode", "permissive")
        found = [row.features for row in reader.load(folder).collect()]
    expected = [as_python_reads(payload) for payload in payloads]
    np.testing.assert_equal(found, expected)


@needs_jar
@pytest.mark.parametrize(
    ("query", "options", "message"),
    [
        ("SELECT 1 AS label", {}, "Column 'features' is missing; expected it among: 'label'"),
        ("SELECT 'x' AS features", {}, "Column 'features' has the wrong type: string; expected a vector"),
        ("SELECT array('x') AS features", {}, "has the wrong type: array<string>"),
        ("SELECT array(1) AS features, 'x' AS label", {}, "Column 'label' has the wrong type: string"),
        ("SELECT array(1) AS features", {"labelColumnName": "y"}, "Column 'y' is missing"),
        ("SELECT array(1) AS features", {"recordFormat": "json"}, "Option 'recordFormat' is unknown: 'json'"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_task(java, tmp_path, query, options, message):
    writer = java.sql(query).write.format("sagemaker").options(**options)
    with pytest.raises(Exception, match="expected") as raised:
        writer.save(str(tmp_path / "out"))
    assert type(raised.value).__name__ == "IllegalArgumentException"
    assert message in str(raised.value)


@needs_jar
@pytest.mark.parametrize("column", ["label", "features"])
def test_nulls_are_errors_that_name_their_column(java, tmp_path, column):
    other = {"label": "array(1) AS features", "features": "1 AS label"}[column]
    kind = {"label": "int", "features": "array<int>"}[column]
    frame = java.sql(f"SELECT {other}, CAST(NULL AS {kind}) AS {column}")
    with pytest.raises(Exception, match=f"Column '{column}' is null"):
        frame.write.format("sagemaker").save(str(tmp_path / "out"))


@needs_jar
def test_empty_partitions_write_no_files(java, tmp_path):
    frame = java.range(9).selectExpr("array(id) AS features").where("features[0] < 0")
    frame.write.format("sagemaker").save(str(tmp_path / "out"))
    assert not written(tmp_path / "out")


@needs_jar
@pytest.mark.parametrize(
    ("place", "rows"),
    [(lambda size: size - 3, 3), (lambda size: size // 2, 2), (lambda size: size // 4 + 8, 3)],
)
def test_corrupt_files_name_file_and_offset_or_are_left_out(java, tmp_path, place, rows):
    frame = java.range(4).selectExpr("id AS label", "array(id, 1, 2) AS features").coalesce(1)
    frame.write.format("sagemaker").save(str(tmp_path / "out"))
    (file,) = written(tmp_path / "out")
    content = bytearray(file.read_bytes())
    at = place(len(content))
    if at > len(content) * 0.9:
        del content[at:]
    else:
        content[at] ^= 0x0D
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "broken.pbr").write_bytes(content)
    reader = java.read.schema("label double, features array<double>").format("sagemaker")
    with pytest.raises(Exception, match=r"broken\.pbr is corrupt: .* \(at byte offset \d+\)"):
        reader.load(str(tmp_path / "broken.pbr")).collect()
    assert reader.option("mode", "DROPMALFORMED").load(str(tmp_path / "broken.pbr")).count() == rows
    kept = reader.option("mode", "PERMISSIVE").load(str(tmp_path / "broken.pbr")).collect()
    assert [row.features is None for row in kept].count(True) == 1


# Getting the jar into a session.


@pytest.fixture
def fresh(spark):
    session = spark.newSession()
    yield session
    session.conf.unset(jvm.SETTING)


def lines(caplog):
    return [record.getMessage() for record in caplog.records if record.name == jvm.__name__]


def test_paths_are_absolute():
    assert all(Path(jar).is_absolute() and Path(jar).is_file() for jar in classpath_jars())


@needs_jar
def test_the_jar_is_small():
    assert sum(Path(jar).stat().st_size for jar in classpath_jars()) < 100_000


@needs_jar
def test_a_session_is_accelerated_once_and_its_conf_is_left_alone(fresh, caplog, monkeypatch):
    caplog.set_level(logging.INFO, logger=jvm.__name__)
    statements = []
    run = SparkSession.sql
    monkeypatch.setattr(SparkSession, "sql", lambda *a, **k: statements.append(a[1]) or run(*a, **k))
    before = dict(fresh.sparkContext.getConf().getAll()), fresh.sql("SET").collect()
    del statements[:]
    assert [accelerate(fresh) for _ in range(3)] == ["java"] * 3
    assert sum("ADD JAR" in statement for statement in statements) <= 1  # other sessions share it
    assert statements.count(jvm._PROBE) == 1
    assert lines(caplog) == ["Rows are encoded in the java lane: the jar is in the session."]
    assert (dict(fresh.sparkContext.getConf().getAll()), fresh.sql("SET").collect()) == before


@needs_jar
def test_every_thread_can_name_the_data_source(fresh, tmp_path):
    results = []

    def work(number):
        try:
            accelerate(fresh)
            frame = fresh.range(3).selectExpr("sagemaker_csv(array(id)) AS line", "array(id) AS features")
            frame.write.format("sagemaker").save(str(tmp_path / str(number)))
            results.append(fresh.read.format("sagemaker").load(str(tmp_path / str(number))).count())
        except Exception as error:  # noqa: BLE001  a thread's failure is the test's
            results.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [3] * 4


def test_the_conf_forces_the_python_lane(fresh, caplog):
    caplog.set_level(logging.INFO, logger=jvm.__name__)
    fresh.conf.set("sagemaker_spark_py.lane", "Python")
    assert accelerate(fresh) == "python"
    assert "sagemaker_spark_py.lane says so" in caplog.text
    with pytest.raises(Exception, match="sagemaker_csv"):
        fresh.sql("SELECT sagemaker_csv(array(1))")


def test_an_unknown_lane_is_refused(fresh):
    fresh.conf.set("sagemaker_spark_py.lane", "scala")
    with pytest.raises(SettingError, match="'scala'; expected 'auto', 'python' or 'java'"):
        accelerate(fresh)


def without_jar(monkeypatch, tmp_path):
    monkeypatch.setattr(jvm, "classpath_jars", list)
    return "built without Maven"


def with_functions_of_other_bytes(monkeypatch, tmp_path):
    monkeypatch.setattr(jvm, "_PROBE_RECORD", b"")
    return "do not work here"


def with_functions_that_are_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(jvm, "_PROBE", "SELECT no_such_function(1)")
    return "refuses the jar"


def with_a_jar_older_than_its_sources(monkeypatch, tmp_path):
    monkeypatch.setattr(jvm, "_SOURCES", tmp_path / "clone" / "jvm")
    sources = jvm._SOURCES / "src" / "main" / "New.java"
    sources.parent.mkdir(parents=True)
    sources.touch()
    os.utime(sources, (2**32, 2**32))
    return r"older than its sources; .*pip install --editable \S+clone`"


OBSTACLES = [
    without_jar,
    pytest.param(with_a_jar_older_than_its_sources, marks=needs_jar),
    pytest.param(with_functions_of_other_bytes, marks=needs_jar),
    pytest.param(with_functions_that_are_missing, marks=needs_jar),
]


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_obstacles_lead_to_the_python_lane_with_one_line(fresh, monkeypatch, tmp_path, caplog, obstacle):
    caplog.set_level(logging.INFO, logger=jvm.__name__)
    reason = obstacle(monkeypatch, tmp_path)
    assert [accelerate(fresh), accelerate(fresh)] == ["python", "python"]
    (line,) = lines(caplog)
    assert re.search(reason, line)
    level = logging.WARNING if obstacle is with_a_jar_older_than_its_sources else logging.INFO
    assert [record.levelno for record in caplog.records if record.name == jvm.__name__] == [level]
    fresh.conf.set("sagemaker_spark_py.lane", "java")
    with pytest.raises(SettingError, match="Lane 'java' cannot be used: .*" + reason):
        accelerate(fresh)


def test_spark_connect_stays_in_the_python_lane(caplog):
    caplog.set_level(logging.INFO, logger=jvm.__name__)

    class Remote:  # what Connect's session has, without a server
        conf = SimpleNamespace(get=lambda key, default: default)

    assert accelerate(Remote()) == "python"
    assert "Spark Connect" in caplog.text


@needs_jar
def test_paths_with_spaces_and_quotes(fresh, tmp_path, monkeypatch):
    odd = tmp_path / "it's a place" / "own.jar"
    odd.parent.mkdir()
    shutil.copy(classpath_jars()[0], odd)
    monkeypatch.setattr(jvm, "classpath_jars", lambda: [str(odd)])
    assert accelerate(fresh) == "java"


def test_the_probe_is_a_record():
    assert decode(jvm._PROBE_RECORD).features["values"].dense().tolist() == [[1.0, 2.0]]
    assert struct.unpack("<f", jvm._PROBE_RECORD[-4:]) == (3.0,)


OWN_SESSION = """
import sys
from pyspark.sql import SparkSession
from sagemaker_spark_py import jvm

jar, master, path = sys.argv[1:]
jvm.classpath_jars = lambda: [jar]
spark = SparkSession.builder.master(master).config("spark.ui.enabled", "false").getOrCreate()
lane = jvm.accelerate(spark)
if lane == "java":
    frame = spark.range(0, 8, 1, 4).selectExpr("id AS label", "array(id) AS features")
    assert frame.selectExpr("sagemaker_csv(label, features) AS line").distinct().count() == 8
    frame.write.format("sagemaker").save(path)
    assert spark.read.format("sagemaker").load(path).selectExpr("sum(label)").first()[0] == 28
spark.stop()
sys.exit(0 if lane == "java" else 3)
"""


def run_own_session(tmp_path, jar, master):
    command = [sys.executable, "-c", OWN_SESSION, jar, master, str(tmp_path / "out")]
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(jvm.__file__).parent.parent),
        "SPARK_WORKER_DIR": str(tmp_path / "work"),
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200, env=environment)


def test_a_jar_that_is_not_there_leads_to_the_python_lane(tmp_path):
    run = run_own_session(tmp_path, str(tmp_path / "missing.jar"), "local[1]")
    assert run.returncode == 3, run.stderr[-2000:]


@needs_jar
@pytest.mark.slow
def test_executors_in_other_processes_get_the_jar(tmp_path):
    run = run_own_session(tmp_path, classpath_jars()[0], "local-cluster[1,2,1024]")
    assert run.returncode == 0, run.stderr[-2000:]
