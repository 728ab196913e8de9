"""The job settings as they are declared."""

from __future__ import annotations

from sagemaker_spark_py.names import RandomNamePolicyFactory
from sagemaker_spark_py.settings import EstimatorSettings


def test_estimator_arguments_have_documentation() -> None:
    declared = EstimatorSettings._declared_settings()
    assert set(EstimatorSettings._positional.split()) - {"uid"} <= set(declared)
    assert all(s.__doc__ for s in declared.values())
    assert isinstance(declared["namePolicyFactory"].value(None), RandomNamePolicyFactory)
