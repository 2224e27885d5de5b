"""Questions and answers of a SQuAD-shaped file, or a refusal that shows the shape."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.records.squad_questions import squad_questions

_ANY = st.recursive(
    st.none() | st.integers(0, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["data", "paragraphs", "qas", "question", "answers", "text"]), inner)
    ),
    max_leaves=12,
)


def test_answers_that_several_people_gave_count_once() -> None:
    asked = {"question": "Wann?", "answers": [{"text": "Um acht"}, {"text": "Um acht"}]}
    content = json.dumps({"data": [{"paragraphs": [{"context": "x", "qas": [asked]}]}]}).encode()

    assert list(squad_questions(content)) == ["Wann?\n\nUm acht"]


def test_a_question_without_an_answer_is_read() -> None:
    content = b'{"data": [{"paragraphs": [{"qas": [{"question": "Wo?"}, {"question": "Wer?", "answers": []}]}]}]}'

    assert list(squad_questions(content)) == ["Wo?", "Wer?"]


@given(value=_ANY)
def test_any_other_json_is_refused_with_the_shape(value: Any) -> None:
    refusal, questions = _read_or_refused(value)

    assert refusal == "" or "not SQuAD-shaped; expected is" in refusal
    assert all(isinstance(each, str) for each in questions)


def _read_or_refused(value: Any) -> tuple[str, list[str]]:
    try:
        return "", list(squad_questions(json.dumps(value).encode()))
    except ValueError as refusal:
        return str(refusal), []


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ValueError, match="not SQuAD-shaped"):
        list(squad_questions(b"\xff\xfe"))
