"""Whether records that teach answers can be learnt from: who speaks, in which order, and what is said.

Source: the dataset formats of TRL and LLaMA-Factory; both skip or misread what breaks these rules, silently.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.datasets.export.base import Row
from backend.datasets.records.schema import Column
from backend.datasets.tokens import TokenCounter, training_text
from shared.errors import Conflict

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"


class BrokenConversation(Conflict):
    """A record that no model could learn an answer from."""

    code = "broken_conversation"

    def __init__(self, record_id: str, reason: str) -> None:
        super().__init__(
            f"Record {record_id} is no conversation to learn from: {reason}. Nothing was exported.",
            record_id=record_id,
            reason=reason,
        )


class ConversationCheck:
    """Looks at every record of an export while it passes by.

    Args:
        columns: Columns of the records.
        counter: Counts the tokens.
        max_tokens: Longest record that the training will take; None: lengths are not counted.
    """

    def __init__(self, columns: Sequence[Column], counter: TokenCounter, *, max_tokens: int | None) -> None:
        names = [column.name for column in columns]
        self._has_messages = "messages" in names
        self._texts = [name for name in _MUST_SAY if name in names] if not self._has_messages else []
        self._counter = counter
        self._max_tokens = max_tokens
        self._records = self._longer = self._longest = 0

    def check(self, row: Row) -> None:
        """Take the next record.

        Raises:
            BrokenConversation: If its turns are out of order or somebody says nothing.
        """
        if self._has_messages and (reason := _reason_against(row["messages"])):
            raise BrokenConversation(row["record_id"], reason)
        for name in self._texts:
            if not row[name].strip():
                raise BrokenConversation(row["record_id"], f"its {name} is empty")
        if self._max_tokens is not None:
            self._measure(row, self._max_tokens)

    def _measure(self, row: Row, max_tokens: int) -> None:
        tokens = self._counter.count(training_text(row))
        self._records += 1
        self._longer += tokens > max_tokens
        self._longest = max(self._longest, tokens)

    def as_json(self) -> Mapping[str, Any] | None:
        """How many records are longer than the training will take; None if that was not asked."""
        if self._max_tokens is None:
            return None
        return {
            "max_tokens": self._max_tokens,
            "counter": self._counter.name,
            "longer": self._longer,
            "share": round(self._longer / self._records, 6) if self._records else 0.0,
            "longest": self._longest,
        }


# of every shape that asks and answers; `input` may be empty
_MUST_SAY = ("instruction", "output", "prompt", "completion", "chosen", "rejected")


def _reason_against(messages: Sequence[Mapping[str, str]]) -> str | None:
    """Why these turns cannot be learnt from; None if they can."""
    turns = messages[1:] if messages and messages[0]["role"] == SYSTEM else messages
    if not turns:
        return "it has no turns"
    for number, message in enumerate(turns):
        expected = (USER, ASSISTANT)[number % 2]
        if message["role"] != expected:
            return f"turn {number + 1} is of '{message['role']}' where '{expected}' should speak"
    if turns[-1]["role"] != ASSISTANT:
        return f"the last turn is of '{turns[-1]['role']}', not of '{ASSISTANT}'"
    empty = next((number for number, message in enumerate(messages) if not message["content"].strip()), None)
    return None if empty is None else f"message {empty + 1} is empty"
