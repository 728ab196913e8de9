"""The HTTP loop: connections that stay open, whatever the application does with a request."""

import http.client
import io
import socket
import threading

import pytest

from sagemaker_spark_py.local.http_server import Dropped, listen


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raise":
        raise RuntimeError("a bug")
    if path == "/drop":
        raise Dropped
    body = environ["wsgi.input"].read() if path != "/ignore" else b""
    answer = [b"got ", b"%d" % len(body)]
    headers = [] if path == "/chunks" else [("Content-Length", str(sum(map(len, answer))))]
    start_response("200 OK", headers)
    return answer


@pytest.fixture(scope="module")
def port():
    server = listen(application, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.port
    server.shutdown()
    server.server_close()


@pytest.fixture
def connection(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.connect()
    yield connection
    connection.close()


def ask(connection, path, body=None, method="POST", **headers):
    connection.request(method, path, body=body, headers=headers, encode_chunked=bool(headers))
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_a_connection_serves_many_requests(connection):
    place = connection.sock.getsockname()
    for size in (0, 1, 100_000):
        assert ask(connection, "/", bytes(size)) == (200, b"got %d" % size)
    assert connection.sock.getsockname() == place


def test_a_body_that_nobody_read_does_not_disturb_the_next_request(connection):
    place = connection.sock.getsockname()
    assert ask(connection, "/ignore", bytes(3_000_000)) == (200, b"got 0")
    assert ask(connection, "/", b"123") == (200, b"got 3")
    assert connection.sock.getsockname() == place


def test_bodies_and_answers_may_come_in_chunks(connection):
    assert ask(connection, "/chunks", io.BytesIO(b"12345"), **{"Transfer-Encoding": "chunked"}) == (
        200,
        b"got 5",
    )
    assert ask(connection, "/", b"1") == (200, b"got 1")


def test_an_answer_to_head_has_no_body(connection):
    assert ask(connection, "/", method="HEAD") == (200, b"")
    assert ask(connection, "/", b"1") == (200, b"got 1")


def test_a_bug_is_a_500_and_the_connection_lives(connection, caplog):
    status, body = ask(connection, "/raise", b"12")
    assert (status, body[:14]) == (500, b"internal error")
    assert "a bug" in caplog.text
    assert ask(connection, "/", b"1") == (200, b"got 1")


def test_a_dropped_request_gets_no_answer(connection):
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(connection, "/drop", b"1")


def test_a_client_that_waits_to_be_told_to_go_on_is_told_so_once(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"ab")
        answer = b""
        while not answer.endswith(b"got 2"):
            answer += sock.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_leaves_in_the_middle_does_no_harm(port, connection):
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly this")
    assert ask(connection, "/", b"1") == (200, b"got 1")
