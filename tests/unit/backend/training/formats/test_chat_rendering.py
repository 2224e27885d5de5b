"""Chats as text, tokens and mask; the masks of whole families are proved in `test_masks.py`."""

from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from backend.training.formats.base import CannotRender
from backend.training.formats.chat_rendering import Chat, mask_of, render_chat, write_chat
from backend.training.formats.chat_templates import installed_templates
from tests.support.chat_reference import tokens_of
from tests.support.chat_tokenizers import TOKENS, chat_tokenizer

ASKED = {"role": "user", "content": "Frist?"}
CALL = {"type": "function", "function": {"name": "suche", "arguments": {"a": 1}}}
TOOL = {"type": "function", "function": {"name": "suche"}}


def a_tokenizer(family: str = "qwen", kind: str = "byte_level", **options: Any) -> PreTrainedTokenizerBase:
    return chat_tokenizer(kind, TOKENS[family], **{"template": installed_templates()[family], **options})


@pytest.mark.parametrize(
    ("ids", "offsets", "spans", "mask"),
    [
        ([5, 5, 5], [(0, 2), (2, 4), (4, 6)], [(2, 4)], [0, 1, 0]),
        ([5, 5], [(0, 3), (3, 6)], [(2, 4)], [1, 1]),  # both hold a character of the answer
        ([9, 5], [(0, 3), (3, 6)], [(2, 6)], [0, 1]),  # a control token that swallowed the answer's first blank
        ([5, 9], [(0, 3), (3, 6)], [(0, 4)], [1, 1]),  # the end of turn, and a line break after it
        ([5, 5, 5, 5], [(0, 1), (1, 2), (2, 3), (3, 4)], [(0, 1), (2, 3)], [1, 0, 1, 0]),
        ([5, 5], [(0, 0), (0, 1)], [(0, 1)], [0, 1]),  # a token that stands for no character
        ([5], [(0, 4)], [], [0]),
        ([], [], [(0, 1)], []),
    ],
)
def test_a_token_is_trained_if_it_holds_a_character_of_an_answer(
    ids: list[int], offsets: list[tuple[int, int]], spans: list[tuple[int, int]], mask: list[int]
) -> None:
    assert mask_of(ids, offsets, spans, frozenset({9})) == mask


def test_an_answer_that_begins_with_a_character_the_tokenizer_drops_is_trained() -> None:
    tokenizer = a_tokenizer(kind="dropping")
    rendered = render_chat(tokenizer, Chat([ASKED, {"role": "assistant", "content": "\u00adJa."}]))
    pieces = [("<|im_start|>user\nFrist?<|im_end|>\n<|im_start|>assistant\n", False), ("\u00adJa.<|im_end|>", True)]
    assert (rendered.token_ids, rendered.mask) == tokens_of(tokenizer, [*pieces, ("\n", False)])
    assert sum(rendered.mask) > 1


def test_special_tokens_that_have_no_name_in_the_tokenizer_cannot_be_forged_either() -> None:
    tokenizer = a_tokenizer("llama3")
    assert "<|eot_id|>" not in tokenizer.all_special_tokens
    with pytest.raises(CannotRender, match=r"contains the model's control token <\|eot_id\|>") as caught:
        render_chat(
            tokenizer, Chat([{"role": "user", "content": "x<|eot_id|>"}, {"role": "assistant", "content": "y"}])
        )
    assert caught.value.field == "messages[0]"


@pytest.mark.parametrize(("family", "forged"), [("mistral_v1", "[/INST]"), ("zephyr", "<|assistant|>")])
def test_turns_that_are_parted_by_plain_text_cannot_be_forged_either(family: str, forged: str) -> None:
    chat = Chat([{"role": "user", "content": f"x {forged} y"}, {"role": "assistant", "content": "z"}])
    with pytest.raises(CannotRender, match="contains the model's control token"):
        render_chat(a_tokenizer(family), chat)


def test_a_message_of_weight_0_is_read_but_not_trained() -> None:
    first = {"role": "assistant", "content": "Nein.", "weight": 0}
    second = {"role": "assistant", "content": "Doch.", "weight": 1}
    tokenizer = a_tokenizer("zephyr")
    rendered = render_chat(tokenizer, Chat([ASKED, first, ASKED, second]))
    question = "<|user|>\nFrist?</s>\n<|assistant|>\n"
    pieces = [(f"{question}Nein.</s>\n{question}", False), ("Doch.</s>", True), ("\n", False)]
    assert (rendered.token_ids, rendered.mask) == tokens_of(tokenizer, pieces)


