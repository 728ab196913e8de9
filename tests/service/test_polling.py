import pytest

from sagemaker_spark_py.errors import AccessError, ServiceError
from sagemaker_spark_py.service.polling import Pace, poll


def script(*answers):
    """Return what to ask: each answer in turn, exceptions raised."""
    left = list(answers)

    def ask():
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def is_three(answer):
    return answer == 3


THROTTLED = ServiceError("slow down", "ThrottlingException", 400)
BROKEN = ServiceError("broken", "InternalFailure", 500)


def test_pauses_grow_to_the_setting(clock):
    assert poll(script(*[1] * 9, 3), is_three, clock.pace(poll_seconds=5)) == 3
    assert clock.pauses == [1.5, 2.25, 3.375, 5, 5, 5, 5, 5, 5]


def test_waits_that_began_together_do_not_ask_together():
    paused = []
    for _ in range(20):
        poll(script(1, 3), is_three, Pace(sleep=paused.append))
    assert len(set(paused)) > 1
    assert all(0.8 * 1.5 <= pause <= 1.5 for pause in paused)


def test_short_setting_holds_from_the_first_pause(clock):
    poll(script(1, 1, 3), is_three, clock.pace(poll_seconds=0.01))
    assert max(clock.pauses) <= 0.01


def test_final_answer_at_once_costs_no_time(clock):
    assert poll(script(3), is_three, clock.pace()) == 3
    assert clock.pauses == []


def test_passing_errors_are_waited_through_with_longer_pauses(clock):
    assert poll(script(1, THROTTLED, BROKEN, BROKEN, 1, 3), is_three, clock.pace(poll_seconds=2)) == 3
    assert clock.pauses == [1.5, 3, 6, 12, 2]


def test_error_that_will_not_pass_ends_the_wait(clock):
    with pytest.raises(AccessError):
        poll(script(1, AccessError("no", "AccessDenied", 403), 3), is_three, clock.pace())


def test_outage_ends_the_wait_but_not_each_failure(clock):
    def ask():
        if 1000 < clock.time < 1300 or clock.time > 5000:
            raise BROKEN
        return 1

    with pytest.raises(ServiceError, match="broken"):
        poll(ask, is_three, clock.pace(outage_seconds=600))
    assert 5590 <= clock.time <= 5670
    assert max(clock.pauses) <= 60


def test_time_out(clock):
    with pytest.raises(TimeoutError, match="30 s"):
        poll(lambda: 1, is_three, clock.pace(timeout_seconds=30))
    assert 30 <= clock.time <= 40


def test_last_look_counts_even_after_the_time(clock):
    answers = script(1, 3)
    clock.sleep(5)
    assert poll(answers, is_three, clock.pace(timeout_seconds=1.0)) == 3
