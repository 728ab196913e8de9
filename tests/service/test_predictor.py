"""One array at a time through an endpoint."""

import io

import boto3
import numpy as np
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from sagemaker_spark_py.errors import ResponseError, ServiceError
from sagemaker_spark_py.service import Predictor, predictor


class Aws:
    """A session with a client of the runtime that answers as told."""

    def __init__(self):
        self.runtime = boto3.client("sagemaker-runtime", region_name="us-east-1")
        self.stub = Stubber(self.runtime)
        self.stub.activate()

    def client(self, service):
        return self.runtime


def npy(array):
    body = io.BytesIO()
    np.save(body, array)
    return body.getvalue()


def streamed(body):
    return {"Body": StreamingBody(io.BytesIO(body), len(body)), "ContentType": "text/csv"}


def test_arrays_travel_both_ways():
    aws, data = Aws(), np.arange(6.0).reshape(2, 3)
    expected = {
        "EndpointName": "e",
        "ContentType": predictor.NPY,
        "Accept": predictor.NPY,
        "Body": npy(data),
    }
    aws.stub.add_response("invoke_endpoint", streamed(npy(data * 2)), expected)
    assert (Predictor("e", aws).predict(data.tolist()) == data * 2).all()


@pytest.mark.parametrize("body", [b"1,2", b"", npy(np.zeros(3))[:-4]])
def test_an_answer_that_is_no_array_is_named(body):
    aws = Aws()
    aws.stub.add_response("invoke_endpoint", streamed(body))
    with pytest.raises(ResponseError, match="did not answer with an array: text/csv"):
        Predictor("e", aws).predict([1.0])


def test_a_refusal_of_the_model_is_told():
    aws = Aws()
    aws.stub.add_client_error("invoke_endpoint", "ModelError", "it says no", 424)
    with pytest.raises(ServiceError, match="it says no"):
        Predictor("e", aws).predict([1.0])
