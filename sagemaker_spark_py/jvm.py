"""The only file that knows the jar.

The jar gives Spark a data source, ``sagemaker``, and SQL functions that encode a row to binary:
``sagemaker_recordio`` (a framed record), ``sagemaker_libsvm`` and ``sagemaker_csv`` (a line). Their arguments
are the features, or a label and the features, and last, if wanted, options as a map of strings:
``sagemaker_libsvm(label, features, map('indexBase', '0'))``. They return null where an argument is null.

Options, of which the first value is the default:

- recordio, ``fillEmpty`` (false, true): give sparse rows without values an explicit zero, for XGBoost;
- libsvm, ``indexBase`` (1, 0), ``zeroEntry`` (true, false), ``omitZeros`` (false, true): as the request
  serializers have them;
- both, ``overflow`` (allow, error): whether finite numbers too large for float32 are refused. Records hold
  infinity instead, lines the number;
- all, ``numbers`` (all, nan, finite): which numbers features may be; labels are finite unless all are taken;
- all, ``nulls`` (keep, error): whether a null makes null, or is refused;
- all, ``dim`` (any, same, a number): how many values the features of each row have;
- all, ``trailer`` (none, dim): what follows each payload, for `in_chunks`.

Without options they write what the request serializers write, which refuse an overflow in records. The data
source takes the same options, refuses an overflow in libsvm unless told otherwise, and has besides:
``labelColumnName`` (empty: no label), ``featuresColumnName``, ``recordFormat`` (recordio, libsvm, csv),
``compression`` and, for reading, ``mode`` (failfast, permissive, dropmalformed). Overwriting with a schema
that is refused loses the old files, as with Spark's own sources: it deletes them before it asks the format.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sagemaker_spark_py.errors import SettingError

AUTO, PYTHON, JAVA = "auto", "python", "java"

SETTING = "sagemaker_spark_py.lane"
"""Key in Spark's conf of the lane to be used: `AUTO` (the default), `PYTHON` or `JAVA`."""

_PROBE = "SELECT sagemaker_recordio(CAST(3 AS DOUBLE), array(CAST(1 AS DOUBLE), CAST(2 AS DOUBLE)))"
"""Is folded into a constant, so that it starts no job."""

_PROBE_RECORD = bytes.fromhex(
    "0a23d7ce 2c000000 0a160a06 76616c75 6573120c 120a0a08 0000803f 00000040"
    "12120a06 76616c75 65731208 12060a04 00004040"
)

_SOURCES = Path(__file__).parents[1] / "jvm"
"""What the jar is made of, where the package is used from the folder of its sources."""

_OUTDATED = "the jar is older than its sources"
_log = logging.getLogger(__name__)
_lock = threading.Lock()
_obstacles: WeakKeyDictionary[SparkSession, str | None] = WeakKeyDictionary()
"""Why a session cannot use the jar, `None` where it can; sessions that were not asked yet are missing."""
_reported: WeakKeyDictionary[SparkSession, str] = WeakKeyDictionary()
_thread = threading.local()


def classpath_jars() -> list[str]:
    """Return the absolute paths of the jars that this package brings, sorted.

    They are for those who put jars on Spark's class path by hand; nothing in this library needs that. The
    list is empty where the package was built without Maven.
    """
    return sorted(str(path) for path in (Path(__file__).parent / "jars").glob("*.jar"))


def accelerate(spark: SparkSession) -> str:
    """Make the jar's data source and functions usable in a session, where that is possible; driver side.

    The jar is added to the running session once, and nothing of the session's conf is changed. It is safe to
    call this again and from any thread; a thread that names the data source must have called it itself,
    because Spark looks data sources up by thread.

    Parameters
    ----------
    spark : SparkSession
        Its conf ``sagemaker_spark_py.lane`` may say which lane to use: ``auto`` (the default), ``python`` or
        ``java``.

    Returns
    -------
    str
        ``"java"`` if they can be used, else ``"python"``: on Spark Connect, where a cluster forbids jars, and
        where the package was built without Maven, or from sources that have changed since. The log says which
        and why, once per session.

    Raises
    ------
    SettingError
        If the conf names no lane, or names ``java`` where that is not possible.
    """
    wanted = _wanted(spark)
    if wanted == PYTHON:
        return _report(spark, PYTHON, f"{SETTING} says so")
    obstacle = _obstacle(spark)
    if obstacle is None:
        return _report(spark, JAVA, "the jar is in the session")
    if wanted == JAVA:
        raise SettingError(
            f"Lane 'java' cannot be used: {obstacle}; expected a session that takes the jar. "
            f"Set {SETTING} to 'auto' or 'python'."
        )
    return _report(spark, PYTHON, obstacle)


def call(format: str, columns: Sequence[str | tuple[str, ...]], options: Mapping[str, str]) -> Column:
    """Return a call of one of the functions that `accelerate` registers.

    Parameters
    ----------
    format : str
        ``"recordio"``, ``"libsvm"`` or ``"csv"``.
    columns : sequence of str or tuple of str
        The features alone, or the label and the features: names of columns, taken literally, or several
        names of numeric columns in place of one column of features.
    options : mapping of str to str
        See this module.
    """
    pairs = [f"'{name}', '{value}'" for name, value in options.items()]
    arguments = [*map(_argument, columns), f"map({', '.join(pairs)})"]
    return F.expr(f"sagemaker_{format}({', '.join(arguments)})")


