"""What the report tells of the course of a run: what happened before this attempt, and what this one reports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.training.workers.job_history import MOST_ENTRIES
from shared.models.events import stride_of
from shared.utils.clock import Clock, iso_utc, utc_now


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
        self._checkpoints.append({"at": iso_utc(self._clock()), "step": step, "name": path.name, "loss": loss})

    def message(self, text: str) -> None:
        """The trainer said something."""
        self._messages.append({"at": iso_utc(self._clock()), "text": text})

    def as_json(self) -> dict[str, Any]:
        """The whole history up to now, of each kind at most `MOST_ENTRIES`."""
        checkpoints = [*self._history.get("checkpoints", ()), *self._checkpoints]
        return {
            **self._history,
            "checkpoints": _spread(checkpoints),
            "checkpoints_total": self._history.get("checkpoints_total", 0) + len(self._checkpoints),
            "messages": _spread([*self._history.get("messages", ()), *self._messages]),
        }


def _spread(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    stride, last = stride_of(len(entries), MOST_ENTRIES), len(entries) - 1
    return [entry for number, entry in enumerate(entries) if number % stride == 0 or number == last]
