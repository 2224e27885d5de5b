"""Whether a tokenizer's chat template can be trained with, and which of ours could if it cannot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend.training.formats.base import CannotRender
from backend.training.formats.chat_rendering import Chat, WrittenChat, added_tokens, template_for, write_chat
from backend.training.formats.chat_templates import declared_by, installed_templates, marks_generation
from backend.training.formats.golden_chats import ASKED, CHATS, SAID, golden_texts
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class UnusableChatTemplate(InvalidInput):
    """The chat template cannot say which tokens the assistant speaks, or not with this tokenizer."""

    code = "unusable_chat_template"

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(
            f"Chats cannot be trained with this base model: {reason}. {advice} Or give the records as prompt and "
            "completion.",
            reason=reason,
        )


def check_template(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Refuse a template that cannot mark what the assistant says, tried on a chat of two questions and answers.

    Raises:
        UnusableChatTemplate: With what is wrong and what to do.
    """
    reason = _why_unusable(tokenizer)
    if reason:
        raise UnusableChatTemplate(reason, _advice(tokenizer))


def check_tool_tokens(tokenizer: "PreTrainedTokenizerBase", chat: Chat) -> None:
    """Refuse a chat with tools where the vocabulary lacks the tokens that its template writes them with.

    Raises:
        UnusableChatTemplate: With the tokens that are missing.
    """
    if chat.tools or chat.called:
        tokens = declared_by(template_for(tokenizer, chat)).tool_tokens
        missing = _not_in_vocabulary(tokenizer, tokens)
        if missing:
            raise UnusableChatTemplate(_lacks(missing, "for chats with tools "), _advice(tokenizer))


def writes_otherwise(tokenizer: "PreTrainedTokenizerBase", own: str | dict[str, str] | None) -> bool:
    """Whether the template writes chats otherwise than `own`, the one that the base model brings along.

    Args:
        tokenizer: With the template that was chosen.
        own: Of the base model; None: it has none, so nothing is otherwise.
    """
    ours = golden_texts(tokenizer, tokenizer.chat_template)
    return bool(own) and not _agree(golden_texts(tokenizer, own), ours)


def fitting_templates(tokenizer: "PreTrainedTokenizerBase") -> tuple[list[str], list[str]]:
    """Names of our templates that write chats exactly as the tokenizer's own, and of those whose tokens it knows."""
    own = golden_texts(tokenizer, tokenizer.chat_template)
    same: list[str] = []
    known: list[str] = []
    for name, text in installed_templates().items():
        tokens = declared_by(text).control_tokens
        if _not_in_vocabulary(tokenizer, tokens):
            continue
        known += [name] if tokens else []
        if any(own) and _agree(own, golden_texts(tokenizer, text)):
            same.append(name)
    return same, known


def _why_unusable(tokenizer: "PreTrainedTokenizerBase") -> str:
    if not tokenizer.is_fast:
        return "the base model has no tokenizer.json, so nobody knows which characters a token stands for"
    if not tokenizer.chat_template:
        return "the base model has no chat template"
    template = template_for(tokenizer, CHATS["one question"])
    if not marks_generation(template):
        return "the chat template has no {% generation %} block, which marks what the assistant says"
    missing = _not_in_vocabulary(tokenizer, declared_by(template).control_tokens)
    if missing:
        return _lacks(missing)
    try:
        return _why_unmarked(tokenizer, write_chat(tokenizer, CHATS["two questions"]))
    except CannotRender as exc:
        return str(exc)


def _why_unmarked(tokenizer: "PreTrainedTokenizerBase", written: WrittenChat) -> str:
    trained = "\n".join(written.trained)
    if any(text in trained for text in ASKED):
        return "the {% generation %} block of the chat template holds what the user asks"
    if not all(text in trained for text in SAID):
        return "the {% generation %} block of the chat template leaves out what the assistant says"
    ends = [_ends_with_control(tokenizer, text) for text in written.trained]
    if all(ends):
        return ""
    rest = written.text[written.spans[-1][1] :]
    if any(token in rest for token in added_tokens(tokenizer).special):
        return "the {% generation %} block ends before the end-of-turn token, so the model would never learn to stop"
    return "the chat template closes no turn with a control token, so the model would never learn to stop"


def _ends_with_control(tokenizer: "PreTrainedTokenizerBase", text: str) -> bool:
    ids = tokenizer(text.rstrip(), add_special_tokens=False)["input_ids"]
    return bool(ids) and ids[-1] in added_tokens(tokenizer).ids


def _not_in_vocabulary(tokenizer: "PreTrainedTokenizerBase", tokens: Sequence[str]) -> list[str]:
    """Those that the tokenizer would split into pieces, or does not know."""
    return [token for token in tokens if not _is_one_token(tokenizer, token)]


def _is_one_token(tokenizer: "PreTrainedTokenizerBase", token: str) -> bool:
    ids = tokenizer(token, add_special_tokens=False)["input_ids"]
    return len(ids) == 1 and ids[0] != tokenizer.unk_token_id


def _lacks(missing: Sequence[str], when: str = "") -> str:
    tokens = ", ".join(missing)
    return f"the base model's vocabulary lacks {tokens}, which the chat template needs {when}as one token each"


def _advice(tokenizer: "PreTrainedTokenizerBase") -> str:
    same, known = fitting_templates(tokenizer) if tokenizer.is_fast else ([], [])
    if same:
        return f"Set model.chat_template to {' or '.join(same)}: it writes chats exactly as the base model's own does."
    if known:
        names = ", ".join(known)
        return f"Set model.chat_template to the format of the base model; its vocabulary has the tokens of {names}."
    return (
        "Set model.chat_template to a format whose tokens the vocabulary has (none of ours but zephyr and mistral_v1, "
        "which are plain text), or to a .jinja file of yours."
    )


def _agree(own: Sequence[str | None], ours: Sequence[str | None]) -> bool:
    """Whether ours is the same wherever the own template writes something."""
    return all(theirs in (None, text) for theirs, text in zip(own, ours, strict=False))
