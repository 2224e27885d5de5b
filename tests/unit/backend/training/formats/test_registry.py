"""Which shape a record has when its fields fit more than one."""

from typing import Any

import pytest

from backend.training.formats.base import FieldProblem, RecordShape
from backend.training.formats.registry import installed_shapes, shape_of


def found(record: dict[str, Any]) -> str:
    shape = shape_of(record, installed_shapes())
    return shape.name if isinstance(shape, RecordShape) else shape.reason


@pytest.mark.parametrize(
    ("record", "shape"),
    [
        # columns of the Alpaca set of Stanford, whose `text` is the rest written out
        ({"instruction": "a", "input": "", "output": "b", "text": "a b"}, "alpaca"),
        ({"prompt": "a", "completion": "b", "text": "ab"}, "prompt_completion"),
        # columns of chat sets that keep the first question as `prompt`
        ({"prompt": "a", "prompt_id": "1", "messages": []}, "messages"),
        ({"text": "a", "instruction": None, "output": None}, "text"),
    ],
)
def test_the_shape_whose_fields_are_all_there_is_taken(record: dict[str, Any], shape: str) -> None:
    assert found(record) == shape


@pytest.mark.parametrize(
    ("record", "names"),
    [
        ({"text": "a", "messages": []}, "messages and text"),
        ({"text": "a", "prompt": "b"}, "prompt and text"),
        ({"text": "a", "instruction": "b"}, "instruction and text"),
        ({"messages": [], "conversations": []}, "messages and conversations"),
        ({"instruction": "a", "output": "b", "prompt": "a", "completion": "b"}, "instruction and prompt"),
        ({"instruction": "a", "prompt": "b"}, "instruction and prompt"),
    ],
)
def test_a_record_that_is_two_things_at_once_is_refused(record: dict[str, Any], names: str) -> None:
    assert found(record) == f"has {names}; a record has only one of them, so remove the others"


def test_fields_that_are_none_of_a_shape_are_listed_in_short() -> None:
    problem = shape_of({"frage": 1, "x" * 500: 2}, installed_shapes())
    assert isinstance(problem, FieldProblem)
    assert problem.reason.endswith("its fields are: frage, " + "x" * 40 + "…")
