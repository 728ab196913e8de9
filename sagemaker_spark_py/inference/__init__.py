"""Ways to ask a model."""

from sagemaker_spark_py.inference import endpoint
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.inference.output import output_schema
from sagemaker_spark_py.inference.summary import InvocationSummary, new_total

WAYS = {"endpoint": endpoint.transform}
"""By name: what takes a DataFrame, a call and whether to prepend its columns, and returns predictions."""

__all__ = ["WAYS", "EndpointCall", "InvocationSummary", "new_total", "output_schema"]
