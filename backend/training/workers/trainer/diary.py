"""What the report tells of the course of a run: what happened before this attempt, and what this one reports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.training.workers.job_history import MOST_ENTRIES, checkpoint_entry, message_entry
from shared.models.events import spread
from shared.utils.clock import Clock, utc_now


class Diary:
    """Goes on with the history of a job.

    Args:
        history: As `JobHistory.of` gave it to the order; empty for an order from elsewhere.
        clock: Now.
    """

    def __init__(self, history: Mapping[str, Any], clock: Clock = utc_now) -> None:
        self._history = history
        self._clock = clock
        self._checkpoints: list[dict[str, Any]] = []
        self._messages: list[dict[str, Any]] = []

    def checkpoint(self, step: int, path: Path, loss: float | None) -> None:
        """A checkpoint was published."""
        self._checkpoints.append(checkpoint_entry(self._clock(), step, path, loss))

    def message(self, text: str) -> None:
        """The trainer said something."""
        self._messages.append(message_entry(self._clock(), text))

    def as_json(self) -> dict[str, Any]:
        """The whole history up to now, of each kind at most `MOST_ENTRIES`."""
        checkpoints = [*self._history.get("checkpoints", ()), *self._checkpoints]
        return {
            **self._history,
            "checkpoints": spread(checkpoints, MOST_ENTRIES),
            "checkpoints_total": self._history.get("checkpoints_total", 0) + len(self._checkpoints),
            "messages": spread([*self._history.get("messages", ()), *self._messages], MOST_ENTRIES),
        }
