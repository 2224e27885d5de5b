"""Chats in the OpenAI form."""

from typing import Any

from backend.training.formats.base import FieldProblem, Record, text_problem
from backend.training.formats.shapes._chat import Chat, ChatShape
from shared.utils.nearest import nearest

_ROLES = ("system", "developer", "user", "assistant", "tool")


class MessagesShape(ChatShape):
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

    def chat(self, record: Record) -> Chat:
        """As it is."""
        return Chat(record["messages"], record.get("tools") or None)


def _message_problems(index: int, message: object) -> list[FieldProblem]:
    at = f"messages[{index}]"
    if not isinstance(message, dict):
        return [FieldProblem(at, f"must be an object with role and content, found {type(message).__name__}")]
    if message.get("role") not in _ROLES:
        return [FieldProblem(f"{at}.role", wrong_role(message.get("role")))]
    if message.get("content") is None and message["role"] == "assistant" and message.get("tool_calls"):
        return []
    problem = text_problem(f"{at}.content", message.get("content"), may_be_blank=message["role"] != "assistant")
    return [problem] if problem else []


def wrong_role(found: Any) -> str:
    """What to say of a role that is none."""
    guess = nearest(found, _ROLES) if isinstance(found, str) else None
    return f"must be one of {', '.join(_ROLES)}" + (f"; did you mean '{guess}'?" if guess else "")
