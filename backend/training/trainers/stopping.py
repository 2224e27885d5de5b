"""How a trainer follows a stop request."""

from backend.training.trainers.base import Reporter, StopReason, TrainingStopped


def raise_if_stopped(reporter: Reporter) -> None:
    """End at once on any stop request: for stretches in which there is nothing to save.

    Raises:
        TrainingStopped: If the supervisor asked to end.
    """
    reason = reporter.stop_requested()
    if reason is not None:
        raise TrainingStopped(reason)


def raise_if_cancelled(reporter: Reporter) -> None:
    """End at once on a cancel, but leave other stops to the next point where a checkpoint can be published.

    Raises:
        TrainingStopped: If the job was cancelled.
    """
    if reporter.stop_requested() is StopReason.CANCEL:
        raise TrainingStopped(StopReason.CANCEL)
