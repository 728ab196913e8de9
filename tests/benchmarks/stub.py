"""An endpoint that costs next to nothing, as a process of its own.

It counts the rows of a body (recordIO by the frames, text by the lines) and answers in what was accepted:
records with the two numbers of K-Means, or one number for each row as CSV. With ``echo`` the first two values
of each record come back instead, so that a caller can tell which row an answer belongs to.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import subprocess
import sys
import urllib.request
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache

import numpy as np

from sagemaker_spark_py.recordio import decode

RECORDS = "application/x-recordio-protobuf"
_CONTROL = "/control"
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_FIRST_BUFFER_BYTES = 1 << 16


@dataclass(frozen=True)
class Behaviour:
    """How the stub answers; rates are probabilities between 0 and 1."""

    latency_seconds: float = 0.0
    server_errors: float = 0.0
    throttles: float = 0.0
    drops: float = 0.0
    echo: bool = False
    seed: int = 0


FAULTY = Behaviour(server_errors=0.05, throttles=0.05, drops=0.01)


@dataclass
class Counts:
    """What the stub has seen since it was last told how to behave."""

    requests: int = 0
    answered: int = 0
    rows: int = 0
    bytes: int = 0
    most_at_once: int = 0
    faults: dict[str, int] = field(default_factory=dict)


class Stub:
    """The stub's process, seen from the benchmark."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.stub"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def behave(self, behaviour: Behaviour) -> None:
        """Change how it answers, and start to count anew."""
        self._control(json.dumps(asdict(behaviour)).encode())

    def counts(self) -> Counts:
        """Return what it has seen."""
        return Counts(**json.loads(self._control(None)))

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()

    def _control(self, data: bytes | None) -> bytes:
        with urllib.request.urlopen(self.url + _CONTROL, data=data, timeout=10) as answer:
            return bytes(answer.read())


class _Endpoint:
    """What all connections share."""

    def __init__(self) -> None:
        self.start(Behaviour())

    def start(self, behaviour: Behaviour) -> None:
        self.behaviour, self.counts = behaviour, Counts()
        self._random, self._at_once = random.Random(behaviour.seed), 0

    def fault(self) -> str | None:
        """Draw whether, and how, this request fails."""
        drawn, behaviour = self._random.random(), self.behaviour
        for kind in ("server_errors", "throttles", "drops"):
            drawn -= getattr(behaviour, kind)
            if drawn < 0:
                self.counts.faults[kind] = self.counts.faults.get(kind, 0) + 1
                return kind
        return None

    def begin(self, body: memoryview) -> None:
        self._at_once += 1
        self.counts.requests += 1
        self.counts.bytes += len(body)
        self.counts.most_at_once = max(self.counts.most_at_once, self._at_once)

    def end(self) -> None:
        self._at_once -= 1

    def answer(self, body: memoryview, content_type: str, accept: str) -> bytes:
        """Return what stands for a model's answer."""
        if self.behaviour.echo:
            answer, rows = _echo(body)
        else:
            rows = _count_records(body) if content_type == RECORDS else bytes(body).count(b"\n")
            answer = _records(rows) if accept == RECORDS else _line(rows)
        self.counts.rows += rows
        self.counts.answered += 1
        return answer


def _count_records(body: memoryview) -> int:
    if not len(body):
        return 0
    words = np.frombuffer(body, np.uint32)
    stride = 2 + (int(words[1]) + 3) // 4
    if len(words) % stride == 0 and (words[1::stride] == words[1]).all():
        return len(words) // stride
    at = rows = 0
    while at < len(words):
        at += 2 + (int(words[at + 1]) + 3) // 4
        rows += 1
    return rows


@lru_cache(maxsize=8)
def _records(rows: int) -> bytes:
    return _kmeans(np.zeros(rows, np.float32), np.ones(rows, np.float32))


@lru_cache(maxsize=8)
def _line(rows: int) -> bytes:
    """One line for all rows, which every version of the peer can read."""
    return b",".join([b"0.25"] * rows)


def _echo(body: memoryview) -> tuple[bytes, int]:
    values = decode(body).features["values"].dense()
    return _kmeans(values[:, 0], values[:, 1]), len(values)


def _kmeans(cluster: np.ndarray, distance: np.ndarray) -> bytes:
    """Return answers of K-Means; each record is the same but for its two floats."""
    head = bytes.fromhex("0a23d7ce")
    entries = b""
    for name in (b"closest_cluster", b"distance_to_cluster"):
        tensor = b"\x12\x08\x12\x06\x0a\x04" + bytes(4)
        entry = b"\x0a" + bytes([len(name)]) + name + tensor
        entries += b"\x12" + bytes([len(entry)]) + entry
    record = head + len(entries).to_bytes(4, "little") + entries + bytes(-len(entries) % 4)
    table = np.tile(np.frombuffer(record, np.uint8), (len(cluster), 1))
    ends = (8 + entries.index(b"distance") - 4, 8 + len(entries))
    for end, column in zip(ends, (cluster, distance), strict=True):
        table[:, end - 4 : end] = column.astype("<f4").view(np.uint8).reshape(-1, 4)
    return table.tobytes()


