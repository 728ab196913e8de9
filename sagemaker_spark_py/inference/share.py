"""What each task may have of the requests that the whole job may have under way.

Spark does not tell a program how many tasks run at a time, and less so over Connect, so it is computed from
the session's conf, as the cluster manager reads it:

- ``spark.master`` ``local[n]``: n tasks; ``local-cluster[n,c,m]``: n x c;
- a cluster: executors x (``spark.executor.cores`` / ``spark.task.cpus``), where executors are
  ``spark.dynamicAllocation.maxExecutors`` if that is how they come, else ``spark.executor.instances``; never
  more than ``spark.cores.max`` allows.

Copies of slow tasks (``spark.speculation``) and other jobs of the application come on top.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession

from sagemaker_spark_py.errors import SettingError

if TYPE_CHECKING:
    from sagemaker_spark_py.inference.endpoint import EndpointCall

Conf = Callable[[str], str | None]


def shared(dataset: DataFrame, call: EndpointCall) -> tuple[DataFrame, EndpointCall]:
    """Return rows and call so that no more requests are under way than `maxTotalInFlight` says; driver side.

    Where even one request of each task would be too many, the rows are brought into fewer partitions, without
    a shuffle.

    Raises
    ------
    SettingError
        If there is a limit, and the session's conf does not say how many tasks run at a time.
    """
    total = call.invocation.maxTotalInFlight
    if total is None:
        return dataset, call
    tasks = _known_tasks(dataset.sparkSession, total)
    if tasks > total:
        dataset, tasks = dataset.coalesce(total), total
    return dataset, _divided(call, total // tasks)


def shared_by_function(spark: SparkSession | None, call: EndpointCall) -> EndpointCall:
    """Return what a function on columns calls, so that `maxTotalInFlight` holds in each job; driver side.

    A function cannot bring the rows into fewer partitions.

    Raises
    ------
    SettingError
        If there is a limit, and it is lower than the number of tasks that run at a time, or that number is
        not known, as without a running session.
    """
    total = call.invocation.maxTotalInFlight
    if total is None:
        return call
    if spark is None:
        raise SettingError(
            f"maxTotalInFlight cannot be divided over the tasks: {total}; expected a running session. "
            "Start it before the function is made."
        )
    tasks = _known_tasks(spark, total)
    if tasks > total:
        raise SettingError(
            f"maxTotalInFlight is too low for a function on columns: {total}; expected at least {tasks}, one "
            "for each task that runs at a time. Use transform(), which brings rows into fewer partitions."
        )
    return _divided(call, total // tasks)


def _known_tasks(spark: SparkSession, total: int) -> int:
    tasks = tasks_at_once(lambda key: spark.conf.get(key, None))
    if tasks is None:
        raise SettingError(
            f"maxTotalInFlight cannot be divided over the tasks: {total}; expected to find in the session's "
            "conf how many run at a time. Set spark.executor.instances (or "
            "spark.dynamicAllocation.maxExecutors) and spark.executor.cores, or use maxInFlight alone."
        )
    return tasks


def _divided(call: EndpointCall, most: int) -> EndpointCall:
    each = min(call.invocation.maxInFlight, most)
    return replace(call, invocation=replace(call.invocation, maxInFlight=each))


def tasks_at_once(conf: Conf) -> int | None:
    """Return how many tasks the cluster runs at a time; `None` if the conf does not say."""
    master = conf("spark.master") or ""
    cpus = int(conf("spark.task.cpus") or 1)
    local = re.fullmatch(r"local(?:\[(\*|\d+)(?:,.*)?\])?", master)
    if local:
        threads = local[1] or "1"
        return max(1, ((os.cpu_count() or 1) if threads == "*" else int(threads)) // cpus)
    cluster = re.fullmatch(r"local-cluster\[(\d+),(\d+),.*\]", master.replace(" ", ""))
    if cluster:
        return int(cluster[1]) * (int(cluster[2]) // cpus)
    return _on_a_cluster(conf, cpus)


def _on_a_cluster(conf: Conf, cpus: int) -> int | None:
    dynamic = conf("spark.dynamicAllocation.enabled") == "true"
    executors = conf("spark.dynamicAllocation.maxExecutors" if dynamic else "spark.executor.instances") or ""
    cores, most = conf("spark.executor.cores") or "", conf("spark.cores.max") or ""
    found = [int(executors) * (int(cores) // cpus)] if executors.isdigit() and cores.isdigit() else []
    found += [int(most) // cpus] if most.isdigit() else []
    return max(1, min(found)) if found else None
