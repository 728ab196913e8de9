"""AWS on localhost: a SageMaker that really trains and serves, for unmodified SDKs.

``with LocalSageMaker() as aws:`` for code and tests, ``python -m sagemaker_spark_py.local`` as a server.
"""

from sagemaker_spark_py.local.local_sagemaker import LocalSageMaker

__all__ = ["LocalSageMaker"]
