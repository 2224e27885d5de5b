"""A few fixed chats whose tokens an adapter keeps, so that nobody ever uses it with chats that are written otherwise.

A template's hash says that a file is another one; the tokens say whether that matters. Another release of a template
engine, a tokenizer that was saved anew or a lost file of control tokens changes tokens without changing the template.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.training.formats.base import CannotRender
from backend.training.formats.chat_rendering import Chat, write_chat
from backend.training.utils.base_model import load_tokenizer
from shared.errors import Conflict
from shared.storage import write_json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FILE = "golden_chats.json"
ASKED, SAID = ("Erste Frage", "Zweite Frage"), ("Erste Antwort", "Zweite Antwort")
TURNS = [
    {"role": role, "content": text}
    for pair in zip(ASKED, SAID, strict=True)
    for role, text in zip(("user", "assistant"), pair, strict=True)
]
CHATS: Mapping[str, Chat] = {
    "one question": Chat(TURNS[:2]),
    "two questions": Chat(TURNS),
    "system message": Chat([{"role": "system", "content": "Auftrag"}, *TURNS]),
}
_PLAIN, _TEXT = "plain text", "§ 35a VwVfG: Größe 3,5 m²\n\n(1) Der Antrag"

Tokens = Sequence[int] | None
"""Of a golden chat; None: the template refuses it."""


class ChatsWrittenOtherwise(Conflict):
    """The tokenizer beside an adapter writes other tokens than the one it was trained with."""

    code = "chats_written_otherwise"

    def __init__(self, adapter_dir: Path, name: str, trained: Tokens, found: Tokens) -> None:
        super().__init__(
            f"The adapter {adapter_dir.name} was trained on other tokens than its tokenizer writes here: for the "
            f"golden chat “{name}” {_shown(trained)} when it was trained, {_shown(found)} now. Answers would be poor "
            "without a sign of it. Restore the adapter's folder, and install the versions that its "
            "training_config.json names.",
            adapter=adapter_dir.name,
            golden_chat=name,
        )


def load_adapter_tokenizer(adapter_dir: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer that an adapter brings along, compared with what it was when the adapter was trained.

    Adapters of releases that kept no golden chats are loaded as they are.

    Raises:
        InvalidBaseModel: If it cannot be read.
        ChatsWrittenOtherwise: If it writes the golden chats otherwise.
    """
    tokenizer = load_tokenizer(adapter_dir)
    try:
        kept: Mapping[str, Any] = json.loads((adapter_dir / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tokenizer
    found: Tokens = _tokens(tokenizer, kept["text"])
    if found != kept["token_ids"]:
        raise ChatsWrittenOtherwise(adapter_dir, _PLAIN, kept["token_ids"], found)
    for name, chat in kept["chats"].items():
        found = _chat_tokens(tokenizer, Chat(chat["messages"]))
        if found != chat["token_ids"]:
            raise ChatsWrittenOtherwise(adapter_dir, name, chat["token_ids"], found)
    return tokenizer


def write_golden_chats(tokenizer: "PreTrainedTokenizerBase", adapter_dir: Path) -> None:
    """Keep the golden chats and their tokens beside the adapter, and those of a text that no template writes.

    Raises:
        OSError: If the folder cannot be written.
    """
    chats = {
        name: {"messages": chat.messages, "token_ids": _chat_tokens(tokenizer, chat)} for name, chat in CHATS.items()
    }
    kept = {"text": _TEXT, "token_ids": _tokens(tokenizer, _TEXT), "chats": chats if tokenizer.chat_template else {}}
    write_json(adapter_dir / FILE, kept)


def golden_texts(tokenizer: "PreTrainedTokenizerBase", template: str | dict[str, str] | None) -> list[str | None]:
    """How a template writes the golden chats; None for one that it refuses, nothing at all without a template."""
    if not template:
        return []
    chosen, tokenizer.chat_template = tokenizer.chat_template, template
    try:
        return [_written(tokenizer, chat) for chat in CHATS.values()]
    finally:
        tokenizer.chat_template = chosen


def _written(tokenizer: "PreTrainedTokenizerBase", chat: Chat) -> str | None:
    try:
        return write_chat(tokenizer, chat).text
    except CannotRender:
        return None


def _chat_tokens(tokenizer: "PreTrainedTokenizerBase", chat: Chat) -> list[int] | None:
    text = _written(tokenizer, chat) if tokenizer.chat_template else None
    return None if text is None else _tokens(tokenizer, text)


def _tokens(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _shown(ids: Tokens) -> str:
    return "no tokens" if ids is None else f"{len(ids)} tokens ({', '.join(map(str, ids[:8]))}, …)"
