"""Orders as they are noted: what makes other lines is in the note, and nothing else is."""

from typing import Any

import pytest

from backend.datasets.models import DatasetRequest
from backend.datasets.ready.orders import USUAL, noted, order_of


def an_order(**changes: Any) -> DatasetRequest:
    return DatasetRequest.model_validate({"name": "Alles", "search_query": {"query_text": "*"}, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 7},
        {"record_format": "messages", "templates": ["summary"]},
        {"split": {"train": 0.5, "validation": 0.25, "test": 0.25}},
    ],
)
def test_a_noted_order_has_the_same_note_again(changes: dict[str, Any]) -> None:
    note = noted(an_order(**changes))

    assert note != USUAL
    assert noted(order_of(note)) == note


def test_an_order_that_says_nothing_of_its_records_is_the_usual_one() -> None:
    assert noted(an_order(description="x", search_query={"query_text": "Gebühr", "top_k": 3})) == USUAL


def test_orders_with_equal_lines_have_one_note() -> None:
    assert noted(an_order(max_characters=301)) == USUAL
    first, second = (
        an_order(record_format="messages", templates=names)
        for names in (["summary", "question"], ["question", "summary"])
    )
    assert noted(first) == noted(second)


@pytest.mark.parametrize("note", ["", "[]", "{", '{"name": "x"}', '{"seed": "?"}'])
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        order_of(note)