def _unchunked(body: memoryview) -> memoryview:
    """Return the bytes of a body that was sent in chunks, most of which are as long as the first one."""
    line, size = _chunk(body, 0)
    stride = line + size + 2
    table = np.frombuffer(body, np.uint8)[: len(body) // stride * stride].reshape(-1, stride)
    unlike = np.flatnonzero((table[:, :line] != table[0, :line]).any(axis=1))
    alike = int(unlike[0]) if len(unlike) else len(table)
    pieces, at = [table[:alike, line : line + size].tobytes()], alike * stride
    while size:
        line, size = _chunk(body, at)
        pieces.append(bytes(body[at + line : at + line + size]))
        at += line + size + 2
    return memoryview(b"".join(pieces))


def _chunk(body: memoryview, at: int) -> tuple[int, int]:
    """Return the bytes of a chunk's first line, and of its contents."""
    line = bytes(body[at : at + 16]).split(b"\r\n")[0]
    return len(line) + 2, int(line, 16)


class _Connection(asyncio.BufferedProtocol):
    """One connection; requests come one after the other, and bodies are received where they stay."""

    def __init__(self, endpoint: _Endpoint) -> None:
        self._endpoint = endpoint
        self._buffer = bytearray(_FIRST_BUFFER_BYTES)
        self._filled = 0
        self._head_bytes = 0
        self._total_bytes = 0
        self._headers: dict[str, str] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        if self._filled == len(self._buffer):
            self._grow(2 * self._filled)
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        if not self._head_bytes:
            self._read_head()
        if self._head_bytes and self._is_complete():
            body = memoryview(self._buffer)[self._head_bytes : self._filled]
            self._head_bytes = self._filled = 0
            self._answer(_unchunked(body) if self._is_chunked() else body)

    def _read_head(self) -> None:
        end = self._buffer.find(b"\r\n\r\n", 0, self._filled)
        if end < 0:
            return
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._path = first.split(" ")[1]
        pairs = (line.split(":", 1) for line in lines)
        self._headers = {name.strip().lower(): value.strip() for name, value in pairs}
        self._head_bytes = end + 4
        self._total_bytes = self._head_bytes + int(self._headers.get("content-length", 0))
        if self._total_bytes > len(self._buffer):
            self._grow(self._total_bytes)
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _is_chunked(self) -> bool:
        return "transfer-encoding" in self._headers

    def _is_complete(self) -> bool:
        if not self._is_chunked():
            return self._filled >= self._total_bytes
        # That bytes of a body look like the last chunk, just where a packet ends, is too rare to matter here.
        return self._buffer[self._filled - len(_LAST_CHUNK) : self._filled] == _LAST_CHUNK

    def _grow(self, size_bytes: int) -> None:
        # A new one: somebody may still hold a view of the old one, which then cannot be resized.
        former, self._buffer = self._buffer, bytearray(size_bytes)
        self._buffer[: self._filled] = memoryview(former)[: self._filled]

    def _answer(self, body: memoryview) -> None:
        if self._path == _CONTROL:
            self._send(200, self._controlled(bytes(body)), "application/json")
            return
        self._endpoint.begin(body)
        answer = self._respond(body)
        asyncio.get_running_loop().call_later(self._endpoint.behaviour.latency_seconds, self._finish, *answer)

    def _controlled(self, body: bytes) -> bytes:
        if body:
            self._endpoint.start(replace(Behaviour(), **json.loads(body)))
        return json.dumps(asdict(self._endpoint.counts)).encode()

    def _respond(self, body: memoryview) -> tuple[int, bytes, str]:
        kind = self._endpoint.fault()
        if kind == "server_errors":
            return 500, b'{"Message":"Internal failure"}', "InternalFailure"
        if kind == "throttles":
            return 400, b'{"Message":"Rate exceeded"}', "ThrottlingException"
        if kind == "drops":
            return 0, b"", ""
        accept = self._headers.get("accept", "")
        return 200, self._endpoint.answer(body, self._headers.get("content-type", ""), accept), accept

    def _finish(self, status: int, body: bytes, kind: str) -> None:
        self._endpoint.end()
        if status == 0:
            self._transport.abort()
        else:
            self._send(status, body, kind)

    def _send(self, status: int, body: bytes, kind: str) -> None:
        name = "Content-Type" if status == 200 else "x-amzn-ErrorType"
        extra = "" if status == 200 else "Content-Type: application/json\r\n"
        head = f"HTTP/1.1 {status} -\r\n{extra}{name}: {kind}\r\nContent-Length: {len(body)}\r\n"
        head += "x-amzn-RequestId: stub\r\nx-Amzn-Invoked-Production-Variant: AllTraffic\r\n\r\n"
        self._transport.writelines([head.encode(), body])


async def _serve(port: int) -> None:
    endpoint = _Endpoint()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(endpoint), "127.0.0.1", port, family=socket.AF_INET, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)  # whoever started this process has ended
    await ended.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_serve(parser.parse_args().port))
