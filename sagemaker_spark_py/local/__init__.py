"""SageMaker on localhost for unmodified boto3."""
