"""Requests under way: halved by throttling, grown again by answers."""

import threading
from itertools import pairwise

import pytest

from sagemaker_spark_py.inference.gate import Closed, Gate


def through(gate, count, **how):
    numbers = [gate.enter() for _ in range(count)]
    for number in numbers:
        gate.leave(number, **how)


def test_throttled_together_halves_once():
    gate = Gate(16)
    through(gate, 8, throttled=True)
    assert gate.allowed == 8
    through(gate, 8, throttled=True)
    assert gate.allowed == 4


def test_there_is_always_room_for_one():
    gate = Gate(4)
    for _ in range(10):
        through(gate, 1, throttled=True)
    assert gate.allowed == 1


def test_a_round_of_answers_makes_room_for_one_more_up_to_the_most():
    gate = Gate(8)
    through(gate, 1, throttled=True)
    sizes = []
    for _ in range(6):
        through(gate, gate.allowed, answered=True)
        sizes.append(gate.allowed)
    assert sizes[0] in (4, 5)
    assert sizes == sorted(sizes)
    assert all(later - earlier <= 1 for earlier, later in pairwise(sizes))
    assert sizes[-1] == 8
    through(gate, 8, answered=True)
    assert gate.allowed == 8


def test_a_failure_of_another_kind_changes_nothing():
    gate = Gate(8)
    through(gate, 8)
    assert gate.allowed == 8


def test_who_finds_no_room_waits_for_it():
    gate, entered = Gate(1), threading.Event()
    number = gate.enter()

    def second():
        gate.leave(gate.enter())
        entered.set()

    threading.Thread(target=second, daemon=True).start()
    assert not entered.wait(0.05)
    gate.leave(number)
    assert entered.wait(20)


def test_closing_ends_all_waiting():
    gate = Gate(1)
    gate.enter()
    done = [threading.Event(), threading.Event()]

    def refused():
        with pytest.raises(Closed):
            gate.enter()

    waits = (refused, lambda: gate.pause(1000))
    for work, event in zip(waits, done, strict=True):
        threading.Thread(target=lambda w=work, e=event: (w(), e.set()), daemon=True).start()
    gate.close()
    assert all(event.wait(20) for event in done)


def test_a_pause_ends_by_itself():
    assert Gate(1).pause(0.001) is False
