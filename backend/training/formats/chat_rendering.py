"""Chats as tokens with their loss mask: written by the chat template, marked by where its generation blocks lie.

The mask is made here, not taken from `apply_chat_template(return_assistant_tokens_mask=True)` of transformers 5.23: it
stops marking, or marks all that follows, where a block begins or ends with a character that the tokenizer drops.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from backend.training.formats.base import CannotRender, Rendered
from backend.training.formats.chat_templates import declared_by, marks_generation
from backend.training.formats.tool_calls import texts_in

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Message = Mapping[str, Any]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as a template takes it.

    Args:
        messages: In the OpenAI form: role, content, `tool_calls` of the assistant, `weight` 0 if not to be trained.
        tools: JSON schemas of functions that the assistant may call; None: there are none.
        places: Where in the record each message comes from; empty: `messages[i]`.
    """

    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]] | None = None
    places: Sequence[str] = ()

    def place(self, index: int) -> str:
        """The field of the record that message `index` comes from."""
        return self.places[index] if self.places else f"messages[{index}]"

    @property
    def called(self) -> list[str]:
        """Names of the functions that the assistant calls."""
        return [call["function"]["name"] for message in self.messages for call in message.get("tool_calls") or ()]


@dataclass(frozen=True, slots=True)
class WrittenChat:
    """A chat as text.

    Args:
        text: All of it.
        spans: What the assistant says in it: first character and the one after the last, in order.
    """

    text: str
    spans: tuple[Span, ...]

    @property
    def trained(self) -> list[str]:
        """The text of each span."""
        return [self.text[start:end] for start, end in self.spans]


def render_chat(tokenizer: "PreTrainedTokenizerBase", chat: Chat) -> Rendered:
    """Tokens and mask of a chat.

    Raises:
        CannotRender: If the template refuses it, leaves its tools out, or a message forges control tokens.
    """
    refuse_forged(tokenizer, chat)
    written = write_chat(tokenizer, chat)
    _require_tools(chat, written)
    encoded = tokenizer(written.text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    ids = list(encoded["input_ids"])
    spans = _weighted(chat, written.spans)
    return Rendered(ids, mask_of(ids, encoded["offset_mapping"], spans, added_tokens(tokenizer).ids))


def write_chat(tokenizer: "PreTrainedTokenizerBase", chat: Chat, *, with_prompt: bool = False) -> WrittenChat:
    """The chat as its template writes it; `with_prompt` ends it where the assistant is to speak.

    Raises:
        CannotRender: If the template refuses it.
    """
    from jinja2.exceptions import TemplateError
    from transformers.utils.chat_template_utils import render_jinja_template

    template = template_for(tokenizer, chat)
    messages = [{name: value for name, value in message.items() if value is not None} for message in chat.messages]
    is_marked = marks_generation(template)
    render: Any = render_jinja_template  # its annotation knows of texts only, not of the pair that it returns
    try:
        texts, spans = render(
            conversations=[messages],
            tools=list(chat.tools) if chat.tools else None,
            chat_template=template,
            return_assistant_tokens_mask=is_marked,
            add_generation_prompt=with_prompt,
            **tokenizer.special_tokens_map,
        )
    except (TemplateError, TypeError, KeyError, ValueError, AttributeError, RecursionError) as exc:
        raise CannotRender(f"the chat template refuses this chat: {exc}") from exc
    return WrittenChat(texts[0], tuple((start, end) for start, end in spans[0]) if is_marked else ())


def template_for(tokenizer: "PreTrainedTokenizerBase", chat: Chat) -> str:
    """The template that writes this chat; some models bring one for chats with tools and one for the others."""
    template: str = tokenizer.get_chat_template(None, list(chat.tools) if chat.tools else None)  # type: ignore[arg-type]  # it asks only whether there are any
    return template


def mask_of(ids: Sequence[int], offsets: Sequence[Span], spans: Sequence[Span], control: frozenset[int]) -> list[int]:
    """1 for each token that holds a character of a span.

    A control token counts where it begins: some swallow the blanks after them, which may belong to the answer.

    Args:
        ids: Tokens, length n.
        offsets: First character of each and the one after its last, length n, in order.
        spans: In order, not overlapping.
        control: Ids of added tokens.
    """
    mask, at = [], 0
    for token, (start, end) in zip(ids, offsets, strict=True):
        while at < len(spans) and spans[at][1] <= start:
            at += 1
        first, last = spans[at] if at < len(spans) else (end, end)
        mask.append(int(first <= start < last if token in control else start < last and end > first))
    return mask


@dataclass(frozen=True, slots=True)
class AddedTokens:
    """Tokens beside the learned vocabulary.

    Args:
        ids: Of all of them.
        special: Those that control the model, longest first.
    """

    ids: frozenset[int]
    special: tuple[str, ...]


@lru_cache(maxsize=8)
def added_tokens(tokenizer: "PreTrainedTokenizerBase") -> AddedTokens:
    """The added tokens; `all_special_tokens` of transformers 5 knows only those that have a name such as eos_token."""
    added = tokenizer.added_tokens_decoder
    special = {token.content for token in added.values() if token.special} | set(tokenizer.all_special_tokens)
    return AddedTokens(frozenset(added), tuple(sorted(special, key=lambda token: (-len(token), token))))


def refuse_forged(tokenizer: "PreTrainedTokenizerBase", chat: Chat) -> None:
    """A document that contains `<|assistant|>` or the like would otherwise forge a turn and move the mask.

    Raises:
        CannotRender: With the place and the token.
    """
    markers = declared_by(template_for(tokenizer, chat)).markers
    forbidden = _any_of((*added_tokens(tokenizer).special, *markers))
    for place, text in _texts(chat):
        forged = forbidden.search(text)
        if forged:
            raise CannotRender(f"contains the model's control token {forged.group()}", place)


@lru_cache(maxsize=8)
def _any_of(texts: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, texts)) or "(?!)")


def _texts(chat: Chat) -> Iterator[tuple[str, str]]:
    for index, message in enumerate(chat.messages):
        for text in texts_in(message):
            yield chat.place(index), text
    for text in texts_in(chat.tools):
        yield "tools", text


def _require_tools(chat: Chat, written: WrittenChat) -> None:
    """Many templates pass over what they do not know; the model would learn to call what it was never shown."""
    for tool in chat.tools or ():
        if tool["function"]["name"] not in written.text:
            raise CannotRender("the chat template leaves out the tools; choose one that has a form for them", "tools")
    trained = "".join(written.trained)
    if any(name not in trained for name in chat.called):
        raise CannotRender("the chat template leaves out what the assistant calls; choose one that has a form for it")


def _weighted(chat: Chat, spans: Sequence[Span]) -> Sequence[Span]:
    """The spans without those of messages that are not to be trained."""
    spoken = [message for message in chat.messages if message["role"] == "assistant"]
    if all(message.get("weight") != 0 for message in spoken):
        return spans
    if len(spans) != len(spoken):
        raise CannotRender("a message has weight 0, but the chat template does not mark each answer by itself")
    return [span for span, message in zip(spans, spoken, strict=True) if message.get("weight") != 0]
