"""Chats: only what the assistant says is trained, its end-of-turn token too, as the chat template marks it."""

from typing import TYPE_CHECKING, Any

from backend.training.formats.base import (
    CannotRender,
    FieldProblem,
    HeldOutPrompt,
    Record,
    RecordShape,
    Rendered,
    text_problem,
)
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ROLES = ("system", "developer", "user", "assistant", "tool")
_PROBE = [{"role": "user", "content": "Frage"}, {"role": "assistant", "content": "Antwort"}]


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


class MessagesShape(RecordShape):
    """`{"messages": [{"role": …, "content": …}, …], "tools"?: […]}`."""

    name = "messages"
    keys = ("messages",)

    def problems(self, record: Record) -> list[FieldProblem]:
        """Wrong list, roles or contents, or nothing that the assistant says."""
        messages = record.get("messages")
        if not isinstance(messages, list) or not messages:
            return [FieldProblem("messages", "must be a list with at least one message")]
        found = [problem for index, message in enumerate(messages) for problem in _message_problems(index, message)]
        if not found and not any(message["role"] == "assistant" for message in messages):
            found.append(FieldProblem("messages", "no message has the role assistant, so nothing would be trained"))
        tools = record.get("tools")
        if tools is not None and not isinstance(tools, list):
            found.append(FieldProblem("tools", f"must be a list, found {type(tools).__name__}"))
        return found

    def check_tokenizer(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        """Probe the template with one question and answer.

        Raises:
            UnusableChatTemplate: If there is no template, no generation block, or the end of a turn lies outside it.
        """
        if not tokenizer.chat_template:
            raise UnusableChatTemplate("it has no chat template")
        rendered = _apply(tokenizer, _PROBE)
        if not any(rendered.mask):
            raise UnusableChatTemplate("its chat template has no {% generation %} block")
        last = max(index for index, flag in enumerate(rendered.mask) if flag)
        special = set(tokenizer.all_special_ids)
        after = rendered.token_ids[last + 1 : last + 2]
        if rendered.token_ids[last] not in special and after and after[0] in special:
            raise UnusableChatTemplate("its {% generation %} block ends before the end-of-turn token")

    def render(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> Rendered:
        """Tokens and mask from the template."""
        return _apply(tokenizer, record["messages"], record.get("tools"))

    def cut(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> HeldOutPrompt:
        """Everything before the last thing the assistant says."""
        messages = record["messages"]
        last = max(index for index, message in enumerate(messages) if message["role"] == "assistant")
        prompt = tokenizer.apply_chat_template(
            messages[:last], tools=record.get("tools"), add_generation_prompt=True, tokenize=False
        )
        ids = tokenizer(prompt, add_special_tokens=False, verbose=False)["input_ids"]
        return HeldOutPrompt(list(ids), str(prompt), str(messages[last].get("content") or ""))


def _message_problems(index: int, message: object) -> list[FieldProblem]:
    at = f"messages[{index}]"
    if not isinstance(message, dict):
        return [FieldProblem(at, f"must be an object with role and content, found {type(message).__name__}")]
    if message.get("role") not in _ROLES:
        return [FieldProblem(f"{at}.role", f"must be one of {', '.join(_ROLES)}")]
    if message.get("content") is None and message["role"] == "assistant" and message.get("tool_calls"):
        return []
    problem = text_problem(f"{at}.content", message.get("content"), may_be_blank=message["role"] != "assistant")
    return [problem] if problem else []


def _apply(tokenizer: "PreTrainedTokenizerBase", messages: Any, tools: Any = None) -> Rendered:
    from jinja2.exceptions import TemplateError

    _refuse_control_tokens(tokenizer, messages)
    try:
        rendered: Any = tokenizer.apply_chat_template(
            messages,
            tools=tools,
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
            tokenizer_kwargs={"verbose": False},
        )
    except (TemplateError, TypeError, KeyError) as exc:
        raise CannotRender(f"the chat template refuses this chat: {exc}") from exc
    return Rendered(list(rendered["input_ids"]), list(rendered["assistant_masks"]))


def _refuse_control_tokens(tokenizer: "PreTrainedTokenizerBase", messages: Any) -> None:
    """A document that contains `<|assistant|>` or the like would otherwise forge a turn and move the mask."""
    for index, message in enumerate(messages):
        content = message.get("content") or ""
        forged = next((token for token in tokenizer.all_special_tokens if token in content), None)
        if forged is not None:
            raise CannotRender(f"messages[{index}].content contains the model's control token {forged}")
