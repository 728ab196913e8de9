import io

import pytest

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.service.progress import State, StatusLines, nothing, watcher

JOB = "Training job 'x'"


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Tail:
    def __init__(self, *batches):
        self.batches = list(batches)

    def new_lines(self):
        return self.batches.pop(0)


STATES = [
    State(JOB, "InProgress (Starting)", "Starting the training job", 0, False),
    State(JOB, "InProgress (Starting)", "Starting the training job", 1, False),
    State(JOB, "InProgress (Training)", "", 12.4, False),
    State(JOB, "Completed", "Training job completed", 65, True),
]
LINES = [
    "[    0 s] Training job 'x' is InProgress (Starting): Starting the training job",
    "[   12 s] Training job 'x' is InProgress (Training)",
    "[   65 s] Training job 'x' is Completed: Training job completed",
]


def test_a_line_per_change():
    out = io.StringIO()
    show = StatusLines(stream=out)
    for state in STATES:
        show(state)
    assert out.getvalue().splitlines() == LINES


def test_terminal_counts_the_seconds_on_a_line_that_goes_away():
    out = Terminal()
    show = StatusLines(stream=out)
    for state in STATES[:2]:
        show(state)
    clear = "\r\x1b[K"
    live = "Training job 'x': InProgress (Starting), "
    assert out.getvalue() == f"{clear}{LINES[0]}\n{live}0 s{clear}{live}1 s"
    show(STATES[3])
    assert out.getvalue().endswith(f"{clear}{LINES[2]}\n")


def test_log_lines_stand_before_the_status_that_ended_them():
    out = io.StringIO()
    show = StatusLines(Tail(["one"], [], ["two", "three"], []), out)
    for state in STATES:
        show(state)
    assert out.getvalue().splitlines() == ["one", LINES[0], "two", "three", LINES[1], LINES[2]]


def test_modes(capsys):
    tail = Tail(["a log line"])
    watcher("none", tail)(STATES[0])
    assert capsys.readouterr().err == ""
    watcher("status", tail)(STATES[0])
    assert capsys.readouterr().err.splitlines() == LINES[:1]
    watcher("all", tail)(STATES[0])
    captured = capsys.readouterr()
    assert captured.err.splitlines() == ["a log line", LINES[0]]
    assert captured.out == ""
    assert watcher("none") is nothing
    with pytest.raises(SettingError, match="'loud'; expected one of none, status, all"):
        watcher("loud")


def test_closed_stderr_does_not_end_the_wait():
    class Broken(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    StatusLines(stream=Broken())(STATES[0])
    closed = io.StringIO()
    closed.close()
    StatusLines(stream=closed)(STATES[0])
