"""Loss masks, token by token, against a second opinion that shares no code with the product."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from backend.training.formats.base import CannotRender, RecordShape, continued_ids
from backend.training.formats.chat_templates import installed_templates
from backend.training.formats.shapes.alpaca import AlpacaShape
from backend.training.formats.shapes.messages import MessagesShape
from backend.training.formats.shapes.prompt_completion import PromptCompletionShape
from backend.training.formats.shapes.sharegpt import ShareGptShape
from backend.training.formats.shapes.text import TextShape
from tests.support.chat_conversations import ANSWERS, TEXTS, conversations
from tests.support.chat_reference import FAMILIES, expected, tokens_of
from tests.support.chat_tokenizers import KINDS, TOKENS, chat_tokenizer

MANY = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
SOME = settings(MANY, max_examples=8)

every_kind = pytest.mark.parametrize("kind", KINDS)
every_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module")
def tokenizers() -> dict[tuple[str, str], PreTrainedTokenizerBase]:
    """One of each kind for each family, with the family's tokens and template."""
    return {
        (kind, family): chat_tokenizer(kind, TOKENS[family], template=installed_templates()[family])
        for kind in KINDS
        for family in FAMILIES
    }


def rendered(
    shape: RecordShape, record: dict[str, Any], tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], list[int]]:
    """What the product makes of a record; chats that hold a control token by chance are none."""
    try:
        made = shape.render(record, tokenizer)
    except CannotRender as exc:
        assume("control token" not in str(exc))
        raise
    return made.token_ids, made.mask


def test_every_template_has_a_second_opinion() -> None:
    assert set(installed_templates()) == set(FAMILIES) == set(TOKENS)


@every_kind
@every_family
@MANY
@given(data=st.data())
def test_messages(
    tokenizers: dict[tuple[str, str], PreTrainedTokenizerBase], kind: str, family: str, data: st.DataObject
) -> None:
    tokenizer = tokenizers[kind, family]
    messages, tools = data.draw(conversations(FAMILIES[family]))
    ours = rendered(MessagesShape(), {"messages": messages, "tools": tools}, tokenizer)
    assert ours == expected(family, tokenizer, messages, tools)


@every_kind
@every_family
@SOME
@given(data=st.data())
def test_sharegpt(
    tokenizers: dict[tuple[str, str], PreTrainedTokenizerBase], kind: str, family: str, data: st.DataObject
) -> None:
    tokenizer = tokenizers[kind, family]
    messages, tools = data.draw(conversations(FAMILIES[family]))
    assume(not any(message.get("tool_calls") and message["content"] for message in messages))
    names = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
    turns = [
        {"from": "function_call", "value": json.dumps([call["function"] for call in message["tool_calls"]])}
        if message.get("tool_calls")
        else {"from": names[message["role"]], "value": message["content"]}
        for message in messages
    ]
    record = {"conversations": turns, "tools": json.dumps(tools)}
    assert rendered(ShareGptShape(), record, tokenizer) == expected(family, tokenizer, messages, tools)


@every_kind
@every_family
@SOME
@given(
    system=st.none() | TEXTS,
    history=st.lists(st.tuples(ANSWERS, ANSWERS), max_size=2),
    instruction=ANSWERS,
    extra=st.none() | TEXTS,
    output=ANSWERS,
)
def test_alpaca(
    tokenizers: dict[tuple[str, str], PreTrainedTokenizerBase],
    kind: str,
    family: str,
    system: str | None,
    history: list[tuple[str, str]],
    instruction: str,
    extra: str | None,
    output: str,
) -> None:
    tokenizer = tokenizers[kind, family]
    record = {"system": system, "history": history, "instruction": instruction, "input": extra, "output": output}
    asked = f"{instruction}\n\n{extra}" if extra else instruction
    messages = [{"role": "system", "content": system}] if system else []
    for question, answer in [*history, (asked, output)]:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    assert rendered(AlpacaShape(), record, tokenizer) == expected(family, tokenizer, messages)


@every_kind
@MANY
@given(text=ANSWERS)
def test_text(kind: str, text: str) -> None:
    tokenizer = chat_tokenizer(kind, ())
    assert rendered(TextShape(), {"text": text}, tokenizer) == tokens_of(tokenizer, [(text, True), ("</s>", True)])


@every_kind
@MANY
@given(prompt=ANSWERS, completion=ANSWERS)
def test_prompt_and_completion(kind: str, prompt: str, completion: str) -> None:
    tokenizer = chat_tokenizer(kind, ())
    ids, mask = rendered(PromptCompletionShape(), {"prompt": prompt, "completion": completion}, tokenizer)
    alone, _ = tokens_of(tokenizer, [(prompt, False)])
    # the prompt is what serving would send, all that follows is trained, and nothing is lost or added in between
    assert ids[: len(alone)] == alone
    assert mask == [0] * len(alone) + [1] * (len(ids) - len(alone))
    assert ids[-1] == tokenizer.eos_token_id
    # the others fold blanks or drop characters, so that no text comes back exactly
    if kind in ("byte_level", "blank_always") or (kind == "blank_first" and not prompt.startswith(" ")):
        assert tokenizer.decode(ids[:-1]) == prompt + completion


@MANY
@given(text=ANSWERS)
def test_a_byte_level_tokenizer_needs_no_care_where_a_text_goes_on(text: str) -> None:
    tokenizer = chat_tokenizer("byte_level", ())
    assert continued_ids(tokenizer, text) == tokenizer(text, add_special_tokens=False)["input_ids"]
