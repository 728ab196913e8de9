"""Run one image: ``python -m sagemaker_spark_py.containers train|serve <repository>:<tag>``.

The process ends by itself when its standard input does: nothing outlives the SageMaker that started it.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from sagemaker_spark_py.containers import FRAMEWORKS, IMAGES, Container, load_container, split_uri, supports
from sagemaker_spark_py.containers.job import Hosting, Job
from sagemaker_spark_py.errors import ContainerError

_LOG = logging.getLogger(__name__)
_USAGE = "usage: python -m sagemaker_spark_py.containers train|serve <repository>:<tag>"


def main(arguments: list[str]) -> int:
    """Run the image named in `arguments` and return the exit code."""
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    settings = {**os.environ, **Job.from_folder(base, os.environ).hyperparameters}
    if len(arguments) != 2 or arguments[0] not in _VERBS or not supports(arguments[1], settings):
        sys.stderr.write(f"{_USAGE}\nimages: {', '.join((*IMAGES, *FRAMEWORKS))}\n")
        return 2
    _log_to_stdout()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    verb, image = arguments
    return _VERBS[verb](image, load_container(split_uri(image)[0], settings), base, os.environ)


def _train(image: str, container: Container, base: Path, environment: Mapping[str, str]) -> int:
    job = Job.from_folder(base, environment, split_uri(image)[1])
    try:
        container.train(job)
    except ContainerError as error:
        _LOG.error("Customer Error: %s", error)
        job.write_failure(f"ClientError: {error}")
        return 1
    except Exception as error:  # noqa: BLE001 - whatever goes wrong must become the job's FailureReason
        _LOG.exception("Algorithm Error")
        job.write_failure(f"AlgorithmError: {type(error).__name__}: {error}")
        return 1
    return 0


def _serve(image: str, container: Container, base: Path, environment: Mapping[str, str]) -> int:
    from sagemaker_spark_py.containers.server import ContainerServer, max_body_bytes

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        repository, tag = split_uri(image)
        handler = container.load(Hosting(base / "model", environment, tag, repository))
    except ContainerError as error:
        _LOG.error("Customer Error: %s", error)
        return 1
    port = int(environment.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    with ContainerServer(port, handler, max_body_bytes(environment)) as server:
        _LOG.info("serving %s on port %d", image, server.server_port)
        server.serve_forever()
    return 0


def _log_to_stdout() -> None:
    """Log in the form of AWS's containers."""
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="[%(asctime)s %(levelname)s %(thread)d] %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
    )


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # with whatever a script has started
    os._exit(1)


_VERBS = {"train": _train, "serve": _serve}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
