"""One call of an operation, as the rooms that answer it see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sagemaker_spark_py.local.cloud import Cloud, Region


@dataclass(frozen=True)
class Call:
    """A parsed and validated call, and the region it was made in."""

    cloud: Cloud
    region: Region
    parameters: dict[str, Any]

    def keep_tags(self, arn: str) -> None:
        """Keep the Tags of a Create request."""
        tags = self.parameters.get("Tags", ())
        self.region.tags.setdefault(arn, {}).update({tag["Key"]: tag.get("Value", "") for tag in tags})


class Operation(NamedTuple):
    """How an operation is answered, and the members it requires beyond botocore's model."""

    answer: Callable[[Call], dict[str, Any]]
    also_required: tuple[str, ...] = ()
