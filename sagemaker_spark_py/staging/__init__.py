"""DataFrames to S3, exactly once."""

from sagemaker_spark_py.staging.formats import FORMATS, StagingFormat
from sagemaker_spark_py.staging.plan import Plan, SparkPlan, plan
from sagemaker_spark_py.staging.reading import read_recordio
from sagemaker_spark_py.staging.shared import SharedRows
from sagemaker_spark_py.staging.staged import Part, Staged
from sagemaker_spark_py.staging.write import require_enough, write

__all__ = [
    "FORMATS",
    "Part",
    "Plan",
    "SharedRows",
    "SparkPlan",
    "Staged",
    "StagingFormat",
    "plan",
    "read_recordio",
    "require_enough",
    "write",
]
