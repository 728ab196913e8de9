"""Objects read as files, also over connections that break."""

import random
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sagemaker_spark_py.errors import AccessError, NotFoundError, ServiceError
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service.reading import open_object
from sagemaker_spark_py.service.session import Session

DATA = random.Random(1).randbytes(3_000_000)


@pytest.fixture
def path(s3, place):
    s3.put_object(Bucket=place.bucket, Key="a/b", Body=DATA)
    return S3DataPath(place.bucket, "a/b")


def test_it_reads_all_in_pieces_of_any_size(session, path):
    with open_object(session, path) as file:
        assert file.read(10) == DATA[:10]
        assert file.read(2_000_000) == DATA[10:2_000_010]
        assert file.read() == DATA[2_000_010:]
        assert file.read(5) == b""


def test_it_can_begin_in_the_middle(session, path):
    with open_object(session, path, 2_999_990) as file:
        assert file.read() == DATA[-10:]


def test_an_empty_object_has_no_bytes(session, s3, place):
    s3.put_object(Bucket=place.bucket, Key="empty", Body=b"")
    assert open_object(session, S3DataPath(place.bucket, "empty")).read() == b""


def test_a_missing_object_is_named_when_it_is_read(session, place):
    file = open_object(session, S3DataPath(place.bucket, "none"))
    with pytest.raises(NotFoundError, match=f"s3://{place.bucket}/none"):
        file.read(1)


class Breaking(BaseHTTPRequestHandler):
    """Sends at most `sends` bytes of the data per answer, whatever it promised."""

    protocol_version = "HTTP/1.1"
    sends, etag, asked = 1_000_000, '"one"', []

    def do_GET(self):
        type(self).asked.append((self.headers.get("Range"), self.headers.get("If-Match")))
        if self.headers.get("If-Match") not in (None, self.etag):
            self.send_error(412)
            return
        start = int(re.sub(r"\D", "", self.headers.get("Range") or "0"))
        rest = DATA[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.send_header("ETag", self.etag)
        self.end_headers()
        self.wfile.write(rest[: self.sends])
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def breaking(monkeypatch):
    handler = type("Handler", (Breaking,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield handler, Session("us-east-1", endpointUrls=(("s3", f"http://127.0.0.1:{server.server_port}"),))
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_connection_that_breaks_is_taken_up_where_it_was(breaking):
    handler, session = breaking
    assert open_object(session, S3DataPath("bucket", "key")).read() == DATA
    ranges, versions = zip(*handler.asked, strict=True)
    assert ranges == (None, "bytes=1000000-", "bytes=2000000-")
    assert versions == (None, '"one"', '"one"')


def test_an_object_that_changes_meanwhile_is_not_mixed(breaking):
    handler, session = breaking
    file = open_object(session, S3DataPath("bucket", "key"))
    file.read(10)
    handler.etag = '"two"'
    with pytest.raises(ServiceError, match="412"):
        file.read()


def test_it_gives_up_where_nothing_comes(breaking):
    handler, session = breaking
    handler.sends = 0
    with pytest.raises(ServiceError, match="s3://bucket/key"):
        open_object(session, S3DataPath("bucket", "key")).read()
    assert len(handler.asked) == 6


def test_a_refusal_is_final(session, place, monkeypatch):
    file = open_object(Session("us-east-1", profile=None), S3DataPath(place.bucket, "a"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessError, match="credentials"):
        file.read()
