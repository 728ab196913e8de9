import base64
import hashlib
import io
import random
import threading
import weakref
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import botocore.endpoint
import numpy as np
import pyarrow as pa
import pytest
from botocore.stub import ANY, Stubber

from sagemaker_spark_py.errors import AccessError, NotFoundError, ServiceError, StagingError
from sagemaker_spark_py.service import objects
from sagemaker_spark_py.service.objects import (
    MIB,
    Body,
    abort_uploads,
    delete_objects,
    list_objects,
    part_bytes,
    upload,
)
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session


def stored(s3, place, key):
    return s3.get_object(Bucket=place.bucket, Key=key)["Body"].read()


def crc(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def test_small_stream_is_one_put_with_a_checksum(session, s3, place):
    buffers = [b"ab", bytearray(b"cd"), pa.py_buffer(b"ef"), np.frombuffer(b"gh", np.uint8), b""]
    done = upload(session, place, place.key("x"), buffers)
    assert done == ("some/prefix/x", 8, crc(b"abcdefgh"))
    assert stored(s3, place, "some/prefix/x") == b"abcdefgh"
    head = s3.head_object(Bucket=place.bucket, Key="some/prefix/x", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == done.checksum


def test_buffers_of_any_item_type_are_bytes(session, s3, place):
    upload(session, place, "floats", [np.arange(6, dtype=np.float32).reshape(2, 3)])
    assert stored(s3, place, "floats") == np.arange(6, dtype=np.float32).tobytes()


@pytest.mark.parametrize("buffers", [[], [b""], [b"", b""]])
def test_empty_stream_writes_nothing(session, s3, place, buffers):
    assert upload(session, place, "none", buffers) is None
    assert "Contents" not in s3.list_objects_v2(Bucket=place.bucket)


@pytest.mark.parametrize(
    ("total", "parts"),
    [(8 * MIB, 1), (17 * MIB, 1), (24 * MIB - 1, 1), (24 * MIB, 3), (24 * MIB + 1, 4), (30 * MIB, 4)],
)
def test_long_stream_arrives_whole_in_parts(session, s3, place, total, parts):
    data = random.Random(total).randbytes(total)
    cuts = [0, 3, 5 * MIB, min(17 * MIB, total), total]
    done = upload(session, place, "big", [data[a:b] for a, b in pairwise(cuts)])
    got = stored(s3, place, "big")
    assert hashlib.md5(got).digest() == hashlib.md5(data).digest()
    assert done.bytes == total
    assert s3.head_object(Bucket=place.bucket, Key="big")["ETag"].strip('"').endswith(f"-{parts}") == (
        parts > 1
    )
    assert done.checksum.endswith(f"-{parts}") == (parts > 1)


def test_multipart_checksum_is_the_one_s3_states(session, s3, place):
    done = upload(session, place, "big", [bytes(25 * MIB)])
    head = s3.head_object(Bucket=place.bucket, Key="big", ChecksumMode="ENABLED")
    assert done.checksum.removesuffix("-4") == head["ChecksumCRC32"]  # moto leaves the number of parts out


def test_buffers_are_not_copied_until_they_are_sent():
    data = pa.py_buffer(bytes(10 * MIB))
    bodies = list(objects._bodies([data]))
    addresses = [np.frombuffer(view, np.uint8).ctypes.data for b in bodies for view in b.views]
    assert addresses == [data.address, data.address + 8 * MIB]


def test_no_more_of_the_stream_is_alive_than_stated(session, place, monkeypatch):
    sent, ahead, made = [], [], []
    in_flight = 2

    class Slow:
        def create_multipart_upload(self, **_):
            return {"UploadId": "u"}

        def upload_part(self, **request):
            sent.append(request["ContentLength"])
            return {"ETag": "e"}

        def complete_multipart_upload(self, **_):
            return {}

    def stream():
        for n in range(12):
            ahead.append(n * 4 * MIB - sum(sent))
            buffer = np.zeros(4 * MIB, np.uint8)
            made.append(weakref.ref(buffer))
            yield buffer
            del buffer
        assert [ref() for ref in made[:4]] == [None] * 4  # two parts that have been sent

    monkeypatch.setattr(Session, "client", lambda *_: Slow())
    upload(session, place, "k", stream(), in_flight=in_flight)
    assert max(ahead) <= (in_flight + 1) * 8 * MIB


def test_failing_stream_leaves_no_object_and_no_upload(session, s3, place):
    def stream():
        yield bytes(28 * MIB)
        raise RuntimeError("the row is broken")

    with pytest.raises(RuntimeError, match="the row is broken"):
        upload(session, place, "big", stream())
    assert "Contents" not in s3.list_objects_v2(Bucket=place.bucket)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=place.bucket)


def stubbed(session, service="s3"):
    client = session.client(service)
    ours = Session(session.region, endpointUrls=session.endpointUrls)
    ours._given[service] = client
    return ours, client


def test_refused_part_aborts_the_upload(place):
    ours, client = stubbed(Session("us-east-1", endpointUrls=(("s3", "http://127.0.0.1:9"),)))
    with Stubber(client) as stub:
        stub.add_response("create_multipart_upload", {"UploadId": "u"})
        stub.add_client_error("upload_part", "AccessDenied", "no", 403)
        stub.add_response("abort_multipart_upload", {}, {"Bucket": place.bucket, "Key": "k", "UploadId": "u"})
        with pytest.raises(AccessError, match=rf"Part 1 of S3 object 's3://{place.bucket}/k'.*AccessDenied"):
            upload(ours, place, "k", [bytes(16 * MIB)], in_flight=1)
        stub.assert_no_pending_responses()


def test_owner_and_key_go_with_every_call(session):
    place = Place("bucket", "p", owner="123456789012", kmsKeyId="arn:kms")
    ours, client = stubbed(Session("us-east-1"))
    where = {"Bucket": "bucket", "Key": "p/k", "ExpectedBucketOwner": "123456789012"}
    kms = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:kms"}
    checked = {"Body": ANY, "ContentLength": ANY, "ChecksumAlgorithm": "CRC32", "ChecksumCRC32": ANY}
    with Stubber(client) as stub:
        stub.add_response("put_object", {}, {**where, **kms, **checked})
        upload(ours, place, "p/k", [b"x"])
        stub.add_response(
            "create_multipart_upload", {"UploadId": "u"}, {**where, **kms, "ChecksumAlgorithm": "CRC32"}
        )
        for number in (1, 2):
            part = {**where, **checked, "UploadId": "u", "PartNumber": number}
            stub.add_response("upload_part", {"ETag": "e"}, part)
        stub.add_response("complete_multipart_upload", {}, {**where, "UploadId": "u", "MultipartUpload": ANY})
        upload(ours, place, "p/k", [bytes(16 * MIB)], in_flight=1)
        stub.add_response(
            "list_objects_v2", {}, {"Bucket": "bucket", "Prefix": "p/", "ExpectedBucketOwner": "123456789012"}
        )
        assert list(list_objects(ours, place)) == []
        stub.add_response(
            "delete_objects", {}, {"Bucket": "bucket", "Delete": ANY, "ExpectedBucketOwner": "123456789012"}
        )
        delete_objects(ours, place, ["p/k"])
        stub.assert_no_pending_responses()


def test_put_is_not_signed_over_the_body_and_not_chunked(session, place):
    seen = {}
    client = session.client("s3")
    client.meta.events.register_first(
        "before-send.s3.PutObject", lambda request, **_: seen.update(request.headers)
    )
    upload(session, place, "k", [b"abc"])
    assert seen["X-Amz-Content-SHA256"] == b"UNSIGNED-PAYLOAD"
    assert seen["x-amz-checksum-crc32"] == crc(b"abc").encode()
    assert seen["Content-Length"] == b"3"


class Moody(BaseHTTPRequestHandler):
    """Fails each first attempt and keeps the bodies of all."""

    protocol_version = "HTTP/1.1"
    bodies: dict = {}

    def do_PUT(self):
        self.send_response_only(100)
        self.end_headers()
        attempts = self.bodies.setdefault(self.path, [])
        attempts.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(503 if len(attempts) == 1 else 200)
        self.send_header("ETag", '"e"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_repeated_request_sends_the_whole_body_again(monkeypatch):
    monkeypatch.setattr(botocore.endpoint.time, "sleep", lambda _: None)
    monkeypatch.setattr(Moody, "bodies", {})
    with ThreadingHTTPServer(("127.0.0.1", 0), Moody) as moody:
        threading.Thread(target=moody.serve_forever, daemon=True).start()
        session = Session("us-east-1", endpointUrls=(("s3", f"http://127.0.0.1:{moody.server_port}"),))
        try:
            upload(session, Place("b", ""), "k", [b"abc", bytes(MIB), b"def"])
        finally:
            moody.shutdown()
    (attempts,) = Moody.bodies.values()
    assert attempts == [b"abc" + bytes(MIB) + b"def"] * 2


def test_too_long_stream_says_what_to_do(session, place, monkeypatch):
    monkeypatch.setattr(objects, "_PARTS_MAX", 2)
    with pytest.raises(StagingError, match="Repartition"):
        upload(session, place, "k", [bytes(8 * MIB)] * 3)


def test_parts_grow_within_the_limits_of_s3():
    sizes = [part_bytes(n) for n in range(1, 10_001)]
    assert sizes[0] == sizes[999] == 8 * MIB
    assert sizes[1000] == 16 * MIB
    assert max(sizes) <= 5 * 1024 * MIB
    assert sum(sizes) > 5 * 1024 * 1024 * MIB


def test_missing_bucket_is_named(session):
    with pytest.raises(NotFoundError, match=r"S3 object 's3://no-such-bucket-here/k'.*NoSuchBucket"):
        upload(session, Place("no-such-bucket-here", ""), "k", [b"x"])


def test_listing_takes_all_pages_and_no_sibling(session, s3, place):
    for key in ["some/prefix", "some/prefix2/x", "some/prefix.manifest", "other"]:
        s3.put_object(Bucket=place.bucket, Key=key, Body=b"-")
    keys = [f"some/prefix/{n:04}" for n in range(1005)]
    threads = [
        threading.Thread(
            target=lambda k=keys[t::8]: [s3.put_object(Bucket=place.bucket, Key=x, Body=b"12") for x in k]
        )
        for t in range(8)
    ]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert list(list_objects(session, place)) == [(key, 2) for key in keys]
    delete_objects(session, place, keys)
    left = s3.list_objects_v2(Bucket=place.bucket)["Contents"]
    assert [o["Key"] for o in left] == ["other", "some/prefix", "some/prefix.manifest", "some/prefix2/x"]


def test_deleting_goes_on_after_a_refusal_and_reports_it():
    ours, client = stubbed(Session("us-east-1"))
    keys = [f"k{n}" for n in range(1500)]
    with Stubber(client) as stub:
        for batch, refused in ((keys[:1000], "k7"), (keys[1000:], "k1001")):
            stub.add_response(
                "delete_objects",
                {"Errors": [{"Key": refused, "Code": "AccessDenied", "Message": "no"}]},
                {"Bucket": "b", "Delete": {"Objects": [{"Key": k} for k in batch], "Quiet": True}},
            )
        with pytest.raises(ServiceError, match=r"still holds 2 obj.*k7: AccessDenied no; k1001") as caught:
            delete_objects(ours, Place("b", "p"), keys)
        assert caught.value.code == "AccessDenied"
        stub.assert_no_pending_responses()


def test_deleting_missing_and_odd_keys(session, s3, place):
    odd = ["a b", "ü/%41", "x&y<z>", "q?r#s+t"]
    for key in odd:
        s3.put_object(Bucket=place.bucket, Key=key, Body=b"")
    delete_objects(session, place, [*odd, "never there"])
    assert "Contents" not in s3.list_objects_v2(Bucket=place.bucket)
    delete_objects(session, place, [])


def test_unfinished_uploads_below_the_place_are_given_up(session, s3, place):
    s3.create_multipart_upload(Bucket=place.bucket, Key="some/prefix/left")
    s3.create_multipart_upload(Bucket=place.bucket, Key="some/prefix2/other")
    abort_uploads(session, place)
    left = s3.list_multipart_uploads(Bucket=place.bucket)["Uploads"]
    assert [u["Key"] for u in left] == ["some/prefix2/other"]


def test_body_reads_like_a_file():
    body, plain = Body(), io.BytesIO(b"abcdefghij")
    for piece in (b"abc", b"defg", b"h", b"ij"):
        body.append(memoryview(piece))
    buffered = io.BufferedReader(body)
    chance = random.Random(1)
    for _ in range(300):
        offset = chance.randrange(11)
        assert buffered.seek(offset) == plain.seek(offset)
        assert buffered.seek(-offset, io.SEEK_END) == plain.seek(-offset, io.SEEK_END)
        size = chance.randrange(11)
        assert buffered.read(size) == plain.read(size)
        assert buffered.tell() == plain.tell()
