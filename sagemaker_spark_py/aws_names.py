"""The module names of AWS's package, so that its users change nothing but the package's name.

``from sagemaker_spark_py.S3Resources import S3DataPath`` finds our ``resources`` module under AWS's name. No
module is loaded twice, so classes are the same whichever way they are imported.
"""

import sys

from sagemaker_spark_py import estimator, model, names, resources, service

sys.modules.update(
    {
        "sagemaker_spark_py.IAMRoleResource": resources,
        "sagemaker_spark_py.NamePolicy": names,
        "sagemaker_spark_py.S3Resources": resources,
        "sagemaker_spark_py.SageMakerClients": service,
        "sagemaker_spark_py.SageMakerEstimator": estimator,
        "sagemaker_spark_py.SageMakerModel": model,
        "sagemaker_spark_py.SageMakerResourceCleanup": service,
    }
)
