"""Training jobs and endpoints of the trivial image, in few words."""

import io
import json
import tarfile
from uuid import uuid4

ROLE = "arn:aws:iam::123456789012:role/service-role/Tester"
ECHO_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:1"
QUICK = {"Delay": 0.1, "MaxAttempts": 600}


def unique(word):
    return f"{word}-{uuid4().hex[:12]}"


def channel(uri, name="train", data_type="S3Prefix", distribution="FullyReplicated", **more):
    source = {"S3DataType": data_type, "S3Uri": uri, "S3DataDistributionType": distribution}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}


def request(bucket, channels=(), hosts=1, mode="File", name=None, parameters=None, **more):
    return {
        "TrainingJobName": name or unique("job"),
        "AlgorithmSpecification": {"TrainingImage": ECHO_IMAGE, "TrainingInputMode": mode},
        "RoleArn": ROLE,
        "HyperParameters": parameters or {},
        **({"InputDataConfig": list(channels)} if channels else {}),
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/out"},
        "ResourceConfig": {"InstanceType": "ml.m4.xlarge", "InstanceCount": hosts, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def poll(ask, until):
    """Ask until the answer is as wanted; the test's own timeout is the limit."""
    while not until(answer := ask()):
        pass
    return answer


def finish(sm, name):
    ended = ("Completed", "Failed", "Stopped")
    return poll(
        lambda: sm.describe_training_job(TrainingJobName=name), lambda job: job["TrainingJobStatus"] in ended
    )


def run(sm, request):
    sm.create_training_job(**request)
    return finish(sm, request["TrainingJobName"])


def put(s3, bucket, **objects):
    for key, body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def unpack(s3, uri):
    """Return the files of a tar.gz in S3 as text, by name."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return {member.name: tar.extractfile(member).read().decode() for member in tar if member.isfile()}


def seen(s3, job):
    """Return what each host of a finished job of the trivial image saw."""
    files = unpack(s3, job["ModelArtifacts"]["S3ModelArtifacts"])
    return {name.removesuffix(".json"): json.loads(text) for name, text in files.items() if "json" in name}


def channel_files(host):
    """Return the content of a host's channel files by relative path."""
    return {path: bytes.fromhex(text) for path, text in host["files"].items()}


def archive(**files):
    """Return a model.tar.gz."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()


def create_model(sm, s3, bucket, environment=None, image=ECHO_IMAGE, body=None):
    name = unique("model")
    s3.put_object(Bucket=bucket, Key=f"{name}/model.tar.gz", Body=body or archive(weights="1"))
    container = {
        "Image": image,
        "ModelDataUrl": f"s3://{bucket}/{name}/model.tar.gz",
        "Environment": environment or {},
    }
    sm.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    return name


def variant(model, name="AllTraffic", count=1, **more):
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.t2.medium",
        "InitialInstanceCount": count,
        **more,
    }


def create_endpoint(sm, *variants):
    name = unique("endpoint")
    sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants))
    sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


def settle(sm, name):
    moving = ("Creating", "Updating")
    return poll(
        lambda: sm.describe_endpoint(EndpointName=name), lambda it: it["EndpointStatus"] not in moving
    )


def delete_endpoint(sm, name):
    sm.delete_endpoint(EndpointName=name)
    sm.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=QUICK)
