"""Leaving a failed store alone."""

from shared.database.uds3.breaker import Breaker


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_store_that_never_failed_is_asked() -> None:
    assert Breaker().admit() == ""


def test_after_a_failure_it_is_left_alone_and_the_reason_is_said() -> None:
    breaker = Breaker(pause_s=5, clock=(clock := Clock()))
    breaker.failed("refused")
    clock.now = 4.9

    assert breaker.admit() == "refused"


def test_after_the_pause_one_caller_tries_and_the_others_wait() -> None:
    breaker = Breaker(pause_s=5, clock=(clock := Clock()))
    breaker.failed("refused")
    clock.now = 5.0

    assert [breaker.admit(), breaker.admit()] == ["", "refused"]


def test_a_try_that_is_never_told_of_is_followed_by_another() -> None:
    breaker = Breaker(pause_s=5, clock=(clock := Clock()))
    breaker.failed("refused")
    clock.now = 5.0
    breaker.admit()
    clock.now = 10.0

    assert breaker.admit() == ""


def test_an_answer_opens_it_for_all() -> None:
    breaker = Breaker(pause_s=5, clock=Clock())
    breaker.failed("refused")
    breaker.succeeded()

    assert [breaker.admit(), breaker.admit()] == ["", ""]
