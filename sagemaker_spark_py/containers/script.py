"""Script mode: a user's own training script and inference functions, as AWS's framework images run them.

The contract is that of AWS's training and inference toolkits (aws/sagemaker-training-toolkit and
aws/sagemaker-inference-toolkit), read from their source and kept here in little code: the first brings 264 MB
of packages that a process without a cluster has no use for, and the server of the second does not start
without Java. The script runs in the interpreter that runs the local SageMaker, with the packages that are
installed there.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from sagemaker_spark_py.containers.job import Hosting, Job
from sagemaker_spark_py.containers.requirements import provide
from sagemaker_spark_py.containers.script_environment import environment_of, program_of, user_arguments
from sagemaker_spark_py.containers.script_serving import load_functions
from sagemaker_spark_py.containers.server import Handler
from sagemaker_spark_py.errors import ContainerError

_LOG = logging.getLogger(__name__)
_ERROR_LINES = 100
_DRAIN_SECONDS = 2.0
_ERROR_CHARACTERS = 800  # of the 1,024 that SageMaker shows of a failure


class Script:
    """The container of every framework image."""

    def train(self, job: Job) -> None:
        """Run the script to its end.

        Raises
        ------
        ContainerError
            If no script is named or it is not there, or requirements are not met.
        SystemExit
            If the script fails.
        """
        program = program_of({**job.environment, **job.hyperparameters})
        code = job.base / "code"
        _require(code / program)
        paths = provide(code, job.base / "packages", job.environment)
        command = [*_starter(program), *user_arguments(job.hyperparameters)]
        environment = {**environment_of(job), "PYTHONPATH": _python_path([code, *paths], job.environment)}
        _LOG.info("Invoking script with the following command:\n\n%s\n", _shown(command))
        Path(environment["SM_OUTPUT_INTERMEDIATE_DIR"]).mkdir(parents=True, exist_ok=True)
        exit_code, errors = _run(command, code, environment)
        if exit_code:
            if not job.has_failure:
                job.write_failure(_failure(exit_code, errors, command))
            raise SystemExit(1)  # whatever the script's own was
        _LOG.info("Reporting training SUCCESS")

    def load(self, hosting: Hosting) -> Handler:
        """Load the model with the user's functions and return what answers with them.

        Raises
        ------
        ContainerError
            If the script is not there, or lacks or contradicts itself in its functions.
        """
        code = _hosted_code(hosting)
        program = hosting.environment.get("SAGEMAKER_PROGRAM", "inference.py")
        _require(code / program)
        paths = provide(code, hosting.model_dir.parent / "packages", hosting.environment)
        sys.path[:0] = [str(code), *map(str, paths)]
        return load_functions(code / program, hosting).handler()


def _hosted_code(hosting: Hosting) -> Path:
    """Return where the inference code is: in the model, or brought from where the environment says."""
    elsewhere = hosting.environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "").startswith("s3://")
    return hosting.model_dir.parent / "code" if elsewhere else hosting.model_dir / "code"


def _require(script: Path) -> None:
    if not script.is_file():
        raise ContainerError(
            f"The script is not there: {script.name!r} is not in {script.parent}; expected the name of a "
            "file in the source archive"
        )


def _starter(program: str) -> list[str]:
    if program.endswith(".py"):
        return [sys.executable, program]
    return ["/bin/sh", "-c", 'chmod +x "$0" && exec "$0" "$@"', f"./{program}"]


def _python_path(folders: Sequence[Path], environment: Mapping[str, str]) -> str:
    return ":".join(filter(None, [*map(str, folders), environment.get("PYTHONPATH", "")]))


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command; return its exit code (below 0 for a signal) and the end of its standard error.

    SIGTERM is handed on to it: it decides what to do with the time that is left.
    """
    process = subprocess.Popen(command, cwd=folder, env=dict(environment), stderr=subprocess.PIPE)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    last: deque[bytes] = deque(maxlen=_ERROR_LINES)
    assert process.stderr is not None
    reader = threading.Thread(target=_pass_on, args=(process.stderr, last), daemon=True)
    reader.start()
    code = process.wait()
    reader.join(_DRAIN_SECONDS)  # what the script has left running may hold the pipe open
    return code, b"".join(last).decode("utf-8", "replace")


def _pass_on(errors: IO[bytes], last: deque[bytes]) -> None:
    with errors:
        for line in errors:
            sys.stderr.buffer.write(line)
            sys.stderr.flush()
            last.append(line)


def _failure(exit_code: int, errors: str, command: Sequence[str]) -> str:
    """Word a script's failure as AWS's toolkit does."""
    text = errors[max(0, errors.rfind("Traceback (most recent call last)")) :].strip()
    shown = text if len(text) <= _ERROR_CHARACTERS else f"…{text[-_ERROR_CHARACTERS:]}"
    return (
        f'ExecuteUserScriptError:\nExitCode {exit_code}\nErrorMessage "{shown}"\nCommand "{_shown(command)}"'
    )


def _shown(command: Sequence[str]) -> str:
    return " ".join(command)


CONTAINER = Script()
