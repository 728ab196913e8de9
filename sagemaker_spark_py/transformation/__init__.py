"""Rows and bodies: request serializers and response deserializers."""

from sagemaker_spark_py.transformation import deserializers, serializers

__all__ = ["deserializers", "serializers"]
