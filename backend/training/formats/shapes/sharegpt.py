"""Conversations as ShareGPT and LLaMA-Factory write them, calls of tools included."""

from collections.abc import Mapping
from typing import Any

from backend.training.formats.base import FieldProblem, Record, kind_of, text_problem
from backend.training.formats.shapes._chat import Chat, ChatShape, Message, tools_problems
from backend.training.formats.tool_calls import WrongTools, calls_of, tools_of
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
        return found + tools_problems(record.get("tools"))

    def chat(self, record: Record) -> Chat:
        """The same in the OpenAI form."""
        messages = [_message(turn) for turn in record["conversations"]]
        places = [f"conversations[{index}]" for index in range(len(messages))]
        if record.get("system"):
            messages.insert(0, {"role": "system", "content": record["system"]})
            places.insert(0, "system")
        return Chat(messages, tools_of(record.get("tools")), places)


def _message(turn: Mapping[str, Any]) -> Message:
    if turn["from"] == "function_call":
        return {"role": "assistant", "content": "", "tool_calls": calls_of(turn["value"])}
    return {"role": _ROLES[turn["from"]], "content": turn["value"]}


def _turn_problems(index: int, turn: object) -> list[FieldProblem]:
    at = f"conversations[{index}]"
    if not isinstance(turn, dict):
        return [FieldProblem(at, f"must be an object with from and value, found {kind_of(turn)}")]
    speaker = turn.get("from")
    if not isinstance(speaker, str) or speaker not in _ROLES:
        guess = nearest(speaker, _ROLES) if isinstance(speaker, str) else None
        hint = f"; did you mean '{guess}'?" if guess else ""
        return [FieldProblem(f"{at}.from", f"must be one of {', '.join(_ROLES)}{hint}")]
    problem = text_problem(f"{at}.value", turn.get("value"), may_be_blank=_ROLES[speaker] != "assistant")
    if problem is None and speaker == "function_call":
        problem = _call_problem(f"{at}.value", turn["value"])
    return [problem] if problem else []


def _call_problem(at: str, value: str) -> FieldProblem | None:
    try:
        calls_of(value)
    except WrongTools as exc:
        return FieldProblem(f"{at}{exc.at}", str(exc))
    return None
