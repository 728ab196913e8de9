"""The operations on training jobs."""

from __future__ import annotations

import logging
from typing import Any

from sagemaker_spark_py.local import channels
from sagemaker_spark_py.local.calls import Call, Operation
from sagemaker_spark_py.local.errors import AwsError, invalid
from sagemaker_spark_py.local.listing import page
from sagemaker_spark_py.local.training import train
from sagemaker_spark_py.local.training_job import TrainingJob

logger = logging.getLogger(__name__)


def create(call: Call) -> dict[str, Any]:
    """CreateTrainingJob: check, register, and train in a thread of its own."""
    request = call.parameters
    name = request["TrainingJobName"]
    arn = call.region.arn("training-job", name)
    algorithm = request["AlgorithmSpecification"]
    _check_resources(request)
    _check_image(call, algorithm)
    channels.check(request, call.cloud.client("s3", call.region.name), call.region.name)
    job = TrainingJob(request, arn, call.region, call.cloud)
    with call.region.lock:
        if name in call.region.training_jobs:
            raise AwsError(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, and a training job "
                f"with this name already exists ({arn})",
            )
        call.region.training_jobs[name] = job
        call.keep_tags(arn)
    call.cloud.in_background(f"training {name}", lambda: train(job))
    return {"TrainingJobArn": arn}


def describe(call: Call) -> dict[str, Any]:
    """DescribeTrainingJob."""
    return _find(call).describe()


def stop(call: Call) -> dict[str, Any]:
    """StopTrainingJob: SIGTERM, grace, SIGKILL; what is in the model folder by then is kept."""
    job = _find(call)
    if not job.request_stop():
        raise invalid(
            "The request was rejected because the training job is in status "
            f"{job.status}. Only jobs in status InProgress can be stopped."
        )
    return {}


def delete(call: Call) -> dict[str, Any]:
    """DeleteTrainingJob: only what has ended."""
    job = _find(call)
    if not job.ended:
        raise AwsError("ResourceInUse", f"The training job is in status {job.status} and cannot be deleted.")
    del call.region.training_jobs[job.name]
    return {}


def list_all(call: Call) -> dict[str, Any]:
    """ListTrainingJobs."""
    with call.region.lock:
        summaries = [job.summary() for job in call.region.training_jobs.values()]
    found, token = page(summaries, call.parameters, name="TrainingJobName", status="TrainingJobStatus")
    return {"TrainingJobSummaries": found, **token}


def _find(call: Call) -> TrainingJob:
    job = call.region.training_jobs.get(call.parameters["TrainingJobName"])
    if job is None:
        raise invalid("Requested resource not found.")
    return job  # type: ignore[no-any-return]


def _check_resources(request: dict[str, Any]) -> None:
    resources = request["ResourceConfig"]
    if "InstanceGroups" in resources:
        return
    for member in ("InstanceType", "InstanceCount"):
        if member not in resources:
            raise invalid(f"ResourceConfig must have {member} or InstanceGroups.")


def _check_image(call: Call, algorithm: dict[str, Any]) -> None:
    image = algorithm.get("TrainingImage")
    if not image:
        raise invalid(
            "AlgorithmSpecification must have a TrainingImage; the local SageMaker has no AlgorithmName."
        )
    settings = {**call.parameters.get("Environment", {}), **call.parameters.get("HyperParameters", {})}
    if not call.cloud.images.supports(image, settings):
        raise call.cloud.images.missing(image, call.parameters["RoleArn"])


REQUIRED = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
OPERATIONS = {
    "CreateTrainingJob": Operation(create, REQUIRED),
    "DescribeTrainingJob": Operation(describe),
    "StopTrainingJob": Operation(stop),
    "DeleteTrainingJob": Operation(delete),
    "ListTrainingJobs": Operation(list_all),
}
