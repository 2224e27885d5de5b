"""Pairs of answers, in every form in which they are found."""

from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from backend.training.formats.base import FieldProblem
from backend.training.formats.registry import installed_shapes, shape_of
from backend.training.formats.shapes.preference import PreferenceShape
from backend.training.formats.template_check import UnusableChatTemplate

SHAPE = PreferenceShape()
ASKED = {"role": "user", "content": "Die Frist"}
GOOD = {"role": "assistant", "content": "gilt nicht"}
BAD = {"role": "assistant", "content": "gilt auf Antrag"}

CHATS: dict[str, dict[str, Any]] = {
    "prompt of messages": {"prompt": [ASKED], "chosen": [GOOD], "rejected": [BAD]},
    "prompt of messages, one message each": {"prompt": [ASKED], "chosen": GOOD, "rejected": BAD},
    "messages and texts": {"messages": [ASKED], "chosen": GOOD["content"], "rejected": BAD["content"]},
    "whole conversations": {"chosen": [ASKED, GOOD], "rejected": [ASKED, BAD]},
    "text and messages": {"prompt": "Die Frist", "chosen": [GOOD], "rejected": [BAD]},
    "ShareGPT": {
        "conversations": [{"from": "human", "value": "Die Frist"}],
        "chosen": {"from": "gpt", "value": "gilt nicht"},
        "rejected": {"from": "gpt", "value": "gilt auf Antrag"},
    },
    "Alpaca": {"instruction": "Die Frist", "chosen": "gilt nicht", "rejected": "gilt auf Antrag"},
    "OpenAI": {"input": {"messages": [ASKED]}, "preferred_output": [GOOD], "non_preferred_output": [BAD]},
}
TEXTS = {"prompt": "Die Frist", "chosen": " gilt nicht", "rejected": " gilt auf Antrag"}


@pytest.mark.parametrize("record", [*CHATS.values(), TEXTS], ids=[*CHATS, "texts"])
def test_every_form_is_recognised_and_in_order(record: dict[str, Any]) -> None:
    found = shape_of(record, installed_shapes())
    assert isinstance(found, PreferenceShape)
    assert found.problems(record) == []


@pytest.mark.parametrize("record", CHATS.values(), ids=CHATS)
def test_all_chats_are_the_same_pair(record: dict[str, Any], shared_tokenizer: PreTrainedTokenizerBase) -> None:
    chosen, rejected = SHAPE.render_all(record, shared_tokenizer)
    for rendered, answer in ((chosen, GOOD), (rejected, BAD)):
        whole = shared_tokenizer.apply_chat_template(
            [ASKED, answer], return_dict=True, return_assistant_tokens_mask=True
        )
        assert rendered.token_ids == whole["input_ids"]
        assert rendered.mask == whole["assistant_masks"]


def test_texts_are_rendered_as_prompt_and_completion(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    chosen, rejected = SHAPE.render_all(TEXTS, shared_tokenizer)
    for rendered, answer in ((chosen, " gilt nicht"), (rejected, " gilt auf Antrag")):
        trained = [token for token, flag in zip(rendered.token_ids, rendered.mask, strict=True) if flag]
        assert shared_tokenizer.decode(trained, skip_special_tokens=True) == answer


def test_what_the_assistant_said_before_is_not_trained(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    history = [ASKED, {"role": "assistant", "content": "Die Gebühr"}, {"role": "user", "content": "Satz 1"}]
    record = {"prompt": history, "chosen": [GOOD], "rejected": [BAD]}
    for rendered, answer in zip(SHAPE.render_all(record, shared_tokenizer), (GOOD, BAD), strict=True):
        trained = [token for token, flag in zip(rendered.token_ids, rendered.mask, strict=True) if flag]
        assert shared_tokenizer.decode(trained, skip_special_tokens=True).strip() == answer["content"]


def test_answers_that_begin_alike_are_trained_from_their_beginning(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    record = {
        "prompt": [ASKED],
        "chosen": [{"role": "assistant", "content": "Der Bescheid gilt nicht"}],
        "rejected": [{"role": "assistant", "content": "Der Bescheid gilt auf Antrag"}],
    }
    for rendered in SHAPE.render_all(record, shared_tokenizer):
        trained = [token for token, flag in zip(rendered.token_ids, rendered.mask, strict=True) if flag]
        assert "Bescheid" in shared_tokenizer.decode(trained)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"prompt": "a", "chosen": "b"}, FieldProblem("rejected", "is missing; a preference needs both answers")),
        ({**TEXTS, "rejected": TEXTS["chosen"]}, FieldProblem("rejected", "is equal to the chosen answer")),
        ({**TEXTS, "chosen": ""}, FieldProblem("chosen", "is empty")),
        ({**TEXTS, "chosen": 3}, FieldProblem("chosen", "must be text, found a number")),
        ({**TEXTS, "prompt": None}, FieldProblem("prompt", "is missing")),
        (
            {"prompt": [ASKED], "chosen": [{**GOOD, "content": ""}], "rejected": [BAD]},
            FieldProblem("chosen.content", "is empty"),
        ),
        (
            {"prompt": [{"role": "user", "content": 1}], "chosen": [GOOD], "rejected": [BAD]},
            FieldProblem("messages[0].content", "must be text, found a number"),
        ),
        (
            {**CHATS["ShareGPT"], "chosen": {"from": "gtp", "value": "x"}},
            FieldProblem("chosen.from", "did you mean 'gpt'?"),
        ),
        ({**CHATS["Alpaca"], "rejected": ""}, FieldProblem("rejected", "is empty")),
        ({**CHATS["OpenAI"], "preferred_output": None}, FieldProblem("preferred_output", "is missing")),
    ],
)
def test_what_is_wrong_is_named_as_the_record_names_it(record: dict[str, Any], problem: FieldProblem) -> None:
    found = SHAPE.problems(record)
    assert len(found) == 1
    assert found[0].field == problem.field
    assert problem.reason in found[0].reason


def test_chats_ask_for_a_template_that_marks_the_assistant(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    template = shared_tokenizer.chat_template
    shared_tokenizer.chat_template = None
    try:
        SHAPE.check_tokenizer(shared_tokenizer, TEXTS)
        with pytest.raises(UnusableChatTemplate):
            SHAPE.check_tokenizer(shared_tokenizer, CHATS["ShareGPT"])
    finally:
        shared_tokenizer.chat_template = template
