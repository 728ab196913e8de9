"""The examples in the docstrings do what they show."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["encode", "decode", "files"])
def test_examples(name):
    failed, tried = doctest.testmod(import_module(f"sagemaker_spark_py.recordio.{name}"))
    assert tried
    assert not failed
