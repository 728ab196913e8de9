"""A transform job from its start to its end: instances that serve the model and share the input objects.

Each object is downloaded, cut into requests, answered in order and uploaded as ``<its path>.out``. One that
fails gets no output and makes the job fail, but only when all others have been tried. The requests of one
object go one after the other; as many objects as MaxConcurrentTransforms says are under way on an instance.
"""

from __future__ import annotations

import gzip
import logging
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, NamedTuple
from uuid import uuid4

import urllib3
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_spark_py.local import channels, store
from sagemaker_spark_py.local.channels import Item
from sagemaker_spark_py.local.cloud import now
from sagemaker_spark_py.local.instances import DEFAULT_STARTUP_SECONDS, Instance, StartFailed
from sagemaker_spark_py.local.logs import LogStream
from sagemaker_spark_py.local.transform_filters import Filters
from sagemaker_spark_py.local.transform_job import STOP, TransformJob
from sagemaker_spark_py.local.transform_records import ObjectFailed, mini_batches, records

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/TransformJobs"
# Defaults of the CreateTransformJob API reference.
DEFAULT_PAYLOAD_MB = 6
DEFAULT_INVOCATION_SECONDS = 600
DEFAULT_RETRIES = 3
REASON_CHARACTERS = 1024
MESSAGE_CHARACTERS = 400
DONE = "done"
STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}
TOO_BUSY = 429


def transform(job: TransformJob) -> None:
    """Run a job to its end; the body of the job's thread."""
    run = _Run(job)
    try:
        reason = run.to_the_end()
    except channels.DataDownloadError as error:
        reason = f"ClientError: Data download failed:{error}"
    except Exception as error:
        if job.cloud.closing.is_set():
            return
        logger.exception("transform job %s: the local SageMaker failed", job.name)
        reason = f"InternalServerError: {error!r}"
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)
    if job.stop_asked.is_set():
        job.enter("Stopped")
    else:
        job.enter("Failed" if reason else "Completed", reason[:REASON_CHARACTERS])


class Limits(NamedTuple):
    """How an instance is asked."""

    concurrent: int
    payload_mb: int
    strategy: str

    @classmethod
    def of(cls, request: dict[str, Any], offered: dict[str, Any]) -> Limits:
        """Return what the request says, else the container's /execution-parameters, else the defaults."""
        names = {wire: name for name, wire in STRATEGIES.items()}
        strategy = names.get(str(offered.get("BatchStrategy")), "MultiRecord")
        return cls(
            max(1, request.get("MaxConcurrentTransforms") or int(offered.get("MaxConcurrentTransforms", 1))),
            request.get("MaxPayloadInMB", int(offered.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB))),
            request.get("BatchStrategy", strategy),
        )

    @property
    def shown(self) -> str:
        """The limits as SageMaker's log names them."""
        return (
            f"MaxConcurrentTransforms={self.concurrent}, MaxPayloadInMB={self.payload_mb}, "
            f"BatchStrategy={STRATEGIES[self.strategy]}"
        )

    @property
    def body_bytes(self) -> int | None:
        """Most bytes of a request; `None` where a payload of 0 MB asks for no limit."""
        return self.payload_mb * 1024 * 1024 or None


class _Worker(Instance):
    """One instance of a job."""

    def __init__(self, job: TransformJob) -> None:
        own = {**job.container.get("Environment", {}), **_environment(job.request)}
        super().__init__(
            job.cloud, job.region.name, (job.name, "transform"), {**job.container, "Environment": own}
        )
        self.log_group, self.stream = LOG_GROUP, f"{job.name}/i-{uuid4().hex[:17]}"

    def _not_well(self) -> str:
        return "The primary container did not pass the ping health check. See job logs for more information"


