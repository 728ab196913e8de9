"""Asking an endpoint from the driver, one array at a time."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from sagemaker_spark_py.errors import ResponseError
from sagemaker_spark_py.resources import CreatedResources
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.cleanup import SageMakerResourceCleanup
from sagemaker_spark_py.service.session import Session

NPY = "application/x-npy"


class Predictor:
    """Predicts for NumPy arrays through an endpoint; for trying things out, where `transform` is for data.

    Arrays travel in NumPy's format both ways, which script-mode images read and write by themselves.

    Parameters
    ----------
    endpoint_name : str
        An endpoint in service.
    session : Session, optional
        How to reach SageMaker; default boto3's chains.

    Examples
    --------
    >>> predictor = model.predictor()  # doctest: +SKIP
    >>> predictor.predict(np.zeros((1, 64)))  # doctest: +SKIP
    >>> predictor.delete_endpoint()  # doctest: +SKIP
    """

    def __init__(self, endpoint_name: str, session: Session | None = None) -> None:
        self.endpoint_name = endpoint_name
        self._session = session or Session.resolve()

    def predict(self, data: Any) -> np.ndarray[Any, Any]:
        """Return the answer to one array.

        Parameters
        ----------
        data : array-like
            Sent as it is; most models want the shape (rows, features). At most 6 MB as bytes.

        Returns
        -------
        ndarray
            As the model answers.

        Raises
        ------
        ServiceError
            If the endpoint refuses or fails.
        ResponseError
            If the answer is not an array in NumPy's format.
        """
        body = io.BytesIO()
        np.save(body, np.asarray(data), allow_pickle=False)
        with translated(f"Endpoint {self.endpoint_name!r}"):
            answer = self._session.client("sagemaker-runtime").invoke_endpoint(
                EndpointName=self.endpoint_name, ContentType=NPY, Accept=NPY, Body=body.getvalue()
            )
            content = answer["Body"].read()
        try:
            array: np.ndarray[Any, Any] = np.load(io.BytesIO(content), allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise ResponseError(
                f"Endpoint {self.endpoint_name!r} did not answer with an array: {answer.get('ContentType')}; "
                f"expected {NPY}. Let output_fn answer as it is asked, or use transform()."
            ) from error
        return array

    def delete_endpoint(self) -> None:
        """Delete the endpoint, its config and the models it serves; wait until the endpoint is gone.

        Raises
        ------
        CleanupError
            If something could not be deleted.
        """
        sagemaker = self._session.client("sagemaker")
        with translated(f"Endpoint {self.endpoint_name!r}"):
            config = sagemaker.describe_endpoint(EndpointName=self.endpoint_name)["EndpointConfigName"]
            variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        cleanup = SageMakerResourceCleanup(sagemaker)
        cleanup.deleteResources(CreatedResources(None, config, self.endpoint_name))
        for variant in variants:
            cleanup.deleteResources(CreatedResources(variant["ModelName"]))
