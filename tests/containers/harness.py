"""Run container processes as the local SageMaker does, and speak to them over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

RECORDIO = "application/x-recordio-protobuf"
START_SECONDS = 60


@dataclass
class ChannelData:
    """Files of one channel, and what the job says of it."""

    files: dict[str, bytes]
    content_type: str | None = None
    mode: str = "File"
    distribution: str = "FullyReplicated"


@dataclass
class Host:
    """One host's folder in the role of /opt/ml."""

    base: Path
    name: str = "algo-1"
    hosts: tuple[str, ...] = ("algo-1",)
    environment: dict[str, str] = field(default_factory=dict)

    def lay_out(self, hyperparameters: Mapping[str, str], channels: Mapping[str, ChannelData]) -> Host:
        config = self.base / "input" / "config"
        config.mkdir(parents=True)
        (self.base / "model").mkdir()
        _write_json(config / "hyperparameters.json", dict(hyperparameters))
        _write_json(
            config / "resourceconfig.json",
            {"current_host": self.name, "hosts": list(self.hosts), "network_interface_name": "lo"},
        )
        _write_json(config / "inputdataconfig.json", {name: _entry(data) for name, data in channels.items()})
        for name, data in channels.items():
            folder = self.base / "input" / "data" / name
            folder.parent.mkdir(parents=True, exist_ok=True)
            if data.mode != "Pipe":
                folder.mkdir()
                for file, content in data.files.items():
                    (folder / file).parent.mkdir(parents=True, exist_ok=True)
                    (folder / file).write_bytes(content)
        return self

    def start(self, verb: str, image: str, **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "sagemaker_spark_py.containers", verb, image],
            cwd=self.base,
            stdin=subprocess.PIPE,
            stdout=(self.base / f"{verb}.log").open("wb"),
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "SAGEMAKER_BASE_DIR": str(self.base),
                "TRAINING_JOB_NAME": "a-job",
                "OMP_NUM_THREADS": "1",
                **self.environment,
                **environment,
            },
        )

    def train(self, image: str) -> Host:
        with self.start("train", image) as process:
            self.exit_code = process.wait(timeout=START_SECONDS)
        return self

    def wait_for_log(self, process: subprocess.Popen[bytes], text: str) -> None:
        """Wait until the running trainer has logged this."""
        deadline = time.monotonic() + START_SECONDS
        while text not in self.log:
            assert process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    @property
    def failure(self) -> str:
        path = self.base / "output" / "failure"
        return path.read_text() if path.exists() else ""

    @property
    def log(self) -> str:
        return (self.base / "train.log").read_text()


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))


def _entry(data: ChannelData) -> dict[str, str]:
    entry = {
        "TrainingInputMode": data.mode,
        "S3DistributionType": data.distribution,
        "RecordWrapperType": "None",
    }
    return entry if data.content_type is None else {**entry, "ContentType": data.content_type}


@dataclass
class Answer:
    status: int
    content_type: str
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Endpoint:
    """A running hosting container."""

    process: subprocess.Popen[bytes]
    port: int

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body if method == "POST" else None, names)
            response = connection.getresponse()
            return Answer(response.status, response.headers.get("Content-Type", ""), response.read())
        finally:
            connection.close()

    def invoke(self, body: bytes, content_type: str = "text/csv", accept: str | None = None) -> Answer:
        headers = {"Content_Type": content_type} if content_type else {}
        return self.request("POST", "/invocations", body, **headers, **({"Accept": accept} if accept else {}))


@contextmanager
def serving(host: Host, image: str, **environment: str) -> Iterator[Endpoint]:
    """Serve the host's model until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = host.start("serve", image, SAGEMAKER_BIND_TO_PORT=str(port), **environment)
    try:
        _wait_until_it_listens(process, port, host.base / "serve.log")
        yield Endpoint(process, port)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=START_SECONDS)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise AssertionError(f"the container does not listen:\n{log.read_text()}")


def csv(values: np.ndarray, labels: np.ndarray | None = None) -> bytes:
    table = values if labels is None else np.column_stack([labels, values])
    return "".join(",".join(map(str, row)) + "\n" for row in table.tolist()).encode()


def recordio(values: np.ndarray, labels: np.ndarray | None = None) -> bytes:
    """Dense records, made here by hand so that the tests do not rest on the package's own encoder."""
    rows = np.asarray(values, dtype="<f4")
    given = [None] * len(rows) if labels is None else np.asarray(labels, dtype="<f4").tolist()
    return b"".join(_frame(_message(_tensor(row), label)) for row, label in zip(rows, given, strict=True))


def sparse_recordio(values: np.ndarray, labels: np.ndarray | None = None) -> bytes:
    """The same rows as sparse records: values and keys of what is not zero, and the shape."""
    rows = np.asarray(values, dtype="<f4")
    given = [None] * len(rows) if labels is None else np.asarray(labels, dtype="<f4").tolist()
    return b"".join(
        _frame(_message(_sparse_tensor(row), label)) for row, label in zip(rows, given, strict=True)
    )


def _frame(message: bytes) -> bytes:
    return struct.pack("<II", 0xCED7230A, len(message)) + message + bytes(-len(message) % 4)


def _message(tensor: bytes, label: float | None) -> bytes:
    message = _field(1, _field(1, b"values") + _field(2, _field(2, tensor)))
    if label is not None:
        value = _tensor(np.array([label], dtype="<f4"))
        message += _field(2, _field(1, b"values") + _field(2, _field(2, value)))
    return message


def _tensor(row: np.ndarray) -> bytes:
    return _field(1, row.tobytes())


def _sparse_tensor(row: np.ndarray) -> bytes:
    keys = np.flatnonzero(row)
    packed = b"".join(_varint(int(key)) for key in keys)
    entries = _field(1, row[keys].tobytes()) + _field(2, packed) if len(keys) else b""
    return entries + _field(3, _varint(len(row)))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def decode_labels(body: bytes) -> dict[str, np.ndarray]:
    """Return the float32 tensors of the label maps, (n, width) by key, by a parser of the tests' own.

    Of a key that a message has twice the last one counts.
    """
    messages = []
    while body:
        magic, length = struct.unpack_from("<II", body)
        assert magic == 0xCED7230A
        entries = [dict(_parse(entry)) for number, entry in _parse(body[8 : 8 + length]) if number == 2]
        messages.append({entry[1].decode(): _numbers(entry[2]) for entry in entries})
        body = body[8 + length + -length % 4 :]
    return {key: np.stack([message[key] for message in messages]) for key in messages[0]}


def _numbers(value: bytes) -> np.ndarray:
    return np.frombuffer(dict(_parse(dict(_parse(value))[2]))[1], "<f4")


def _parse(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each length-delimited field."""
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        length, at = _read_varint(message, at)
        assert tag & 7 == 2
        yield tag >> 3, message[at : at + length]
        at += length


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while message[at] & 0x80:
        value |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | message[at] << shift, at + 1
