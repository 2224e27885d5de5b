"""What all chat shapes share: only what the assistant says is trained, as the chat template marks it."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from backend.training.formats.base import FieldProblem, HeldOutPrompt, Record, RecordShape, Rendered
from backend.training.formats.chat_rendering import Chat, Message, render_chat, write_chat
from backend.training.formats.template_check import check_template, check_tool_tokens
from backend.training.formats.tool_calls import WrongTools, tools_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["Chat", "ChatShape", "Message", "tools_problems"]


class ChatShape(RecordShape):
    """A shape whose records are chats."""

    @abstractmethod
    def chat(self, record: Record) -> Chat:
        """The chat of a record without problems."""

    def check_tokenizer(self, tokenizer: "PreTrainedTokenizerBase", record: Record) -> None:
        """Refuse a template that cannot say what the assistant speaks.

        Raises:
            UnusableChatTemplate: With what is wrong and what to do.
        """
        check_template(tokenizer)

    def render(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> Rendered:
        """Tokens and mask from the template.

        Raises:
            CannotRender: If the template cannot write this chat.
            UnusableChatTemplate: If the chat has tools and the vocabulary lacks their tokens.
        """
        chat = self.chat(record)
        check_tool_tokens(tokenizer, chat)
        return render_chat(tokenizer, chat)

    def cut(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> HeldOutPrompt:
        """Everything before the last thing the assistant says."""
        chat = self.chat(record)
        last = max(index for index, message in enumerate(chat.messages) if message["role"] == "assistant")
        prompt = write_chat(tokenizer, Chat(chat.messages[:last], chat.tools), with_prompt=True).text
        ids = tokenizer(prompt, add_special_tokens=False, verbose=False)["input_ids"]
        return HeldOutPrompt(list(ids), prompt, str(chat.messages[last].get("content") or ""))


def tools_problems(tools: Any) -> list[FieldProblem]:
    """What is wrong with the tools of a record."""
    try:
        tools_of(tools)
    except WrongTools as exc:
        return [FieldProblem(f"tools{exc.at}", str(exc))]
    return []