class _Run:
    """One run of one job."""

    def __init__(self, job: TransformJob) -> None:
        self._job = job
        self._request = job.request
        self._s3 = job.cloud.client("s3", job.region.name)
        self._filters = Filters(job.request)
        self._failures: list[str] = []
        self._lock = threading.Lock()
        self.folder = job.cloud.home / "transform" / job.region.account / job.region.name / job.name

    def to_the_end(self) -> str:
        """Return the FailureReason, ``""`` where all is well or the job was stopped."""
        found = channels.items(self._request["TransformInput"], "File", self._s3)
        self.folder.mkdir(parents=True)
        # An object is never shared, so further instances would stay idle.
        count = min(self._request["TransformResources"]["InstanceCount"], len(found))
        workers = [_Worker(self._job) for _ in range(count)]
        threads = [
            threading.Thread(target=self._work, args=(worker, found[number::count]), daemon=True)
            for number, worker in enumerate(workers)
        ]
        self._job.start()
        try:
            for thread in threads:
                thread.start()
            self._supervise(len(threads))
        finally:
            for worker in workers:
                worker.stop()
            for thread in threads:
                thread.join()
        return self._failures[0] if self._failures else ""

    def _supervise(self, running: int) -> None:
        """Wait until all instances are done or a stop is asked for."""
        while running and self._job.events.get() != STOP:
            running -= 1

    def _work(self, worker: _Worker, items: Sequence[Item]) -> None:
        """Do one instance's share."""
        try:
            worker.start()
            if self._job.stop_asked.is_set():  # the end may have come before there was a container to end
                worker.stop()
                return
            worker.await_ping(DEFAULT_STARTUP_SECONDS)
            limits = Limits.of(self._request, worker.execution_parameters())
            log = _DataLog(self._job, worker.stream)
            log.write([limits.shown])
            with ThreadPoolExecutor(limits.concurrent, thread_name_prefix=self._job.name) as pool:
                list(pool.map(lambda item: self._transform(worker, limits, log, item), items))
        except StartFailed as error:
            self._fail(f"AlgorithmError: {error}")
        except Exception as error:
            logger.exception("transform job %s: the local SageMaker failed", self._job.name)
            self._fail(f"InternalServerError: {error!r}")
        finally:
            self._job.events.put(DONE)

    def _transform(self, worker: _Worker, limits: Limits, log: _DataLog, item: Item) -> None:
        """Bring one object to its output, or note why it has none."""
        if self._job.stop_asked.is_set():
            return
        place = self.folder / uuid4().hex
        try:
            self._answer(worker, limits, item, place)
        except (ClientError, BotoCoreError, S3UploadFailedError) as error:
            self._note(log, item, f"ClientError: {error}")
        except (OSError, EOFError) as error:
            self._note(log, item, f"ClientError: The object cannot be read: {error}")
        except ObjectFailed as error:
            self._note(log, item, str(error))

    def _answer(self, worker: _Worker, limits: Limits, item: Item, place: Path) -> None:
        source, target = place.with_suffix(".in"), place.with_suffix(".out")
        store.download(self._s3, item.bucket, item.key, source)
        with self._open(source) as file, target.open("wb") as out:
            split_type = self._request["TransformInput"].get("SplitType", "None")
            found = ((record, self._filters.apply_input(record)) for record in records(file, split_type))
            originals = []

            def sent() -> Any:
                for original, filtered in found:
                    originals.append(original)
                    yield filtered

            for body, batch in mini_batches(sent(), limits.strategy, limits.body_bytes):
                answer = self._ask(worker, body)
                out.write(self._assembled(self._filters.apply_output(originals[: len(batch)], answer)))
                del originals[: len(batch)]
        output = self._request["TransformOutput"]
        settings = store.encryption(output.get("KmsKeyId"))
        store.upload(self._s3, target, f"{output['S3OutputPath'].rstrip('/')}/{item.path}.out", settings)
        source.unlink()
        target.unlink()

    def _open(self, path: Path) -> IO[bytes]:
        gzipped = self._request["TransformInput"].get("CompressionType") == "Gzip"
        return gzip.open(path) if gzipped else path.open("rb")  # type: ignore[return-value]

    def _assembled(self, answer: bytes) -> bytes:
        by_line = self._request["TransformOutput"].get("AssembleWith") == "Line"
        return answer + b"\n" if by_line and not answer.endswith(b"\n") else answer

    def _ask(self, worker: _Worker, body: bytes) -> bytes:
        """Send one request, again where that may help, and return its answer."""
        client = self._request.get("ModelClientConfig", {})
        seconds = client.get("InvocationsTimeoutInSeconds", DEFAULT_INVOCATION_SECONDS)
        problem = ""
        for _ in range(1 + client.get("InvocationsMaxRetries", DEFAULT_RETRIES)):
            if self._job.stop_asked.is_set():
                break
            try:
                answer = worker.invoke(body, self._headers(), seconds)
            except urllib3.exceptions.ReadTimeoutError:
                problem = f"AlgorithmError: No response from algorithm within {seconds} seconds"
            except urllib3.exceptions.HTTPError:
                problem = "AlgorithmError: Unable to get response from algorithm"
            else:
                if 200 <= answer.status < 300:
                    return answer.data
                problem = _bad_status(answer)
                if answer.status < 500 and answer.status != TOO_BUSY:
                    break
        raise ObjectFailed(problem)

    def _headers(self) -> dict[str, str]:
        source, target = self._request["TransformInput"], self._request["TransformOutput"]
        wanted = {"Content-Type": source.get("ContentType"), "Accept": target.get("Accept")}
        return {name: value for name, value in wanted.items() if value}

    def _note(self, log: _DataLog, item: Item, problem: str) -> None:
        if not self._job.stop_asked.is_set():
            log.write([f"{item.bucket}/{item.key}: {line}" for line in problem.splitlines()])
            kind, _, text = problem.partition(": ")
            self._fail(f"{kind}: {item.uri}: {text}. See job logs for more information")

    def _fail(self, reason: str) -> None:
        with self._lock:
            self._failures.append(reason)


class _DataLog:
    """What SageMaker itself says about the data, beside the container's own log."""

    def __init__(self, job: TransformJob, stream: str) -> None:
        logs = job.cloud.client("logs", job.region.name)
        self._stream = LogStream(logs, LOG_GROUP, f"{stream}/data-log")

    def write(self, lines: Sequence[str]) -> None:
        moment = now().isoformat(timespec="milliseconds").partition("+")[0]
        self._stream.write([f"{moment}:[sagemaker logs]: {line}" for line in lines])


def _environment(request: dict[str, Any]) -> dict[str, str]:
    """Return what tells a container that it serves a transform job."""
    concurrent = request.get("MaxConcurrentTransforms")
    return {
        **request.get("Environment", {}),
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)),
        "SAGEMAKER_BATCH_STRATEGY": STRATEGIES[request.get("BatchStrategy", "MultiRecord")],
        **({"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(concurrent)} if concurrent else {}),
    }


def _bad_status(answer: urllib3.BaseHTTPResponse) -> str:
    kind = "ClientError" if answer.status < 500 else "AlgorithmError"
    message = answer.data.decode("utf-8", "replace")[:MESSAGE_CHARACTERS]
    return f"{kind}: Bad HTTP status received from algorithm: {answer.status}\nMessage: {message}"
