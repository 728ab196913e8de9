"""What a training script is told: the arguments and the ``SM_`` variables of AWS's training toolkit.

Facts: aws/sagemaker-training-toolkit, ``environment.py``, ``mapping.py`` and ``params.py``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from sagemaker_spark_py.containers.job import Job
from sagemaker_spark_py.errors import ContainerError

_OWN_PREFIX = "sagemaker_"
_TOOLKITS_OWN = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_container_log_level",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_job_name",
        "sagemaker_region",
        "sagemaker_s3_output",
    }
)
"""Hyperparameters that the toolkit itself reads; others of their prefix are for the framework."""
_NOT_ALONE = frozenset(
    {
        "additional_framework_parameters",
        "channel_input_dirs",
        "distribution_hosts",
        "hyperparameters",
        "is_master",
        "is_modelparallel_enabled",
        "is_smddpmprun_installed",
        "is_smddprun_installed",
        "job_name",
        "master_hostname",
        "topology",
    }
)
"""What stands in SM_TRAINING_ENV only, or has a variable of another name."""
_INFO = 20


def program_of(settings: Mapping[str, str]) -> str:
    """Return the name of the script from hyperparameters and environment.

    Raises
    ------
    ContainerError
        If none is named.
    """
    program = decoded(settings.get("sagemaker_program", "")) or settings.get("SAGEMAKER_PROGRAM", "")
    if not isinstance(program, str) or not program:
        raise ContainerError(
            "No script is named; expected the hyperparameter sagemaker_program, or SAGEMAKER_PROGRAM in the "
            "environment"
        )
    return program


def decoded(text: str) -> Any:
    """Return the value that a hyperparameter's JSON stands for; what is no JSON stands for itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def user_arguments(hyperparameters: Mapping[str, str]) -> list[str]:
    """Return the script's arguments: ``--name value`` for each hyperparameter of the user's, by name."""
    arguments = []
    for name, value in sorted(_own(hyperparameters).items()):
        arguments += [f"-{name}" if len(name) == 1 else f"--{name}", _argument(value)]
    return arguments


def environment_of(job: Job) -> dict[str, str]:
    """Return the whole environment of the script."""
    known = _known(job)
    named = {
        **known,
        "training_env": known,
        "user_args": user_arguments(job.hyperparameters),
        "channels": sorted(job.channels),
        "hps": known["hyperparameters"],
        "framework_params": known["additional_framework_parameters"],
        **{f"channel_{name}": path for name, path in known["channel_input_dirs"].items()},
        **{f"hp_{name}": value for name, value in known["hyperparameters"].items()},
    }
    told = {f"SM_{name.upper()}": _text(value) for name, value in named.items() if name not in _NOT_ALONE}
    return {**job.environment, **told}


def _own(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    given = {name: decoded(text) for name, text in hyperparameters.items()}
    return {name: value for name, value in given.items() if not name.startswith(_OWN_PREFIX)}


def _known(job: Job) -> dict[str, Any]:
    """Return what the toolkit knows of a job, by its names; the content of SM_TRAINING_ENV."""
    program = program_of({**job.environment, **job.hyperparameters})
    theirs = {
        name: decoded(text) for name, text in job.hyperparameters.items() if name.startswith(_OWN_PREFIX)
    }
    resources = job.config("resourceconfig")
    groups = {group["instance_group_name"]: group for group in resources.get("instance_groups", ())}
    return {
        "additional_framework_parameters": {k: v for k, v in theirs.items() if k not in _TOOLKITS_OWN},
        "channel_input_dirs": {name: str(channel.folder) for name, channel in job.channels.items()},
        "current_host": job.host,
        "current_instance_group": resources.get("current_group_name", "homogeneousCluster"),
        "current_instance_group_hosts": list(job.hosts),
        "current_instance_type": resources.get("current_instance_type", ""),
        "distribution_hosts": list(job.hosts),
        "distribution_instance_groups": [resources.get("current_group_name", "homogeneousCluster")],
        "framework_module": None,
        "hosts": list(job.hosts),
        "hyperparameters": _own(job.hyperparameters),
        "input_config_dir": str(job.base / "input" / "config"),
        "input_data_config": job.config("inputdataconfig"),
        "input_dir": str(job.base / "input"),
        "instance_groups": list(groups),
        "instance_groups_dict": groups,
        "is_hetero": len(groups) > 1,
        "is_master": job.leads,
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": theirs.get("sagemaker_job_name") or job.environment.get("TRAINING_JOB_NAME", ""),
        "log_level": theirs.get("sagemaker_container_log_level", _INFO),
        "master_hostname": job.hosts[0],
        "model_dir": str(job.model_dir),
        "module_dir": theirs.get("sagemaker_submit_directory", str(job.base / "code")),
        "module_name": program.removesuffix(".py"),
        "network_interface_name": resources.get("network_interface_name", "lo"),
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": _gpus(),
        "num_neurons": 0,
        "output_data_dir": str(job.base / "output" / "data"),
        "output_dir": str(job.base / "output"),
        "output_intermediate_dir": str(job.base / "output" / "intermediate"),
        "resource_config": resources,
        "topology": [],
        "user_entry_point": program,
    }


def _argument(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ",".join(f"{name}={entry}" for name, entry in sorted(value.items()))
    return str(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _gpus() -> int:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    listed = subprocess.run([tool, "--list-gpus"], capture_output=True, text=True, check=False)
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
