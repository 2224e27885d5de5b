"""Only what can be learnt from is exported."""

from typing import Any

import pytest

from backend.datasets.export.conversations import BrokenConversation, ConversationCheck
from backend.datasets.records.schema import columns
from backend.datasets.tokens import UnicodeWordCounter
from shared.models.dataset import RecordFormat
from tests.contracts.exporter_contract import a_row


def _check(record_format: RecordFormat, max_tokens: int | None = None) -> ConversationCheck:
    return ConversationCheck(columns(record_format), UnicodeWordCounter(), max_tokens=max_tokens)


def _messages(*turns: tuple[str, str]) -> dict[str, Any]:
    messages = [{"role": role, "content": content} for role, content in turns]
    return {**a_row(1, "x", RecordFormat.MESSAGES), "messages": messages}


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "no turns"),
        ([("system", "Du hilfst.")], "no turns"),
        ([("assistant", "Guten Tag.")], "turn 1 is of 'assistant'"),
        ([("user", "a"), ("user", "b")], "turn 2 is of 'user'"),
        ([("user", "a"), ("assistant", "b"), ("user", "c")], "the last turn is of 'user'"),
        ([("user", "a"), ("system", "b"), ("assistant", "c")], "turn 2 is of 'system'"),
        ([("user", "a"), ("assistant", " \n")], "message 2 is empty"),
        ([("system", ""), ("user", "a"), ("assistant", "b")], "message 1 is empty"),
        ([("tool", "a"), ("assistant", "b")], "turn 1 is of 'tool'"),
    ],
)
def test_turns_out_of_order_and_silence_are_named(turns: list[tuple[str, str]], reason: str) -> None:
    with pytest.raises(BrokenConversation, match=f"r-0001.*{reason}"):
        _check(RecordFormat.MESSAGES).check(_messages(*turns))


def test_a_conversation_with_or_without_system_passes() -> None:
    check = _check(RecordFormat.MESSAGES)
    check.check(_messages(("user", "a"), ("assistant", "b")))
    check.check(_messages(("system", "s"), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")))

    assert check.as_json() is None


def test_a_prompt_without_a_completion_is_refused() -> None:
    row = {**a_row(1, "x", RecordFormat.PROMPT_COMPLETION), "completion": ""}

    with pytest.raises(BrokenConversation, match="completion is empty"):
        _check(RecordFormat.PROMPT_COMPLETION).check(row)


def test_records_that_are_too_long_are_counted_by_a_named_counter() -> None:
    check = _check(RecordFormat.TEXT, max_tokens=3)
    for text in ("eins", "eins zwei drei", "eins zwei drei vier", "eins, zwei, drei"):
        check.check({**a_row(1, "x", RecordFormat.TEXT), "text": text})

    assert check.as_json() == {
        "max_tokens": 3,
        "counter": "unicode-words-1",
        "longer": 2,
        "share": 0.5,
        "longest": 5,
    }
