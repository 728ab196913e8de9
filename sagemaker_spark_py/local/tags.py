"""The operations on tags, by the ARN of what is tagged."""

from __future__ import annotations

from typing import Any

from sagemaker_spark_py.local.calls import Call, Operation


def add(call: Call) -> dict[str, Any]:
    """AddTags; answers with all tags of the resource."""
    call.keep_tags(call.parameters["ResourceArn"])
    return list_all(call)


def delete(call: Call) -> dict[str, Any]:
    """DeleteTags."""
    tags = call.region.tags.get(call.parameters["ResourceArn"], {})
    for key in call.parameters["TagKeys"]:
        tags.pop(key, None)
    return {}


def list_all(call: Call) -> dict[str, Any]:
    """ListTags."""
    tags = call.region.tags.get(call.parameters["ResourceArn"], {})
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


OPERATIONS = {"AddTags": Operation(add), "DeleteTags": Operation(delete), "ListTags": Operation(list_all)}
