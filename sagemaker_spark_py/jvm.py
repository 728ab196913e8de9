"""The only file that knows the jar."""

from __future__ import annotations

from pathlib import Path


def classpath_jars() -> list[str]:
    """Return the absolute paths of the jars that this package brings, sorted.

    They are for those who put jars on Spark's class path by hand; nothing in this library needs that. The
    list is empty where the package was built without Maven.
    """
    return sorted(str(path) for path in (Path(__file__).parent / "jars").glob("*.jar"))
