"""Leases as an onlooker judges them: by beats and a monotonic clock."""

import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.training.workers.lease_watch import LeaseWatch
from shared.models.job import Claim, Lease

LEASE_S = 10.0
LOOK_S = 2.0


@dataclass
class Clock:
    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def lease(job: str = "a", *, beat: int = 1, epoch: int = 1) -> Lease:
    return Lease(Claim(job, "w", epoch), beat)


def looks_until_silent(watch: LeaseWatch, clock: Clock, held: Lease, *, most: int = 20) -> float:
    """Seconds of regular looks after which `held`, which stands still, is called silent."""
    started = clock.now_s
    for _ in range(most):
        if watch.silent([held]) == [held]:
            return clock.now_s - started
        clock.now_s += LOOK_S
    raise AssertionError("never called silent")


def test_a_beat_that_stands_still_for_a_lease_is_silent_and_not_before() -> None:
    clock = Clock()
    assert looks_until_silent(LeaseWatch(LEASE_S, clock), clock, lease()) == LEASE_S


def test_a_beat_that_moves_is_never_silent() -> None:
    clock = Clock()
    watch = LeaseWatch(LEASE_S, clock)
    for beat in range(100):
        assert watch.silent([lease(beat=beat // 4)]) == []
        clock.now_s += LOOK_S


def test_a_new_claim_of_the_same_job_counts_from_anew() -> None:
    clock = Clock()
    watch = LeaseWatch(LEASE_S, clock)
    for _ in range(5):
        watch.silent([lease(epoch=1)])
        clock.now_s += LOOK_S
    assert watch.silent([lease(epoch=2)]) == []
    assert watch.silent([lease(epoch=1)]) == []


def test_only_the_silent_ones_are_named() -> None:
    clock = Clock()
    watch = LeaseWatch(LEASE_S, clock)
    for beat in range(6):
        found = watch.silent([lease("dead"), lease("alive", beat=beat)])
        clock.now_s += LOOK_S
    assert found == [lease("dead")]


@pytest.mark.parametrize("away_s", [LEASE_S / 2 + 0.1, LEASE_S, 1000 * LEASE_S])
def test_after_a_time_without_looks_everybody_gets_a_whole_lease_again(away_s: float) -> None:
    """The database was away, or this process was suspended: the others could not report either."""
    clock = Clock()
    watch = LeaseWatch(LEASE_S, clock)
    for _ in range(4):
        assert watch.silent([lease()]) == []
        clock.now_s += LOOK_S
    clock.now_s += away_s
    assert looks_until_silent(watch, clock, lease()) == LEASE_S


def test_a_look_that_is_only_late_takes_nothing_back() -> None:
    clock = Clock()
    watch = LeaseWatch(LEASE_S, clock)
    watch.silent([lease()])
    clock.now_s += LEASE_S / 2
    watch.silent([lease()])
    clock.now_s += LEASE_S / 2
    assert watch.silent([lease()]) == [lease()]


def test_the_wall_clock_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: pytest.fail("asked the wall clock"))
    clock = Clock()
    assert looks_until_silent(LeaseWatch(LEASE_S, clock), clock, lease()) == LEASE_S


@given(
    pauses=st.lists(st.floats(min_value=0.01, max_value=3 * LEASE_S), max_size=40),
    beats=st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_nobody_is_called_silent_who_gave_a_sign_within_the_lease(pauses: list[float], beats: list[bool]) -> None:
    clock = Clock()
    watch = LeaseWatch(LEASE_S, clock)
    beat, last_sign = 1, clock.now_s
    for pause_s, has_beaten in zip(pauses, beats, strict=False):
        if has_beaten:
            beat, last_sign = beat + 1, clock.now_s
        if watch.silent([lease(beat=beat)]):
            assert clock.now_s - last_sign >= LEASE_S
        clock.now_s += pause_s
