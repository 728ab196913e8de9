"""Filters, order and pages of the List operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sagemaker_spark_py.local.errors import invalid

DEFAULT_PAGE = 10


def page(
    summaries: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any], *, name: str, status: str = ""
) -> tuple[list[Mapping[str, Any]], dict[str, str]]:
    """Return the asked-for page of `summaries` and the NextToken member, if any.

    Parameters
    ----------
    summaries : sequence of mapping
        All of them, each with CreationTime and, where it changes, LastModifiedTime.
    parameters : mapping
        The request: NameContains, StatusEquals, CreationTimeAfter and the like, SortBy, SortOrder,
        MaxResults, NextToken.
    name, status : str
        The members that hold name and status, for example ``TrainingJobName``.
    """
    chosen = [item for item in summaries if _matches(item, parameters, name, status)]
    by = {"Name": name, "Status": status}.get(parameters.get("SortBy", ""), "CreationTime")
    descending = parameters.get("SortOrder", "Descending").lower() == "descending"
    chosen.sort(key=lambda item: (item[by], item[name]), reverse=descending)
    start = _offset(parameters.get("NextToken"))
    end = start + parameters.get("MaxResults", DEFAULT_PAGE)
    return chosen[start:end], {"NextToken": str(end)} if end < len(chosen) else {}


def _matches(item: Mapping[str, Any], parameters: Mapping[str, Any], name: str, status: str) -> bool:
    if parameters.get("NameContains", "").lower() not in item[name].lower():
        return False
    if status and parameters.get("StatusEquals", item[status]) != item[status]:
        return False
    return all(_within(item, parameters, time) for time in ("CreationTime", "LastModifiedTime"))


def _within(item: Mapping[str, Any], parameters: Mapping[str, Any], time: str) -> bool:
    moment = item.get(time)
    after, before = parameters.get(f"{time}After"), parameters.get(f"{time}Before")
    return moment is None or ((not after or moment > after) and (not before or moment < before))


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdigit():
        raise invalid("Invalid NextToken.")
    return int(token)
