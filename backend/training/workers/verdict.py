"""How an attempt ended, told from what its trainer said, what we did to it, and how its process went."""

import signal

from backend.common.child_process import describe_exit
from backend.training.trainers.base import StopReason
from backend.training.workers.attempt import Attempt, Verdict
from backend.training.workers.protocol import MessageType
from shared.models.job import AttemptOutcome

_OUT_OF_MEMORY_CODE = "out_of_memory"
_STOPPED = {
    StopReason.CANCEL: AttemptOutcome.CANCELLED,
    StopReason.HAND_BACK: AttemptOutcome.HANDED_BACK,
    StopReason.PAUSE: AttemptOutcome.PAUSED,
}


def verdict_on(attempt: Attempt, *, was_oom_killed: bool) -> Verdict:
    """The one outcome that what happened amounts to.

    Args:
        attempt: Its process has ended.
        was_oom_killed: Whether the kernel killed a process of ours for lack of memory meanwhile.
    """
    if attempt.asked is AttemptOutcome.CANCELLED:
        return Verdict(AttemptOutcome.CANCELLED)
    if attempt.ending is MessageType.PUBLISHED:
        return Verdict(AttemptOutcome.COMPLETED)
    if attempt.ending is MessageType.ERROR:
        return _reported_error(attempt)
    if attempt.ending is MessageType.STOPPED:
        return Verdict(_STOPPED[StopReason(attempt.final["reason"])])
    if attempt.killed_for is not None:
        return attempt.killed_for
    if attempt.asked is not None and was_terminated(attempt):
        # whoever stops us told our trainers too, and this one was not ready to listen yet
        return Verdict(attempt.asked)
    return _silent_end(attempt.exit_code, was_oom_killed=was_oom_killed)


def was_terminated(attempt: Attempt) -> bool:
    """Whether the trainer followed a SIGTERM, which we never send."""
    return attempt.exit_code == -_signal("SIGTERM")


def _reported_error(attempt: Attempt) -> Verdict:
    code = attempt.final["code"]
    message = f"{attempt.final['message']} [{code}]"
    if code == _OUT_OF_MEMORY_CODE:
        return Verdict(AttemptOutcome.OUT_OF_MEMORY, message)
    return Verdict(AttemptOutcome.TEMPORARY_ERROR if attempt.final["is_retryable"] else AttemptOutcome.ERROR, message)


def _silent_end(exit_code: int, *, was_oom_killed: bool) -> Verdict:
    how = describe_exit(exit_code)
    was_killed = exit_code == -_signal("SIGKILL")
    if was_killed and was_oom_killed:
        return Verdict(
            AttemptOutcome.OUT_OF_MEMORY,
            f"The kernel killed the trainer process for lack of memory ({how}). Lower training.batch_size or "
            "data.max_length, run fewer jobs at once, or give the service more memory.",
        )
    hint = "; somebody killed it, or the kernel did for lack of memory" if was_killed else ""
    return Verdict(
        AttemptOutcome.CRASH,
        f"The trainer process ended without a result: {how}{hint}. The job's log has its last words.",
    )


def _signal(name: str) -> int:
    """The number of a signal; one that no process ends by where the system does not have it."""
    return getattr(signal, name, signal.NSIG)