def _argument(column: str | tuple[str, ...]) -> str:
    if isinstance(column, str):
        return f"`{column.replace('`', '``')}`"
    return f"struct({', '.join(map(_argument, column))})"


def in_chunks(encoded: DataFrame, batch_bytes: int, fillers: int) -> DataFrame:
    """Return rows that were encoded with ``trailer=dim`` as chunks, for Python to read; driver side.

    Rows of nulls, which are to be passed over, end an Arrow batch before it has more bytes than wanted.

    Parameters
    ----------
    encoded : DataFrame
        Of a session where `accelerate` returned ``"java"``; one binary column without nulls.
    batch_bytes : int
        Bytes of payloads in a batch, about.
    fillers : int
        How many rows of nulls such a batch gets: as many as end it. With 0 it has all rows of its partition.

    Returns
    -------
    DataFrame
        ``payloads binary, lengths binary, dim int``: payloads one after the other, how long each is (int32,
        little-endian), and how many values the first one's features have.
    """
    spark = encoded.sparkSession
    jvm: Any = spark._jvm
    return DataFrame(jvm.sagemaker.spark.sql.Chunks.of(encoded._jdf, fillers, batch_bytes), spark)


def _wanted(spark: SparkSession) -> str:
    lane = (spark.conf.get(SETTING, AUTO) or AUTO).lower()
    if lane not in (AUTO, PYTHON, JAVA):
        raise SettingError(f"Spark's {SETTING} is unknown: {lane!r}; expected 'auto', 'python' or 'java'.")
    return lane


def _report(spark: SparkSession, lane: str, reason: str) -> str:
    with _lock:
        news = _reported.get(spark) != lane
        _reported[spark] = lane
    if news:
        level = logging.WARNING if reason.startswith(_OUTDATED) else logging.INFO
        _log.log(level, "Rows are encoded in the %s lane: %s.", lane, reason)
    return lane


def accumulator(spark: SparkSession, zero: Any, adding: Any) -> Any:
    """Return what tasks add to and the driver reads; `None` over Spark Connect, which has no such thing.

    Parameters
    ----------
    spark : SparkSession
    zero : object
        What it begins with.
    adding : object
        With the methods of pyspark's ``AccumulatorParam``; it is pickled into the tasks.
    """
    return spark.sparkContext.accumulator(zero, adding) if isinstance(spark, SparkSession) else None


def _obstacle(spark: SparkSession) -> str | None:
    """Return why this session cannot use the jar, or `None` after it was made usable."""
    with _lock:
        if spark not in _obstacles:
            _obstacles[spark] = _try(spark)
        elif _obstacles[spark] is None:
            _show_to_thread(spark)
        return _obstacles[spark]


def _try(spark: SparkSession) -> str | None:
    if not isinstance(spark, SparkSession):
        return "Spark Connect has no JVM to add the jar to"
    if not classpath_jars():
        return "the package was built without Maven and so without the jar"
    if _is_outdated():
        again = f"python -m pip install --editable {_SOURCES.parent}"
        return f"{_OUTDATED}; make it anew, where Maven and a JDK are, with `{again}`"
    try:
        record = _load(spark)
    except (Py4JError, PySparkException, TypeError) as error:  # TypeError: a class that is not there
        return f"the session refuses the jar ({_first_line(error)})"
    return None if record == _PROBE_RECORD else f"its functions do not work here ({record.hex()})"


def _is_outdated() -> bool:
    """Tell whether sources are there, and one is newer than a jar: setup.py would make it anew."""
    sources = [path for path in (_SOURCES / "pom.xml", *_SOURCES.glob("src/main/**/*")) if path.is_file()]
    jars = [Path(jar).stat().st_mtime for jar in classpath_jars() if Path(jar).is_file()]
    return bool(sources and jars) and max(path.stat().st_mtime for path in sources) > min(jars)


def _load(spark: SparkSession) -> bytes:
    """Add the jar unless the user did, register the functions, and return what one of them returns."""
    added = spark._jsc.sc().listJars().mkString("\n")
    for jar in classpath_jars():
        if Path(jar).name not in added:  # Spark would complain about a second one of that name.
            escaped = jar.replace("\\", "\\\\").replace("'", "\\'")
            spark.sql(f"ADD JAR '{escaped}'")
    _show_to_thread(spark)
    jvm: Any = spark._jvm
    jvm.sagemaker.spark.sql.Functions().register(spark._jsparkSession)
    return bytes(spark.sql(_PROBE).collect()[0][0])


def _show_to_thread(spark: SparkSession) -> None:
    """Let the JVM's side of this thread load classes from added jars.

    Spark itself does so for no thread but the one that adds the jar.
    """
    seen: WeakSet[SparkSession] = _thread.__dict__.setdefault("sessions", WeakSet())
    if spark in seen:
        return
    jvm: Any = spark._jvm
    thread = jvm.java.lang.Thread.currentThread()
    try:
        thread.getContextClassLoader().loadClass("sagemaker.spark.sql.Functions")
    except Py4JError:
        thread.setContextClassLoader(spark._jsparkSession.sharedState().jarClassLoader())
    seen.add(spark)


def _first_line(error: Exception) -> str:
    cause = getattr(error, "java_exception", None)
    return str(error if cause is None else cause.toString()).strip().split("\n", 1)[0]
