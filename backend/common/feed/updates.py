"""One event as clients get it; written once, however many they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# ASCII: half a surrogate pair in a trainer's message would break UTF-8, and with it every client's connection
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Update:
    """One event, ready to be sent.

    Args:
        subject_id: The job or dataset it belongs to.
        seq: Its number.
        kind: Its type, the name of the event on a stream.
        is_last: Whether nothing follows it.
        is_figure: Whether a later figure of the same subject supersedes it.
        text: The message, as JSON.
    """

    subject_id: str
    seq: int
    kind: str
    is_last: bool
    is_figure: bool
    text: str

    def marked(self, skipped: int) -> str:
        """The message for a client for which so many updates before this one were left out on purpose."""
        return f'{self.text[:-1]},"skipped":{skipped}}}' if skipped else self.text


@dataclass(slots=True)
class Delivery:
    """An update for one client; its own, while the update is shared by all.

    Args:
        update: What it gets.
        skipped: Number of its subject's updates right before it that the client does not get, to be faster.
    """

    update: Update
    skipped: int = 0

    @property
    def text(self) -> str:
        """The message as this client gets it."""
        return self.update.marked(self.skipped)


def encoded(message: Mapping[str, Any]) -> str:
    """A message as it is sent."""
    return _ENCODER.encode(message)
