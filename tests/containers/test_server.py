from __future__ import annotations

import http.client
import json
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from sagemaker_spark_py.containers.server import (
    DEFAULT_BODY_BYTES,
    ContainerServer,
    Request,
    Response,
    max_body_bytes,
)
from sagemaker_spark_py.errors import ContainerError

both_are_here = threading.Barrier(2, timeout=30)


def _handle(request: Request) -> Response:
    if request.body == b"refuse":
        raise ContainerError("no such thing", 406)
    if request.body == b"fail":
        raise KeyError("a bug")
    if request.body == b"meet":
        both_are_here.wait()
    return Response(request.body + b"|" + request.accept.encode(), request.content_type or "none")


@pytest.fixture
def port() -> Iterator[int]:
    with ContainerServer(0, _handle, limit_bytes=1000) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def connection(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    yield connection
    connection.close()


def _post(
    connection: http.client.HTTPConnection, body: bytes, path: str = "/invocations"
) -> tuple[int, bytes]:
    connection.request("POST", path, body, {"Content-Type": "text/csv", "Accept": "text/csv"})
    response = connection.getresponse()
    return response.status, response.read()


def test_requests_share_one_connection(connection: http.client.HTTPConnection) -> None:
    assert _post(connection, b"1") == (200, b"1|text/csv")
    kept = connection.sock
    assert _post(connection, b"refuse")[0] == 406
    assert _post(connection, b"2") == (200, b"2|text/csv")
    assert connection.sock is kept


def test_connections_are_served_at_the_same_time(port: int) -> None:
    answers: list[tuple[int, bytes]] = []
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(2)]
    threads = [threading.Thread(target=lambda c=c: answers.append(_post(c, b"meet"))) for c in connections]
    for thread in threads:
        thread.start()
    for thread, connection in zip(threads, connections, strict=True):
        thread.join(timeout=60)
        connection.close()
    assert [status for status, _ in answers] == [200, 200]


def test_a_refusal_has_its_status_and_text(connection: http.client.HTTPConnection) -> None:
    assert _post(connection, b"refuse") == (406, b"no such thing")


def test_a_bug_is_an_error_of_the_server(connection: http.client.HTTPConnection) -> None:
    status, body = _post(connection, b"fail")
    assert status == 500
    assert b"KeyError" in body


def test_a_large_body_is_refused_before_it_is_read(connection: http.client.HTTPConnection) -> None:
    assert _post(connection, b"x" * 1000)[0] == 200
    status, body = _post(connection, b"x" * 5_000_000)
    assert status == 413
    assert body == b"the body is too large: 5000000 bytes; expected at most 1000"


def test_a_body_of_unknown_size_is_refused(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/invocations", iter([b"1"]), encode_chunked=True)
    assert connection.getresponse().status == 411


def test_other_paths_are_not_found(connection: http.client.HTTPConnection) -> None:
    assert _post(connection, b"1", "/else")[0] == 404
    connection.request("GET", "/else")
    assert connection.getresponse().status == 404


def test_a_client_may_ask_before_it_sends(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        )
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(b"abc")
        assert b"200 OK" in client.recv(100)


def test_health_has_no_body(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/ping")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")


def test_batch_transform_is_told_the_limits(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/execution-parameters")
    limits = json.loads(connection.getresponse().read())
    assert limits == {
        "MaxConcurrentTransforms": os.cpu_count(),
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 1,
    }


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, DEFAULT_BODY_BYTES),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "20"}, 20 * 1024 * 1024),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "0"}, DEFAULT_BODY_BYTES),
        ({"MAX_CONTENT_LENGTH": "1000", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "20"}, 1000),
    ],
)
def test_the_environment_sets_the_largest_body(environment: dict[str, str], expected: int) -> None:
    assert max_body_bytes(environment) == expected
