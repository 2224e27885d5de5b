"""Every shape of a record is one that trainers read."""

import pytest

from backend.datasets.records.drafts import Draft, content_of
from backend.datasets.records.schema import columns
from backend.datasets.tokens import training_text
from backend.training.formats.registry import installed_shapes, shape_of
from shared.models.dataset import RecordFormat

DRAFT = Draft("Am Montag.", "Wann beginnt die Frist?", context="Die Frist beginnt am Montag.", rejected="Nie.")
READ_AS = {
    RecordFormat.TEXT: "text",
    RecordFormat.INSTRUCTION: "alpaca",
    RecordFormat.MESSAGES: "messages",
    RecordFormat.PROMPT_COMPLETION: "prompt_completion",
    RecordFormat.PREFERENCE: "preference",
}


@pytest.mark.parametrize("record_format", list(RecordFormat))
@pytest.mark.parametrize("context", ["", DRAFT.context])
def test_trainers_read_every_shape(record_format: RecordFormat, context: str) -> None:
    record = dict(content_of(Draft(DRAFT.answer, DRAFT.question, context, DRAFT.rejected), record_format))
    shape = shape_of({"record_id": "x", "metadata": {"title": "t"}, **record}, installed_shapes())

    assert shape is not None
    assert shape.name == READ_AS[record_format]
    assert shape.problems(record) == []


@pytest.mark.parametrize("record_format", list(RecordFormat))
def test_the_members_are_those_of_the_schema_and_none_is_missed_by_the_count(record_format: RecordFormat) -> None:
    record = content_of(DRAFT, record_format)
    names = [column.name for column in columns(record_format)]

    assert names[1 : 1 + len(record)] == list(record)
    assert DRAFT.answer in training_text(record)
    if record_format is not RecordFormat.TEXT:
        assert all(part in training_text(record) for part in (DRAFT.question, DRAFT.context))
    if record_format is RecordFormat.PREFERENCE:
        assert DRAFT.rejected in training_text(record)
