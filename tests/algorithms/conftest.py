"""Estimators as tests build them."""

import pytest

from sagemaker_spark_py import IAMRole


@pytest.fixture
def built():
    """Return a function that builds an estimator from its class."""

    def build(cls, **settings):
        settings = {"region": "us-west-2", **settings}
        role = IAMRole("arn:aws:iam::123456789012:role/r")
        return cls("ml.m5.large", 1, "ml.m5.large", 1, sagemakerRole=role, **settings)

    return build
