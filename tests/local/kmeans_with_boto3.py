"""K-Means on SageMaker with boto3 alone, as a user without Spark writes it.

Runs unchanged against AWS: set ROLE_ARN and credentials instead of the local SageMaker's environment.
"""

import io
import json
import os
import time

import boto3
import numpy as np
from sklearn.datasets import load_digits

from sagemaker_spark_py.recordio import write_numpy_to_dense_tensor

ROLE_ARN = os.environ.get("ROLE_ARN", "arn:aws:iam::123456789012:role/service-role/SageMakerRole")
IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"
OFTEN = {"Delay": 1}


def upload(s3, bucket, images, parts):
    for number, part in enumerate(np.array_split(images, parts)):
        body = io.BytesIO()
        write_numpy_to_dense_tensor(body, part)
        body.seek(0)
        s3.upload_fileobj(body, bucket, f"train/part-{number}.pbr")


def train(sagemaker, bucket, name, features):
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{bucket}/train/",
        "S3DataDistributionType": "ShardedByS3Key",
    }
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE_ARN,
        HyperParameters={"k": "10", "feature_dim": str(features)},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "ContentType": "application/x-recordio-protobuf",
                "DataSource": {"S3DataSource": source},
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/models/"},
        ResourceConfig={"InstanceType": "ml.c4.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig=OFTEN)
    return sagemaker.describe_training_job(TrainingJobName=name)


def deploy(sagemaker, name, artifacts):
    container = {"Image": IMAGE, "ModelDataUrl": artifacts}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE_ARN, PrimaryContainer=container)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m4.xlarge",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=OFTEN)


def predict(runtime, name, images):
    body = io.StringIO()
    np.savetxt(body, images, delimiter=",", fmt="%g")
    answer = runtime.invoke_endpoint(
        EndpointName=name, ContentType="text/csv", Accept="application/json", Body=body.getvalue()
    )
    return json.load(answer["Body"])["predictions"]


def delete(sagemaker, s3, name, bucket):
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=OFTEN)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": item["Key"]} for item in page["Contents"]]}
        )
    s3.delete_bucket(Bucket=bucket)


def main():
    """Return the digits' labels and the cluster that each was put in."""
    sagemaker, s3, runtime = (boto3.client(name) for name in ("sagemaker", "s3", "sagemaker-runtime"))
    account = boto3.client("sts").get_caller_identity()["Account"]
    name = f"kmeans-digits-{int(time.time())}"
    bucket = f"{name}-{account}"
    s3.create_bucket(Bucket=bucket)
    images, labels = load_digits(return_X_y=True)
    upload(s3, bucket, images, parts=4)
    job = train(sagemaker, bucket, name, images.shape[1])
    if job["TrainingJobStatus"] != "Completed":
        raise RuntimeError(job["FailureReason"])
    deploy(sagemaker, name, job["ModelArtifacts"]["S3ModelArtifacts"])
    one = predict(runtime, name, images[:1])
    many = predict(runtime, name, images)
    delete(sagemaker, s3, name, bucket)
    return labels, one, many


if __name__ == "__main__":
    labels, one, many = main()
    print(f"{len(many)} digits in {len({row['closest_cluster'] for row in many})} clusters")
