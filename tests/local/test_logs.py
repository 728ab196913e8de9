"""Log lines on their way to CloudWatch Logs."""

from botocore.exceptions import ClientError

from sagemaker_spark_py.local.logs import BYTES_PER_CALL, CHARACTERS_PER_EVENT, EVENTS_PER_CALL, LogStream


class Client:
    """CloudWatch Logs as far as a stream needs it."""

    class exceptions:
        ResourceAlreadyExistsException = KeyError

    def __init__(self, fails=False):
        self.calls = []
        self.fails = fails

    def create_log_group(self, **_):
        raise KeyError

    create_log_stream = create_log_group

    def put_log_events(self, **arguments):
        self.calls.append([event["message"] for event in arguments["logEvents"]])
        if self.fails:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutLogEvents")


def test_many_lines_go_in_several_calls():
    client = Client()
    lines = [str(number) for number in range(2 * EVENTS_PER_CALL + 1)]
    LogStream(client, "g", "s").write(lines)
    assert [len(call) for call in client.calls] == [EVENTS_PER_CALL, EVENTS_PER_CALL, 1]
    assert [line for call in client.calls for line in call] == lines


def test_long_lines_are_cut_and_calls_stay_small():
    client = Client()
    LogStream(client, "g", "s").write(["x" * 100_000] * 20)
    assert {len(line) for call in client.calls for line in call} == {CHARACTERS_PER_EVENT}
    assert sum(map(len, client.calls)) == 20
    assert all(4 * sum(map(len, call)) <= BYTES_PER_CALL for call in client.calls)


def test_empty_lines_are_left_out():
    client = Client()
    LogStream(client, "g", "s").write(["", "a", ""])
    assert client.calls == [["a"]]


def test_lines_that_cannot_be_written_do_not_end_the_container(caplog):
    LogStream(Client(fails=True), "g", "s").write(["a"])
    assert "log lines of s are lost" in caplog.text