def test_weights_need_a_template_that_marks_each_answer_by_itself() -> None:
    whole = "{% generation %}{% for m in messages %}{{ m.content }}</s>{% endfor %}{% endgeneration %}"
    chat = Chat([{"role": "assistant", "content": text, "weight": weight} for text, weight in (("a", 0), ("b", 1))])
    with pytest.raises(CannotRender, match="does not mark each answer by itself"):
        render_chat(a_tokenizer(template=whole), chat)


ONLY_TEXTS = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}"
    "{% else %}{{ m.content }}<|im_end|>{% endif %}{% endfor %}"
)


def test_tools_that_a_template_passes_over_are_refused() -> None:
    spoken = {"role": "assistant", "content": "Ja."}
    with pytest.raises(CannotRender, match="leaves out the tools") as caught:
        render_chat(a_tokenizer(template=ONLY_TEXTS), Chat([ASKED, spoken], [TOOL]))
    assert caught.value.field == "tools"
    called = {"role": "assistant", "content": "Ja.", "tool_calls": [CALL]}
    with pytest.raises(CannotRender, match="leaves out what the assistant calls"):
        render_chat(a_tokenizer(template=ONLY_TEXTS), Chat([ASKED, called]))


def test_a_model_may_bring_one_template_for_tools_and_one_for_the_rest() -> None:
    tokenizer = a_tokenizer()
    own: Any = {"default": ONLY_TEXTS, "tool_use": installed_templates()["qwen"]}
    tokenizer.chat_template = own
    spoken = {"role": "assistant", "content": "Ja."}
    assert write_chat(tokenizer, Chat([ASKED, spoken])).text == "Frist?<|im_end|>Ja.<|im_end|>"
    assert "suche" in write_chat(tokenizer, Chat([ASKED, spoken], [TOOL])).text


@pytest.mark.parametrize(
    ("family", "messages", "reason"),
    [
        ("chatml", [ASKED, {"role": "assistant", "tool_calls": [CALL]}], "chatml has no form for calls of tools"),
        ("gemma", [ASKED, ASKED, {"role": "assistant", "content": "x"}], "user and assistant in turn"),
        ("gemma", [{"role": "assistant", "content": "x"}], "user and assistant in turn"),
        ("mistral_v1", [ASKED, ASKED, {"role": "assistant", "content": "x"}], "user and assistant in turn"),
        ("mistral_v3", [ASKED, {"role": "assistant", "content": "x", "tool_calls": [CALL]}], "either speaks or calls"),
        ("mistral_v3", [ASKED, {"role": "system", "content": "x"}], "takes a system message, then user and assistant"),
        ("llama3", [ASKED, {"role": "assistant", "tool_calls": [CALL, CALL]}], "either speaks or calls one tool"),
        ("llama3", [{"role": "boss", "content": "x"}], "unknown role boss"),
        ("qwen", [ASKED, {"role": "system", "content": "x"}], "the system message must be the first"),
        ("phi3", [ASKED, {"role": "tool", "content": "x"}], "phi3 has no form for calls of tools"),
    ],
)
def test_what_a_family_has_no_form_for_is_refused(family: str, messages: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(CannotRender, match=reason):
        write_chat(a_tokenizer(family), Chat(messages))


@pytest.mark.parametrize("family", ["chatml", "mistral_v1", "gemma", "phi3", "zephyr"])
def test_a_family_without_tools_refuses_them(family: str) -> None:
    with pytest.raises(CannotRender, match=f"{family} has no form for tools"):
        write_chat(a_tokenizer(family), Chat([ASKED, {"role": "assistant", "content": "x"}], [TOOL]))


@pytest.mark.parametrize("family", installed_templates())
def test_a_developer_is_a_system_message(family: str) -> None:
    rest = [ASKED, {"role": "assistant", "content": "x"}]
    tokenizer = a_tokenizer(family)
    as_developer, as_system = (
        write_chat(tokenizer, Chat([{"role": role, "content": "Auftrag"}, *rest])) for role in ("developer", "system")
    )
    assert as_developer == as_system


def test_results_answer_the_calls_that_they_name() -> None:
    calls = [{**CALL, "id": "abcdefghi"}, {**CALL, "id": "jklmnopqr"}]
    results = [{"role": "tool", "content": "x", "tool_call_id": "jklmnopqr"}]
    messages = [ASKED, {"role": "assistant", "tool_calls": calls}, *results]
    assert '{"content": "x", "call_id": "jklmnopqr"}' in write_chat(a_tokenizer("mistral_v3"), Chat(messages)).text
