"""Deleting what was made for hosting."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from sagemaker_spark_py.errors import CleanupError, NotFoundError, SageMakerSparkError, ServiceError
from sagemaker_spark_py.resources import CreatedResources
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.polling import Pace, poll

CLEANUP_PACE = Pace(poll_seconds=5, timeout_seconds=15 * 60)
"""Deleting an endpoint takes a minute or two."""

_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
"""An endpoint in one of these cannot be deleted yet."""

_log = logging.getLogger(__name__)


class SageMakerResourceCleanup:
    """Deletes models, endpoint configs and endpoints. What is not there counts as deleted.

    Parameters
    ----------
    sagemakerClient : boto3 client of SageMaker
        For example ``model.sagemakerClient``.
    pace : Pace
        How long to wait for an endpoint to be gone; by default 15 minutes.

    Examples
    --------
    >>> SageMakerResourceCleanup(model.sagemakerClient).deleteResources(model.getCreatedResources())
    """

    def __init__(self, sagemakerClient: Any, *, pace: Pace = CLEANUP_PACE) -> None:
        self.sagemakerClient = sagemakerClient
        self._pace = pace

    def deleteResources(self, created_resources: CreatedResources) -> None:
        """Delete an endpoint, then its config, then its model; each is tried whatever became of the others.

        Parameters
        ----------
        created_resources : CreatedResources
            Names to delete; `None` is skipped.

        Raises
        ------
        CleanupError
            If something could not be deleted; carries what is left.
        """
        errors: dict[str, SageMakerSparkError] = {}
        for field, delete in self._in_order().items():
            name = getattr(created_resources, field)
            try:
                if name is not None:
                    delete(name)
            except SageMakerSparkError as error:
                errors[field] = error
        if errors:
            raise _incomplete(created_resources, errors) from next(iter(errors.values()))

    def deleteEndpoint(self, name: str) -> None:
        """Delete an endpoint and wait until it is gone; one that is still being made is waited for first.

        Raises
        ------
        ServiceError
            If SageMaker refuses, or the endpoint is not gone in time.
        """
        try:
            settled = poll(lambda: self._status(name), lambda status: status not in _BUSY, self._pace)
            if settled != "Deleting":
                self._delete("delete_endpoint", "Endpoint", EndpointName=name)
            poll(lambda: self._status(name), lambda status: False, self._pace)
        except NotFoundError:
            _log.info("Endpoint %s is gone", name)
        except TimeoutError as error:
            raise ServiceError(
                f"Endpoint {name!r} could not be deleted: {error}. Look at its status and try again."
            ) from error

    def deleteEndpointConfig(self, name: str) -> None:
        """Delete an endpoint config.

        Raises
        ------
        ServiceError
            If SageMaker refuses.
        """
        self._delete("delete_endpoint_config", "Endpoint config", EndpointConfigName=name)

    def deleteModel(self, name: str) -> None:
        """Delete a model. Its files in S3 stay.

        Raises
        ------
        ServiceError
            If SageMaker refuses.
        """
        self._delete("delete_model", "Model", ModelName=name)

    def _in_order(self) -> dict[str, Callable[[str], None]]:
        return {
            "endpoint_name": self.deleteEndpoint,
            "endpoint_config_name": self.deleteEndpointConfig,
            "model_name": self.deleteModel,
        }

    def _delete(self, operation: str, kind: str, **name: str) -> None:
        subject = f"{kind} {next(iter(name.values()))!r}"
        try:
            with translated(subject):
                getattr(self.sagemakerClient, operation)(**name)
        except NotFoundError:
            _log.info("%s is not there", subject)

    def _status(self, name: str) -> str:
        with translated(f"Endpoint {name!r}"):
            return str(self.sagemakerClient.describe_endpoint(EndpointName=name)["EndpointStatus"])


def _incomplete(asked: CreatedResources, errors: dict[str, SageMakerSparkError]) -> CleanupError:
    left = CreatedResources(**{f.name: getattr(asked, f.name) for f in fields(asked) if f.name in errors})
    causes = "\n".join(str(error) for error in errors.values())
    return CleanupError(f"Not all was deleted; still there: {left}. Try again later.\n{causes}", left)
