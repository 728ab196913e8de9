"""The folder that plays /opt/ml for one host of a training job, and the files SageMaker puts there.

Facts: the developer guide's "How Amazon SageMaker Provides Training Information".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sagemaker_spark_py.local.channels import input_mode

NETWORK_INTERFACE = "lo"
CHECKPOINTS = "checkpoints"
FAILURE_CHARACTERS = 1024


class Host(NamedTuple):
    """One instance of a job: ``algo-1`` and so on."""

    name: str
    group: str
    instance_type: str


def hosts_of(resources: Mapping[str, Any]) -> list[Host]:
    """Return a job's hosts from its ResourceConfig."""
    groups = resources.get("InstanceGroups") or [
        {
            "InstanceGroupName": "homogeneousCluster",
            "InstanceType": resources["InstanceType"],
            "InstanceCount": resources["InstanceCount"],
        }
    ]
    members = [group for group in groups for _ in range(group["InstanceCount"])]
    return [
        Host(f"algo-{number}", group["InstanceGroupName"], group["InstanceType"])
        for number, group in enumerate(members, start=1)
    ]


def lay_out(folder: Path, request: Mapping[str, Any], host: Host, hosts: Sequence[Host]) -> None:
    """Make a host's folders and its configuration files."""
    for name in ("input/config", "input/data", "model", "output/data", CHECKPOINTS, "code"):
        (folder / name).mkdir(parents=True)
    config = folder / "input" / "config"
    _write(config / "hyperparameters.json", request.get("HyperParameters", {}))
    _write(config / "inputdataconfig.json", _channels(request))
    _write(config / "resourceconfig.json", _resources(host, hosts))
    if "CheckpointConfig" in request:
        _write(config / "checkpointconfig.json", {"LocalPath": str(folder / CHECKPOINTS)})


def failure_text(folder: Path) -> str:
    """Return what the algorithm wrote to output/failure, ``""`` where it wrote nothing."""
    path = folder / "output" / "failure"
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(FAILURE_CHARACTERS).strip()


def _channels(request: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {
        channel["ChannelName"]: {
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
            "TrainingInputMode": input_mode(channel, dict(request)),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        for channel in request.get("InputDataConfig", ())
    }


def _resources(host: Host, hosts: Sequence[Host]) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {}
    for other in hosts:
        group = groups.setdefault(
            other.group,
            {"instance_group_name": other.group, "instance_type": other.instance_type, "hosts": []},
        )
        group["hosts"].append(other.name)
    return {
        "current_host": host.name,
        "current_instance_type": host.instance_type,
        "current_group_name": host.group,
        "hosts": sorted(other.name for other in hosts),
        "instance_groups": list(groups.values()),
        "network_interface_name": NETWORK_INTERFACE,
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
