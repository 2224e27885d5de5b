"""Templates that cannot be trained with are refused, with what to do instead."""

from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from backend.training.formats.chat_rendering import Chat
from backend.training.formats.chat_templates import installed_templates
from backend.training.formats.template_check import (
    UnusableChatTemplate,
    check_template,
    check_tool_tokens,
    fitting_templates,
    writes_otherwise,
)
from tests.support.chat_reference import FAMILIES
from tests.support.chat_tokenizers import KINDS, TOKENS, chat_tokenizer

TURN = "{{ '<|im_start|>' ~ m.role ~ '\n' }}"
PLAIN = "{% for m in messages %}" + TURN + "{{ m.content ~ '<|im_end|>\n' }}{% endfor %}"


def marked(answer: str, *, role: str = "assistant", rest: str = "") -> str:
    """A ChatML template whose generation block holds `answer`."""
    block = "{% generation %}{{ " + answer + " }}{% endgeneration %}" + rest
    other = "{{ m.content ~ '<|im_end|>\n' }}"
    return (
        "{% for m in messages %}"
        + TURN
        + f"{{% if m.role == '{role}' %}}{block}{{% else %}}{other}{{% endif %}}{{% endfor %}}"
    )


def refused(tokenizer: PreTrainedTokenizerBase) -> str:
    with pytest.raises(UnusableChatTemplate) as caught:
        check_template(tokenizer)
    return caught.value.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_each_of_our_templates_is_accepted_by_a_tokenizer_of_its_family(family: str, kind: str) -> None:
    check_template(chat_tokenizer(kind, TOKENS[family], template=installed_templates()[family]))


def test_the_template_of_the_starter_model_is_accepted(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    check_template(shared_tokenizer)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (None, "the base model has no chat template"),
        (PLAIN, "has no {% generation %} block"),
        (marked("m.content", rest="{{ '<|im_end|>\n' }}"), "ends before the end-of-turn token"),
        (marked("m.content", rest="{{ '\n<|im_end|>\n' }}"), "ends before the end-of-turn token"),
        (marked("m.content ~ '\n'"), "closes no turn with a control token"),
        (marked("'' ~ '<|im_end|>'", rest="{{ m.content }}"), "leaves out what the assistant says"),
        (marked("m.content ~ '<|im_end|>'", role="user"), "holds what the user asks"),
        ("{% generation %}" + PLAIN + "{% endgeneration %}", "holds what the user asks"),
        ("{% generation %}{% for m in messages %}", "the chat template refuses this chat: "),
        ("{# control tokens: <|im_start|> <|weg|> #}" + marked("m.content"), "vocabulary lacks <|weg|>"),
        (
            "{% set all %}" + marked("m.content ~ '<|im_end|>'") + "{% endset %}{{ all }}",
            "{% generation %} block of the chat template",
        ),
    ],
)
def test_a_template_that_cannot_mark_the_assistant_is_refused(template: str | None, reason: str) -> None:
    assert reason in refused(chat_tokenizer("byte_level", TOKENS["qwen"], template=template))


@pytest.mark.parametrize("family", [name for name in FAMILIES if TOKENS[name]])
def test_control_tokens_that_the_vocabulary_lacks_are_named(family: str) -> None:
    message = refused(chat_tokenizer("byte_level", (), template=installed_templates()[family]))
    declared = [token for token in TOKENS[family] if "TOOL" not in token]
    assert f"the base model's vocabulary lacks {', '.join(declared)}, which the chat template needs" in message
    assert "as one token each" in message


def test_tool_tokens_are_asked_for_only_by_chats_with_tools() -> None:
    tokenizer = chat_tokenizer("byte_level", ("[INST]", "[/INST]"), template=installed_templates()["mistral_v3"])
    check_template(tokenizer)
    chat: list[dict[str, Any]] = [{"role": "user", "content": "x"}]
    check_tool_tokens(tokenizer, Chat(chat))
    with pytest.raises(UnusableChatTemplate, match=r"lacks \[AVAILABLE_TOOLS\].* needs for chats with tools as one"):
        check_tool_tokens(tokenizer, Chat(chat, [{"type": "function", "function": {"name": "f"}}]))


def test_the_template_that_writes_as_the_base_model_does_is_recommended() -> None:
    message = refused(chat_tokenizer("byte_level", TOKENS["qwen"], template=PLAIN))
    assert "Set model.chat_template to qwen: it writes chats exactly as the base model's own does." in message


def test_templates_whose_tokens_are_there_are_recommended_otherwise() -> None:
    with_a_default = "{% if messages[0].role != 'system' %}Du hilfst.{% endif %}" + PLAIN
    message = refused(chat_tokenizer("byte_level", TOKENS["qwen"], template=with_a_default))
    assert "its vocabulary has the tokens of chatml, hermes, qwen." in message


def test_a_vocabulary_without_control_tokens_is_told_so() -> None:
    assert "zephyr and mistral_v1, which are plain text" in refused(chat_tokenizer("byte_level", ()))


def test_a_format_whose_tokens_would_be_pieced_together_is_not_recommended() -> None:
    assert fitting_templates(chat_tokenizer("byte_level", (), template=PLAIN)) == ([], [])


def test_a_template_that_writes_otherwise_than_the_own_one_is_noticed() -> None:
    tokenizer = chat_tokenizer("byte_level", TOKENS["qwen"], template=installed_templates()["qwen"])
    assert not writes_otherwise(tokenizer, PLAIN)
    assert not writes_otherwise(tokenizer, None)
    assert writes_otherwise(tokenizer, PLAIN.replace("<|im_end|>\n", "<|im_end|>"))
    refuses_system = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + PLAIN
    assert not writes_otherwise(tokenizer, refuses_system)
    assert tokenizer.chat_template == installed_templates()["qwen"]
