"""Chats in the OpenAI form."""

from collections.abc import Mapping
from typing import Any

from backend.training.formats.base import FieldProblem, Record, kind_of, text_problem
from backend.training.formats.shapes._chat import Chat, ChatShape, Message, tools_problems
from backend.training.formats.tool_calls import WrongTools, calls_of, tools_of
from shared.utils.nearest import nearest

_ROLES = ("system", "developer", "user", "assistant", "tool")


class MessagesShape(ChatShape):
    """`{"messages": [{"role": …, "content": …}, …], "tools"?: […]}`.

    As in OpenAI's files, an assistant's message with `"weight": 0` is read but not trained.
    """

    name = "messages"
    keys = ("messages",)

    def problems(self, record: Record) -> list[FieldProblem]:
        """Wrong list, roles, contents or calls, or nothing that the assistant says."""
        messages = record.get("messages")
        if not isinstance(messages, list) or not messages:
            return [FieldProblem("messages", "must be a list with at least one message")]
        found = [problem for index, message in enumerate(messages) for problem in _message_problems(index, message)]
        if not found and not any(_is_trained(message) for message in messages):
            found.append(
                FieldProblem("messages", "nothing of it is said by the assistant, so nothing would be trained")
            )
        return found + tools_problems(record.get("tools"))

    def chat(self, record: Record) -> Chat:
        """The same, with the arguments of calls as objects."""
        return Chat([_message(message) for message in record["messages"]], tools_of(record.get("tools")))


def _message(message: Mapping[str, Any]) -> Message:
    calls = message.get("tool_calls")
    return {**message, "tool_calls": calls_of(calls)} if calls else message


def _is_trained(message: Mapping[str, Any]) -> bool:
    return message["role"] == "assistant" and message.get("weight") != 0


def _message_problems(index: int, message: object) -> list[FieldProblem]:
    at = f"messages[{index}]"
    if not isinstance(message, dict):
        return [FieldProblem(at, f"must be an object with role and content, found {kind_of(message)}")]
    role = message.get("role")
    if role not in _ROLES:
        return [FieldProblem(f"{at}.role", wrong_role(role))]
    found = _call_problems(at, message)
    if isinstance(message.get("content"), list):
        return [*found, FieldProblem(f"{at}.content", "must be text, found a list; join the texts of its parts")]
    if message.get("content") is not None or not message.get("tool_calls"):
        may_be_blank = role != "assistant" or bool(message.get("tool_calls"))
        problem = text_problem(f"{at}.content", message.get("content"), may_be_blank=may_be_blank)
        found += [problem] if problem else []
    weight = message.get("weight")
    if weight is not None and (role != "assistant" or weight not in (0, 1)):
        found.append(FieldProblem(f"{at}.weight", "must be 0 or 1, and only an assistant's message has one"))
    return found


def _call_problems(at: str, message: Mapping[str, Any]) -> list[FieldProblem]:
    calls = message.get("tool_calls")
    if not calls:
        return []
    if message["role"] != "assistant":
        return [FieldProblem(f"{at}.tool_calls", f"only the assistant calls tools, found the role {message['role']}")]
    try:
        calls_of(calls)
    except WrongTools as exc:
        return [FieldProblem(f"{at}.tool_calls{exc.at}", str(exc))]
    return []


def wrong_role(found: Any) -> str:
    """What to say of a role that is none."""
    guess = nearest(found, _ROLES) if isinstance(found, str) else None
    return f"must be one of {', '.join(_ROLES)}" + (f"; did you mean '{guess}'?" if guess else "")
