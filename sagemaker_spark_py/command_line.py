"""The console scripts, under the names that AWS's package gave them, for ``spark-submit --jars``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sagemaker_spark_py.jvm import classpath_jars


def jars(arguments: Sequence[str] | None = None) -> int:
    """Write the paths of this package's jars: ``sagemakerpyspark-jars [separator]``.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        The exit status: 1 if there are no jars.
    """
    return _write(classpath_jars(), "all jars of sagemaker_spark_py", arguments)


def emr_jars(arguments: Sequence[str] | None = None) -> int:
    """Write the paths of the jars that EMR lacks: ``sagemakerpyspark-emr-jars [separator]``.

    Like AWS's script it takes those whose names have ``aws`` or ``sagemaker`` in them. Parameters and
    returned value are those of `jars`.
    """
    names = [path for path in classpath_jars() if any(w in Path(path).name for w in ("aws", "sagemaker"))]
    return _write(names, "the jars of sagemaker_spark_py that EMR lacks", arguments)


def _write(paths: Sequence[str], what: str, arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(description=f"Print the paths of {what} in one line.")
    parser.add_argument(
        "separator", nargs="?", default=",", help="what stands between two paths; default ','"
    )
    separator = parser.parse_args(arguments).separator
    if not paths:
        sys.stderr.write(
            "sagemaker_spark_py was installed without its jar: no Maven was found. Nothing needs the jar; "
            "with it, rows are encoded faster on classic Spark.\n"
        )
        return 1
    sys.stdout.write(separator.join(paths) + "\n")
    return 0
