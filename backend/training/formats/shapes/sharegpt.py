"""Conversations as ShareGPT and LLaMA-Factory write them, calls of tools included."""

import json
from collections.abc import Mapping
from typing import Any

from backend.training.formats.base import FieldProblem, Record, text_problem
from backend.training.formats.shapes._chat import Chat, ChatShape, Message
from shared.utils.nearest import nearest

_ROLES: Mapping[str, str] = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "system": "system",
    "observation": "tool",
    "tool": "tool",
    "function_call": "assistant",
}


class ShareGptShape(ChatShape):
    """`{"conversations": [{"from": …, "value": …}, …], "system"?: …, "tools"?: […] or JSON}`."""

    name = "sharegpt"
    keys = ("conversations",)

    def problems(self, record: Record) -> list[FieldProblem]:
        """Wrong turns, wrong tools, or nothing that the assistant says."""
        turns = record.get("conversations")
        if not isinstance(turns, list) or not turns:
            return [FieldProblem("conversations", "must be a list with at least one turn")]
        found = [problem for index, turn in enumerate(turns) for problem in _turn_problems(index, turn)]
        if not found and not any(_ROLES[turn["from"]] == "assistant" for turn in turns):
            found.append(FieldProblem("conversations", "no turn is from gpt, so nothing would be trained"))
        if record.get("system") is not None:
            problem = text_problem("system", record["system"], may_be_blank=True)
            found += [problem] if problem else []
        try:
            _tools(record)
        except ValueError as exc:
            found.append(FieldProblem("tools", str(exc)))
        return found

    def chat(self, record: Record) -> Chat:
        """The same in the OpenAI form."""
        messages = [_message(turn) for turn in record["conversations"]]
        if record.get("system"):
            messages.insert(0, {"role": "system", "content": record["system"]})
        return Chat(messages, _tools(record))


def _message(turn: Mapping[str, Any]) -> Message:
    if turn["from"] == "function_call":
        return {"role": "assistant", "content": "", "tool_calls": [_call(one) for one in _calls(turn["value"])]}
    return {"role": _ROLES[turn["from"]], "content": turn["value"]}


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}


def _calls(value: str) -> list[Mapping[str, Any]]:
    """One call or a list of them.

    Raises:
        ValueError: If the text is not JSON with name and arguments.
    """
    try:
        content = json.loads(value)
    except (ValueError, RecursionError) as exc:
        raise ValueError("is no JSON") from exc
    calls = content if isinstance(content, list) else [content]
    for call in calls:
        if not isinstance(call, dict) or not isinstance(call.get("name"), str) or "arguments" not in call:
            raise ValueError("must be an object with name and arguments, or a list of them")
    return calls


def _tools(record: Record) -> list[Mapping[str, Any]] | None:
    """The tools, which many files hold as JSON inside a text.

    Raises:
        ValueError: If they are no list of objects.
    """
    tools = record.get("tools")
    if isinstance(tools, str):
        try:
            tools = json.loads(tools) if tools.strip() else None
        except (ValueError, RecursionError) as exc:
            raise ValueError("is no JSON") from exc
    if tools is None or tools == []:
        return None
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise ValueError("must be a list of objects")
    return tools


def _turn_problems(index: int, turn: object) -> list[FieldProblem]:
    at = f"conversations[{index}]"
    if not isinstance(turn, dict):
        return [FieldProblem(at, f"must be an object with from and value, found {type(turn).__name__}")]
    speaker = turn.get("from")
    if not isinstance(speaker, str) or speaker not in _ROLES:
        guess = nearest(speaker, _ROLES) if isinstance(speaker, str) else None
        hint = f"; did you mean '{guess}'?" if guess else ""
        return [FieldProblem(f"{at}.from", f"must be one of {', '.join(_ROLES)}{hint}")]
    problem = text_problem(f"{at}.value", turn.get("value"), may_be_blank=_ROLES[speaker] != "assistant")
    if problem is None and speaker == "function_call":
        try:
            _calls(turn["value"])
        except ValueError as exc:
            problem = FieldProblem(f"{at}.value", str(exc))
    return [problem] if problem else []
