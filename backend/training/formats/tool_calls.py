"""Tools and their calls in the OpenAI form, whatever form a record holds them in: equal ones give equal tokens."""

from collections.abc import Mapping
from typing import Any

from backend.training.formats.base import kind_of, text_problem
from backend.training.formats.readers.strict_json import NotStrictJson, StrictJson


class WrongTools(ValueError):
    """Tools or calls that no template could write; `at` is the place below their field, e.g. `[0].name`."""

    def __init__(self, reason: str, at: str = "") -> None:
        super().__init__(reason)
        self.at = at


def tools_of(value: Any) -> list[Mapping[str, Any]] | None:
    """The tools of a record: a list, or one as JSON in a text; None if there are none.

    Raises:
        WrongTools: If they are no list of named functions.
    """
    tools = _parsed(value) if isinstance(value, str) and value.strip() else value
    if tools is None or tools in ([], ""):
        return None
    if not isinstance(tools, list):
        raise WrongTools(f"must be a list of functions, found {kind_of(tools)}")
    return [_tool(tool, f"[{index}]") for index, tool in enumerate(tools)]


def calls_of(value: Any) -> list[Mapping[str, Any]]:
    """What the assistant calls: one call or a list of them, or either as JSON in a text.

    Raises:
        WrongTools: If a call has no name or its arguments are no object.
    """
    calls = _parsed(value) if isinstance(value, str) else value
    calls = [calls] if isinstance(calls, Mapping) else calls
    if not isinstance(calls, list) or not calls:
        raise WrongTools("must be an object with name and arguments, or a list of them")
    return [_call(call, f"[{index}]") for index, call in enumerate(calls)]


def _tool(tool: Any, at: str) -> Mapping[str, Any]:
    function = _function(tool, at)
    _require_unicode(tool, at)
    return {"type": "function", **tool} if "function" in tool else {"type": "function", "function": function}


def _call(call: Any, at: str) -> Mapping[str, Any]:
    function = _function(call, at)
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = _parsed(arguments)
        except WrongTools as exc:
            raise WrongTools(str(exc), f"{at}.arguments") from exc
    if not isinstance(arguments, Mapping):
        raise WrongTools(f"must be an object, found {kind_of(arguments)}", f"{at}.arguments")
    _require_unicode(arguments, f"{at}.arguments")
    known = {"id": call["id"]} if isinstance(call.get("id"), str) else {}
    return {"type": "function", "function": {"name": function["name"], "arguments": arguments}, **known}


def _function(item: Any, at: str) -> Mapping[str, Any]:
    """The function that a tool or a call names, wrapped as OpenAI does or bare."""
    function = item.get("function", item) if isinstance(item, Mapping) else item
    if not isinstance(function, Mapping):
        raise WrongTools(f"must be an object with a name, found {kind_of(function)}", at)
    problem = text_problem(f"{at}.name", function.get("name"))
    if problem is not None:
        raise WrongTools(problem.reason, problem.field)
    return function


def _parsed(text: str) -> Any:
    try:
        return StrictJson().decode(text.strip())
    except NotStrictJson as exc:
        raise WrongTools(str(exc)) from exc


def _require_unicode(value: Any, at: str) -> None:
    for text in texts_in(value):
        problem = text_problem(at, text, may_be_blank=True)
        if problem is not None:
            raise WrongTools(problem.reason, at)


def texts_in(value: Any) -> list[str]:
    """Every text inside plain JSON, names of members too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for item in pair for text in texts_in(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts_in(item)]
    return []
