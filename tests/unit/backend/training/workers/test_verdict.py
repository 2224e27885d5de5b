"""Every way in which an attempt can end, and what it is called."""

import signal
from typing import Any, cast

import pytest

from backend.training.workers.attempt import Attempt, Verdict
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.verdict import verdict_on
from shared.models.job import AttemptOutcome, Claim
from tests.support.store_values import a_job


class Gone:
    """A process that has ended."""

    def __init__(self) -> None:
        self.kills = 0

    def kill(self) -> None:
        self.kills += 1


def attempt(*, exit_code: int = 0, ending: MessageType | None = None, **final: Any) -> Attempt:
    job = a_job()
    order = cast(TrainingOrder, None)
    ended = Attempt(job, Claim("j", "w", 1), order, cast(Any, Gone()))
    ended.exit_code, ended.ending, ended.final = exit_code, ending, final
    return ended


def outcome_of(ended: Attempt, *, was_oom_killed: bool = False) -> AttemptOutcome:
    return verdict_on(ended, was_oom_killed=was_oom_killed).outcome


def test_a_published_adapter_completes_whatever_the_exit_code() -> None:
    assert outcome_of(attempt(ending=MessageType.PUBLISHED, exit_code=-9)) is AttemptOutcome.COMPLETED


def test_a_cancel_counts_before_everything_else() -> None:
    for ended in (
        attempt(ending=MessageType.PUBLISHED),
        attempt(ending=MessageType.ERROR, code="x", message="y", is_retryable=False),
        attempt(ending=MessageType.STOPPED, reason="pause"),
        attempt(exit_code=-11),
    ):
        ended.ask(AttemptOutcome.CANCELLED)
        ended.ask(AttemptOutcome.PAUSED)
        assert outcome_of(ended) is AttemptOutcome.CANCELLED


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("cancel", AttemptOutcome.CANCELLED),
        ("pause", AttemptOutcome.PAUSED),
        ("hand_back", AttemptOutcome.HANDED_BACK),
    ],
)
def test_a_trainer_that_let_go_says_why(reason: str, outcome: AttemptOutcome) -> None:
    assert outcome_of(attempt(ending=MessageType.STOPPED, reason=reason)) is outcome


@pytest.mark.parametrize(
    ("code", "is_retryable", "outcome"),
    [
        ("bad_records", False, AttemptOutcome.ERROR),
        ("disk_full", True, AttemptOutcome.TEMPORARY_ERROR),
        ("out_of_memory", True, AttemptOutcome.OUT_OF_MEMORY),
    ],
)
def test_a_reported_error_is_named_with_its_code(code: str, is_retryable: bool, outcome: AttemptOutcome) -> None:
    ended = attempt(ending=MessageType.ERROR, code=code, message="What went wrong.", is_retryable=is_retryable)
    assert verdict_on(ended, was_oom_killed=False) == Verdict(outcome, f"What went wrong. [{code}]")


@pytest.mark.parametrize(
    ("exit_code", "said"),
    [(7, "exit code 7"), (0, "exit code 0"), (-signal.SIGSEGV, "SIGSEGV"), (-signal.SIGABRT, "SIGABRT"), (-99, "99")],
)
def test_a_silent_end_is_a_crash_that_names_how(exit_code: int, said: str) -> None:
    verdict = verdict_on(attempt(exit_code=exit_code), was_oom_killed=True)
    assert verdict.outcome is AttemptOutcome.CRASH
    assert said in verdict.message
    assert "memory" not in verdict.message


def test_a_kill_that_was_not_ours_names_the_likely_causes() -> None:
    verdict = verdict_on(attempt(exit_code=-signal.SIGKILL), was_oom_killed=False)
    assert verdict.outcome is AttemptOutcome.CRASH
    assert "SIGKILL" in verdict.message
    assert "memory" in verdict.message


def test_a_kill_while_the_kernel_ran_out_of_memory_is_that() -> None:
    verdict = verdict_on(attempt(exit_code=-signal.SIGKILL), was_oom_killed=True)
    assert verdict.outcome is AttemptOutcome.OUT_OF_MEMORY
    assert "training.batch_size" in verdict.message


def test_a_kill_of_ours_is_what_we_killed_for_and_the_first_reason_counts() -> None:
    ended = attempt(exit_code=-signal.SIGKILL)
    ended.kill(Verdict(AttemptOutcome.STALLED, "silent"))
    ended.kill(Verdict(AttemptOutcome.TIMEOUT, "long"))
    assert verdict_on(ended, was_oom_killed=True) == Verdict(AttemptOutcome.STALLED, "silent")
    assert cast(Gone, ended.process).kills == 2


@pytest.mark.parametrize("asked", [AttemptOutcome.HANDED_BACK, AttemptOutcome.PAUSED])
def test_a_trainer_that_a_service_manager_stopped_with_us_was_handed_back(asked: AttemptOutcome) -> None:
    ended = attempt(exit_code=-signal.SIGTERM)
    assert outcome_of(ended) is AttemptOutcome.CRASH
    ended.ask(asked)
    assert outcome_of(ended) is asked


def test_a_crash_after_a_stop_request_is_still_a_crash() -> None:
    ended = attempt(exit_code=-signal.SIGSEGV)
    ended.ask(AttemptOutcome.HANDED_BACK)
    assert outcome_of(ended) is AttemptOutcome.CRASH


def test_a_pause_outranks_a_hand_back_whichever_came_first() -> None:
    for order in (
        (AttemptOutcome.HANDED_BACK, AttemptOutcome.PAUSED),
        (AttemptOutcome.PAUSED, AttemptOutcome.HANDED_BACK),
    ):
        ended = attempt(exit_code=-signal.SIGTERM)
        for asked in order:
            ended.ask(asked)
        assert outcome_of(ended) is AttemptOutcome.PAUSED
