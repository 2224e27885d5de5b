"""What all chat shapes share: only what the assistant says is trained, as the base model's chat template marks it."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.training.formats.base import CannotRender, HeldOutPrompt, Record, RecordShape, Rendered
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Message = Mapping[str, Any]

_PROBE = [{"role": "user", "content": "Frage"}, {"role": "assistant", "content": "Antwort"}]


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as a template takes it.

    Args:
        messages: In the OpenAI form: role, content, `tool_calls` of the assistant.
        tools: JSON schemas of functions that the assistant may call; None: there are none.
    """

    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]] | None = None


class UnusableChatTemplate(InvalidInput):
    """The base model's chat template cannot say which tokens the assistant speaks."""

    code = "unusable_chat_template"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Records with `messages` cannot be trained on this base model: {reason}. Choose a base model whose chat "
            "template marks the assistant's turns, put them into {% generation %} … {% endgeneration %} in its "
            "chat_template.jinja (with the end-of-turn token inside), or give the records as prompt and completion.",
            reason=reason,
        )


class ChatShape(RecordShape):
    """A shape whose records are chats."""

    @abstractmethod
    def chat(self, record: Record) -> Chat:
        """The chat of a record without problems."""

    def check_tokenizer(self, tokenizer: "PreTrainedTokenizerBase", record: Record) -> None:
        """Probe the template with one question and answer.

        Raises:
            UnusableChatTemplate: If there is no template, no generation block, or the end of a turn lies outside it.
        """
        if not tokenizer.chat_template:
            raise UnusableChatTemplate("it has no chat template")
        rendered = _apply(tokenizer, Chat(_PROBE))
        if not any(rendered.mask):
            raise UnusableChatTemplate("its chat template has no {% generation %} block")
        last = max(index for index, flag in enumerate(rendered.mask) if flag)
        special = set(tokenizer.all_special_ids)
        after = rendered.token_ids[last + 1 : last + 2]
        if rendered.token_ids[last] not in special and after and after[0] in special:
            raise UnusableChatTemplate("its {% generation %} block ends before the end-of-turn token")

    def render(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> Rendered:
        """Tokens and mask from the template."""
        return _apply(tokenizer, self.chat(record))

    def cut(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> HeldOutPrompt:
        """Everything before the last thing the assistant says."""
        chat = self.chat(record)
        last = max(index for index, message in enumerate(chat.messages) if message["role"] == "assistant")
        prompt = tokenizer.apply_chat_template(
            list(chat.messages[:last]),  # type: ignore[arg-type]  # its annotation knows of plain texts only
            tools=chat.tools,  # type: ignore[arg-type]  # as above
            add_generation_prompt=True,
            tokenize=False,
        )
        ids = tokenizer(prompt, add_special_tokens=False, verbose=False)["input_ids"]
        return HeldOutPrompt(list(ids), str(prompt), str(chat.messages[last].get("content") or ""))


def _apply(tokenizer: "PreTrainedTokenizerBase", chat: Chat) -> Rendered:
    from jinja2.exceptions import TemplateError

    _refuse_control_tokens(tokenizer, chat)
    try:
        rendered: Any = tokenizer.apply_chat_template(
            list(chat.messages),  # type: ignore[arg-type]  # its annotation knows of plain texts only
            tools=chat.tools,  # type: ignore[arg-type]  # as above
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
            tokenizer_kwargs={"verbose": False},
        )
    except (TemplateError, TypeError, KeyError) as exc:
        raise CannotRender(f"the chat template refuses this chat: {exc}") from exc
    return Rendered(list(rendered["input_ids"]), list(rendered["assistant_masks"]))


def _refuse_control_tokens(tokenizer: "PreTrainedTokenizerBase", chat: Chat) -> None:
    """A document that contains `<|assistant|>` or the like would otherwise forge a turn and move the mask."""
    parts = [(f"messages[{index}]", message) for index, message in enumerate(chat.messages)]
    for name, part in (*parts, ("tools", chat.tools)):
        for text in _texts(part):
            forged = next((token for token in tokenizer.all_special_tokens if token in text), None)
            if forged is not None:
                raise CannotRender(f"{name} contains the model's control token {forged}")


def _texts(value: object) -> Iterator[str]:
    """Every text inside plain JSON, names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(name)
            yield from _texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)
