"""An endpoint's life: Creating, InService, Updating, Deleting, each carried out by a thread."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Mapping
from typing import Any

from sagemaker_spark_py.local.cloud import Cloud, Region, now
from sagemaker_spark_py.local.instances import DEFAULT_STARTUP_SECONDS, Instance, StartFailed
from sagemaker_spark_py.local.models import container_of
from sagemaker_spark_py.local.multi_model import MODE, MultiModelInstance

logger = logging.getLogger(__name__)

ASYNC_TURNS_PER_INSTANCE = 4  # SageMaker chooses a number that it does not publish


class Variant:
    """A production variant in service: its instances in turn."""

    def __init__(
        self, settings: Mapping[str, Any], image: str, instances: list[Instance | MultiModelInstance]
    ) -> None:
        self.name: str = settings["VariantName"]
        self.settings = settings
        self.image = image
        self.weight: float = settings.get("InitialVariantWeight", 1.0)
        self.instances = instances
        self.several_models = isinstance(instances[0], MultiModelInstance)
        self._turn = itertools.cycle(instances)
        self._lock = threading.Lock()
        # How many requests a serverless variant answers at a time; instances take any number.
        self.turns = threading.Semaphore(settings.get("ServerlessConfig", {}).get("MaxConcurrency", 1))

    def next_instance(self) -> Instance | MultiModelInstance:
        """Return the instance whose turn it is."""
        with self._lock:
            return next(self._turn)

    def describe(self) -> dict[str, Any]:
        """Return the variant as DescribeEndpoint shows it."""
        image = {"SpecifiedImage": self.image, "ResolvedImage": self.image, "ResolutionTime": now()}
        answer = {
            "VariantName": self.name,
            "DeployedImages": [image],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.weight,
        }
        if "ServerlessConfig" in self.settings:
            return {**answer, "CurrentServerlessConfig": self.settings["ServerlessConfig"]}
        count = len(self.instances)
        return {**answer, "CurrentInstanceCount": count, "DesiredInstanceCount": count}


class Endpoint:
    """What is known about an endpoint, and the instances that serve it.

    Parameters
    ----------
    name, arn : str
    config : dict
        The endpoint configuration as it was at creation.
    models : mapping of str to dict
        The models of its variants; deleting them later does not matter to the endpoint.
    """

    def __init__(
        self, region: Region, cloud: Cloud, name: str, config: dict[str, Any], models: Mapping[str, Any]
    ) -> None:
        self.name = name
        self.arn = region.arn("endpoint", name)
        self.status = "Creating"
        self.failure_reason = ""
        self.variants: list[Variant] = []
        self.config = config
        self.async_turns = threading.Semaphore(_async_turns(config))
        self._models = dict(models)
        self._region = region
        self._cloud = cloud
        self._created = self._modified = now()
        self._lock = threading.RLock()
        logger.info("endpoint %s: Creating", name)

    def bring_up(self) -> None:
        """Start every variant; the body of the endpoint's first thread."""
        try:
            self.variants = self._start(self.config, self._models)
        except StartFailed as error:
            self._move("Failed", str(error))
        except Exception as error:
            logger.exception("endpoint %s: the local SageMaker failed", self.name)
            self._move("Failed", f"InternalServerError: {error!r}")
        else:
            self._move("InService")

    def update(self, config: dict[str, Any], models: Mapping[str, Any]) -> None:
        """Start the variants of another configuration and let them replace the present ones."""
        try:
            fresh = self._start(config, models)
        except StartFailed as error:
            self._move("InService", str(error))  # the old instances serve on
            return
        old, self.variants, self.config = self.variants, fresh, config
        self._move("InService")
        _stop(old)

    def begin(self, status: str) -> None:
        """Enter Updating or Deleting."""
        self._move(status)

    def take_down(self) -> None:
        """End every instance and forget the endpoint; the body of its last thread."""
        _stop(self.variants)
        self.variants = []
        with self._region.lock:
            self._region.endpoints.pop(self.name, None)
        logger.info("endpoint %s: deleted", self.name)

    def describe(self) -> dict[str, Any]:
        """Return DescribeEndpoint's answer."""
        with self._lock:
            return {
                **self.summary(),
                "EndpointConfigName": self.config["EndpointConfigName"],
                "ProductionVariants": [variant.describe() for variant in self.variants] or None,
                "FailureReason": self.failure_reason or None,
            }

    def summary(self) -> dict[str, Any]:
        """Return the endpoint as ListEndpoints shows it."""
        return {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "CreationTime": self._created,
            "LastModifiedTime": self._modified,
            "EndpointStatus": self.status,
        }

    def _move(self, status: str, reason: str = "") -> None:
        with self._lock:
            if self.status == "Deleting":
                return
            self.status, self.failure_reason, self._modified = status, reason, now()
        logger.info("endpoint %s: %s%s", self.name, status, f" ({reason})" if reason else "")

    def _start(self, config: dict[str, Any], models: Mapping[str, Any]) -> list[Variant]:
        """Start all instances of all variants, then wait for each; none is left where one fails."""
        variants = [self._prepare(settings, models) for settings in config["ProductionVariants"]]
        try:
            for variant in variants:
                for instance in variant.instances:
                    instance.start()
            for variant in variants:
                startup = variant.settings.get(
                    "ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_SECONDS
                )
                for instance in variant.instances:
                    instance.await_ping(startup)
        except BaseException:
            _stop(variants)
            raise
        return variants

    def _prepare(self, settings: Mapping[str, Any], models: Mapping[str, Any]) -> Variant:
        definition = container_of(models[settings["ModelName"]])
        place = (self.name, settings["VariantName"])
        count = settings.get("InitialInstanceCount", 1)
        kind: type[Instance | MultiModelInstance]
        kind = MultiModelInstance if definition.get("Mode") == MODE else Instance
        instances = [kind(self._cloud, self._region.name, place, definition) for _ in range(count)]
        return Variant(settings, definition["Image"], instances)


def _async_turns(config: Mapping[str, Any]) -> int:
    """Return how many asynchronous requests an endpoint works on at a time."""
    client = config.get("AsyncInferenceConfig", {}).get("ClientConfig", {})
    instances = sum(variant.get("InitialInstanceCount", 1) for variant in config["ProductionVariants"])
    return int(client.get("MaxConcurrentInvocationsPerInstance", ASYNC_TURNS_PER_INSTANCE) * instances)


def _stop(variants: list[Variant]) -> None:
    for variant in variants:
        for instance in variant.instances:
            instance.stop()
