"""A SageMaker endpoint of our own on localhost, for an unmodified boto3."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.config import Config

from sagemaker_spark_py.recordio import decode, encode_tensors
from sagemaker_spark_py.service.session import Session


class Stub(ThreadingHTTPServer):
    """Answers InvokeEndpoint by calling `model` with the body; keeps what it was sent.

    A model returns bytes, or (status, AWS error code, message[, other members]).
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests = []
        self.model = kmeans
        self.under_way = self.most_under_way = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def bodies(self):
        return [body for _, _, body in self.requests]

    def handle_error(self, request, client_address):
        """Stay quiet: clients may hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        stub = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with stub.lock:
            stub.requests.append((self.path, dict(self.headers), body))
            stub.under_way += 1
            stub.most_under_way = max(stub.most_under_way, stub.under_way)
        try:
            answer = stub.model(body)
        finally:
            with stub.lock:
                stub.under_way -= 1
        self._send(answer)

    def _send(self, answer):
        status, headers = 200, {}
        if not isinstance(answer, bytes):
            status, headers["x-amzn-ErrorType"], message, *members = answer
            answer = json.dumps({"Message": message, **(members or [{}])[0]}).encode()
        self.send_response(status)
        for name, value in {
            **headers,
            "x-amzn-RequestId": "request-1",
            "Content-Length": len(answer),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


def kmeans(body):
    """The sum of each row as distance, its first number as cluster."""
    rows = decode(body).features["values"].dense()
    tensors = {"distance_to_cluster": rows.sum(axis=1), "closest_cluster": rows[:, 0]}
    return encode_tensors({}, tensors).data.tobytes()


@pytest.fixture
def stub():
    with Stub() as server:
        yield server
        server.shutdown()


class OneClient:
    """Stands for a Session; its boto3 client does not repeat requests by itself."""

    def __init__(self, url):
        self.renewed = 0
        config = Config(retries={"total_max_attempts": 1}, read_timeout=10)
        self.runtime = boto3.client("sagemaker-runtime", "us-east-1", endpoint_url=url, config=config)

    def client(self, service, **options):
        assert service == "sagemaker-runtime"
        return self.runtime

    def renew(self, client):
        assert client is self.runtime
        self.renewed += 1


@pytest.fixture
def one_client(stub):
    return OneClient(stub.url)


@pytest.fixture
def session(stub):
    """A real session, which can be pickled."""
    return Session("us-east-1", endpointUrls=(("sagemaker-runtime", stub.url),))
