"""The operations on transform jobs (Batch Transform)."""

from __future__ import annotations

from typing import Any

from sagemaker_spark_py.local import transform_filters
from sagemaker_spark_py.local.calls import Call, Operation
from sagemaker_spark_py.local.errors import AwsError, invalid
from sagemaker_spark_py.local.listing import page
from sagemaker_spark_py.local.models import container_of, find_model
from sagemaker_spark_py.local.transform import DEFAULT_PAYLOAD_MB, transform
from sagemaker_spark_py.local.transform_job import TransformJob

MAX_MB_AT_ONCE = 100  # API reference: MaxConcurrentTransforms * MaxPayloadInMB


def create(call: Call) -> dict[str, Any]:
    """CreateTransformJob: check, register, and transform in a thread of its own."""
    request = call.parameters
    name = request["TransformJobName"]
    arn = call.region.arn("transform-job", name)
    container = container_of(find_model(call, request["ModelName"]))
    _check(request)
    job = TransformJob(request, arn, call.region, call.cloud, container)
    with call.region.lock:
        if name in call.region.transform_jobs:
            raise AwsError(
                "ResourceInUse",
                "Job name must be unique within an AWS account and region, and a job with this name already "
                f"exists ({arn})",
            )
        call.region.transform_jobs[name] = job
        call.keep_tags(arn)
    call.cloud.in_background(f"transform {name}", lambda: transform(job))
    return {"TransformJobArn": arn}


def describe(call: Call) -> dict[str, Any]:
    """DescribeTransformJob."""
    return _find(call).describe()


def stop(call: Call) -> dict[str, Any]:
    """StopTransformJob: what is being transformed is given up; outputs that are complete stay."""
    job = _find(call)
    if not job.request_stop():
        raise invalid(
            "The request was rejected because the transform job is in status "
            f"{job.status}. Only jobs in status InProgress can be stopped."
        )
    return {}


def list_all(call: Call) -> dict[str, Any]:
    """ListTransformJobs."""
    with call.region.lock:
        summaries = [job.summary() for job in call.region.transform_jobs.values()]
    found, token = page(summaries, call.parameters, name="TransformJobName", status="TransformJobStatus")
    return {"TransformJobSummaries": found, **token}


def _find(call: Call) -> TransformJob:
    name = call.parameters["TransformJobName"]
    job = call.region.transform_jobs.get(name)
    if job is None:
        arn = call.region.arn("transform-job", name)
        raise AwsError("ResourceNotFound", f'Could not find requested job with name: "{arn}".')
    return job  # type: ignore[no-any-return]


def _check(request: dict[str, Any]) -> None:
    """Refuse what botocore's model allows and SageMaker does not."""
    data_type = request["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"]
    if data_type not in ("S3Prefix", "ManifestFile"):
        raise invalid(f"Transform jobs read S3DataType S3Prefix or ManifestFile, not {data_type}.")
    payload_mb = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)
    concurrent = max(1, request.get("MaxConcurrentTransforms", 1))
    if payload_mb * concurrent > MAX_MB_AT_ONCE:
        raise invalid(
            "MaxConcurrentTransforms * MaxPayloadInMB must be less than or equal to "
            f"{MAX_MB_AT_ONCE}: {concurrent} * {payload_mb}."
        )
    transform_filters.check(request)


OPERATIONS = {
    "CreateTransformJob": Operation(create),
    "DescribeTransformJob": Operation(describe),
    "StopTransformJob": Operation(stop),
    "ListTransformJobs": Operation(list_all),
}
