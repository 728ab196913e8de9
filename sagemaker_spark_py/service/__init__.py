"""SageMaker's control plane, S3 and STS through boto3."""
