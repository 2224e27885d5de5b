"""How a trainer keeps in touch: it says that it gets on, and follows stop requests."""

from backend.training.trainers.base import Reporter, StopReason, TrainingStopped
from backend.training.utils.ranks import Ranks


def agreed_stop(reporter: Reporter, ranks: Ranks) -> StopReason | None:
    """The stop request that the first rank has heard; all ranks have to ask at the same moment."""
    heard = reporter.stop_requested()
    if ranks.count == 1:
        return heard
    reasons: list[StopReason | None] = [None, *StopReason]
    return reasons[int(ranks.sum(reasons.index(heard)))]


def go_on(reporter: Reporter) -> None:
    """Say that a stretch gets on, and end at once on any stop request: for stretches with nothing to save.

    Raises:
        TrainingStopped: If the supervisor asked to end.
    """
    reporter.alive()
    reason = reporter.stop_requested()
    if reason is not None:
        raise TrainingStopped(reason)


def go_on_unless_cancelled(reporter: Reporter) -> None:
    """Say that a stretch gets on, and end at once on a cancel; other stops wait for the next checkpoint.

    Raises:
        TrainingStopped: If the job was cancelled.
    """
    reporter.alive()
    if reporter.stop_requested() is StopReason.CANCEL:
        raise TrainingStopped(StopReason.CANCEL)
