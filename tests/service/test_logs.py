import time
import uuid

import boto3
import pytest

from sagemaker_spark_py.service.logs import TRAINING_GROUP, LogTail, last_lines
from sagemaker_spark_py.service.session import Session


class Log:
    """A log group of the server's CloudWatch Logs."""

    def __init__(self, url):
        self.client = boto3.client("logs", endpoint_url=url, region_name="us-east-1")
        self.group = f"/test/{uuid.uuid4()}"
        self.client.create_log_group(logGroupName=self.group)
        self.start = int(time.time() * 1000) - 100_000
        self.lines = 0

    def stream(self, name):
        self.client.create_log_stream(logGroupName=self.group, logStreamName=name)

    def put(self, stream, *lines):
        events = [{"timestamp": self.start + self.lines + n, "message": line} for n, line in enumerate(lines)]
        self.lines += len(lines)
        self.client.put_log_events(logGroupName=self.group, logStreamName=stream, logEvents=events)


@pytest.fixture
def log(server, _no_aws):
    return Log(server)


def test_last_lines_of_one_host(session, log):
    log.stream("job1/algo-1-123")
    log.stream("job10/algo-1-123")
    log.put("job1/algo-1-123", *(f"line {n}\n" for n in range(30)))
    log.put("job10/algo-1-123", "of another job")
    assert last_lines(session, log.group, "job1/", count=3) == ["line 27", "line 28", "line 29"]


def test_last_lines_of_several_hosts_are_told_apart_and_in_order(session, log):
    for host in ("algo-1", "algo-2"):
        log.stream(f"job1/{host}-123")
    log.put("job1/algo-1-123", "a", "b")
    log.put("job1/algo-2-123", "c")
    log.put("job1/algo-1-123", "d")
    assert last_lines(session, log.group, "job1/", count=3) == ["algo-1 | b", "algo-2 | c", "algo-1 | d"]


def test_all_streams_of_a_group(session, log):
    log.stream("AllRequests/i-0abc")
    log.put("AllRequests/i-0abc", "ping failed")
    assert last_lines(session, log.group) == ["ping failed"]


def test_logs_that_cannot_be_read_are_no_error(session):
    assert last_lines(session, "/no/such/group", "job1/") == []
    assert LogTail(session, TRAINING_GROUP, "no-such-job/").new_lines() == []
    nowhere = Session("us-east-1", endpointUrls=(("logs", "http://127.0.0.1:9"),))
    tail = LogTail(nowhere, TRAINING_GROUP, "job1/")
    assert tail.new_lines() == []


def test_tail_gives_each_line_once(session, log):
    tail = LogTail(session, log.group, "job1/")
    assert tail.new_lines() == []
    log.stream("job1/algo-1-123")
    log.put("job1/algo-1-123", *(f"line {n}" for n in range(12_000)))
    assert tail.new_lines() == [f"line {n}" for n in range(12_000)]
    assert tail.new_lines() == []
    log.put("job1/algo-1-123", "more")
    assert tail.new_lines() == ["more"]


def test_tail_finds_hosts_that_come_later(session, log):
    tail = LogTail(session, log.group, "job1/")
    log.stream("job1/algo-1-123")
    log.put("job1/algo-1-123", "first")
    assert tail.new_lines() == ["first"]
    log.stream("job1/algo-2-123")
    log.put("job1/algo-2-123", "second")
    assert tail.new_lines() == ["algo-2 | second"]
