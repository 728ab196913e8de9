"""Ways to ask a model."""

from collections.abc import Callable

from pyspark.sql import DataFrame

from sagemaker_spark_py.inference import batch, endpoint
from sagemaker_spark_py.inference.batch import BatchCall, BatchData
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.inference.output import output_schema
from sagemaker_spark_py.inference.summary import InvocationSummary, new_total
from sagemaker_spark_py.inference.transformer import Transformer

WAYS: dict[str, Callable[..., DataFrame]] = {"endpoint": endpoint.transform, "batch": batch.transform}
"""By name: what takes a DataFrame, a call and whether to prepend its columns, and returns predictions."""

__all__ = [
    "WAYS",
    "BatchCall",
    "BatchData",
    "EndpointCall",
    "InvocationSummary",
    "Transformer",
    "new_total",
    "output_schema",
]
