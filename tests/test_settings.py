"""The job settings as they are declared."""

from __future__ import annotations

from sagemaker_spark_py import EndpointCreationPolicy, IAMRole, S3DataPath
from sagemaker_spark_py.algorithms import KMeansSageMakerEstimator
from sagemaker_spark_py.names import CustomNamePolicyFactory, RandomNamePolicyFactory
from sagemaker_spark_py.settings import EstimatorSettings
from sagemaker_spark_py.transformation.serializers import UnlabeledCSVRequestRowSerializer


def test_estimator_arguments_have_documentation() -> None:
    declared = EstimatorSettings._declared_settings()
    assert set(EstimatorSettings._positional.split()) - {"uid"} <= set(declared)
    assert all(s.__doc__ for s in declared.values())
    assert isinstance(declared["namePolicyFactory"].value(None), RandomNamePolicyFactory)


def test_values_come_back_as_the_objects_that_were_given() -> None:
    given = {
        "trainingProjectedColumns": ["label", "features"],
        "trainingSparkDataFormatOptions": {"labelColumnName": "label"},
        "modelEnvironmentVariables": {"A": "b"},
        "sagemakerRole": IAMRole("arn:aws:iam::123456789012:role/r"),
        "requestRowSerializer": UnlabeledCSVRequestRowSerializer(),
        "namePolicyFactory": CustomNamePolicyFactory("job", "model", "config", "endpoint"),
        "trainingInputS3DataPath": S3DataPath("bucket", "in"),
        "endpointCreationPolicy": EndpointCreationPolicy.DO_NOT_CREATE,
    }
    estimator = KMeansSageMakerEstimator("ml.m5.large", 1, "ml.m5.large", 1, **given)
    for name, value in given.items():
        assert getattr(estimator, name) == value
        assert type(getattr(estimator, name)) is type(value)
