"""Hosting: model, endpoint config and endpoint, made in this order and waited for."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from sagemaker_spark_py.errors import (
    ResourceCreationError,
    SageMakerSparkError,
    ServiceError,
    SettingError,
)
from sagemaker_spark_py.resources import CreatedResources
from sagemaker_spark_py.service import taken
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.hints import hint
from sagemaker_spark_py.service.logs import ENDPOINT_GROUP, last_lines
from sagemaker_spark_py.service.polling import Pace, poll
from sagemaker_spark_py.service.progress import State, Watch, nothing
from sagemaker_spark_py.service.session import Session

ENDPOINT_PACE = Pace(timeout_seconds=30 * 60)
"""Endpoints come up in minutes, or not at all."""

SETTLED = frozenset({"InService", "Failed", "OutOfService", "UpdateRollbackFailed", "Deleting"})
"""Statuses from which a new endpoint does not come to serve, or does already; all others are in progress."""

_log = logging.getLogger(__name__)


class _Step(NamedTuple):
    kind: str
    field: str
    stem: str
    member: str


_STEPS = (
    _Step("Model", "model_name", "model", "ModelName"),
    _Step("Endpoint config", "endpoint_config_name", "endpoint_config", "EndpointConfigName"),
    _Step("Endpoint", "endpoint_name", "endpoint", "EndpointName"),
)


@dataclass(frozen=True)
class Hosting:
    """The requests that make one endpoint; see `requests`."""

    model: dict[str, Any]
    endpoint_config: dict[str, Any]
    endpoint: dict[str, Any]

    @property
    def endpoint_name(self) -> str:
        """Name of the endpoint."""
        return str(self.endpoint["EndpointName"])


def create_endpoint(
    session: Session,
    hosting: Hosting,
    *,
    watch: Watch = nothing,
    pace: Pace = ENDPOINT_PACE,
) -> CreatedResources:
    """Make a model, an endpoint config and an endpoint on the driver, and wait until it serves.

    Nothing is rolled back, so that one can look; `SageMakerResourceCleanup` deletes what an error names.

    Parameters
    ----------
    session, hosting : Session, Hosting
        How to reach SageMaker, and the three requests.
    watch : callable
        Gets a `State` after each look at the endpoint.
    pace : Pace
        How often to look and when to give up; by default after 30 minutes.

    Raises
    ------
    ResourceCreationError
        If a step fails; carries what exists by then.
    """
    created = CreatedResources()
    client = session.client("sagemaker")
    try:
        for step, request in zip(
            _STEPS, (hosting.model, hosting.endpoint_config, hosting.endpoint), strict=True
        ):
            name = request[step.member]
            with translated(f"{step.kind} {name!r}"):
                getattr(client, f"create_{step.stem}")(**request)
            created = replace(created, **{step.field: name})
        _wait_until_it_serves(session, hosting.endpoint_name, watch, pace)
    except SageMakerSparkError as error:
        raise _not_made(hosting, created, error) from error
    except KeyboardInterrupt:
        _log.warning("Interrupted. These exist and may cost: %s", created)
        raise
    return created


def require_unused(session: Session, model_name: str, config_name: str, endpoint_name: str) -> None:
    """Refuse names that a model, an endpoint config and an endpoint bear, with one call to AWS for each.

    Raises
    ------
    ServiceError
        If one is taken, or SageMaker cannot be reached. Who may not describe them is told by
        `create_endpoint`.
    """
    advice = "Choose another, or delete it."
    for step, name in zip(_STEPS, (model_name, config_name, endpoint_name), strict=True):
        subject = f"{step.kind} {name!r}"
        taken.require_unused(subject, partial(_describe, session, step, name), advice)


def _describe(session: Session, step: _Step, name: str) -> dict[str, Any]:
    with translated(f"{step.kind} {name!r}"):
        return dict(getattr(session.client("sagemaker"), f"describe_{step.stem}")(**{step.member: name}))


def describe_endpoint(session: Session, name: str) -> dict[str, Any]:
    """Return what SageMaker says about an endpoint.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    return _describe(session, _STEPS[-1], name)


def serving_endpoint(session: Session, name: str) -> dict[str, Any]:
    """Return the description of an endpoint that serves.

    Raises
    ------
    SettingError
        If it is in any other status than InService.
    NotFoundError
        If there is none of that name.
    """
    endpoint = describe_endpoint(session, name)
    if endpoint["EndpointStatus"] != "InService":
        raise SettingError(
            f"Endpoint {name!r} does not serve: its status is {endpoint['EndpointStatus']}; "
            "expected InService. Wait for it, or name another one."
        )
    return endpoint


def endpoint_state(endpoint: dict[str, Any], elapsed_seconds: float) -> State:
    """Return what a description of an endpoint says, for a `Watch`."""
    status = endpoint["EndpointStatus"]
    return State(f"Endpoint {endpoint['EndpointName']!r}", status, "", elapsed_seconds, status in SETTLED)


def _wait_until_it_serves(session: Session, name: str, watch: Watch, pace: Pace) -> None:
    started = pace.clock()

    def look() -> dict[str, Any]:
        endpoint = describe_endpoint(session, name)
        watch(endpoint_state(endpoint, pace.clock() - started))
        return endpoint

    try:
        endpoint = poll(look, lambda endpoint: endpoint["EndpointStatus"] in SETTLED, pace)
    except TimeoutError as error:
        raise ServiceError(f"Endpoint {name!r} does not serve: {error}; expected InService.") from error
    if endpoint["EndpointStatus"] != "InService":
        raise _failed(session, endpoint)


def _failed(session: Session, endpoint: dict[str, Any]) -> ServiceError:
    name, status = endpoint["EndpointName"], endpoint["EndpointStatus"]
    reason = endpoint.get("FailureReason", "")
    lines = last_lines(session, f"{ENDPOINT_GROUP}{name}")
    parts = [
        f"Endpoint {name!r} is {status}: {(reason or 'SageMaker gives no reason').rstrip('.')}.",
        hint(reason),
        "Last lines of its log:\n" + "\n".join(f"  {line}" for line in lines) if lines else "",
    ]
    return ServiceError("\n".join(part for part in parts if part))


def _not_made(
    hosting: Hosting, created: CreatedResources, error: SageMakerSparkError
) -> ResourceCreationError:
    advice = (
        "Nothing was made."
        if created == CreatedResources()
        else f"What was made and still exists: {created}. "
        "SageMakerResourceCleanup(client).deleteResources(error.createdResources) deletes it."
    )
    return ResourceCreationError(
        f"Endpoint {hosting.endpoint_name!r} was not made.\n{error}\n{advice}", created
    )
