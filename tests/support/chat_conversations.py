"""Conversations made up by Hypothesis: any Unicode, blanks at the borders, empty systems, calls of several tools."""

from typing import Any

from hypothesis import strategies as st

from tests.support.chat_reference import Family

_LETTERS = st.characters(exclude_categories=["Cs"])
_WORDS = st.sampled_from(
    ["Behörde", "§ 2", "Bescheid", "  ", "\n", "\n\n", "\t", "Größe", "ﬁ", "\u00ad", "\u200b", "🏛️", "e\u0301"]
)
TEXTS = st.one_of(st.text(_LETTERS, max_size=12), st.lists(_WORDS, max_size=6).map("".join))
ANSWERS = st.tuples(TEXTS, st.sampled_from(["Ja.", "Nein", "ü", "42", "…"]), TEXTS).map("".join)
_NAMES = st.sampled_from(["frist", "gebühr_berechnen", "suche"])
_VALUES = st.one_of(TEXTS, st.integers(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2))
_ARGUMENTS = st.dictionaries(st.text(_LETTERS, min_size=1, max_size=5), _VALUES, max_size=3)
TOOLS = [
    {"type": "function", "function": {"name": name, "description": f"Für {name}", "parameters": {"type": "object"}}}
    for name in ("frist", "gebühr_berechnen", "suche")
]


def _message(role: str, content: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return content.map(lambda text: [{"role": role, "content": text}])


@st.composite
def _tool_turn(draw: st.DrawFn, family: Family) -> list[dict[str, Any]]:
    """The assistant calls, each call is answered, the assistant speaks."""
    calls = [
        {"type": "function", "function": {"name": draw(_NAMES), "arguments": draw(_ARGUMENTS)}}
        for _ in range(draw(st.integers(1, family.tools)))
    ]
    content = draw(ANSWERS) if family.can_mix and draw(st.booleans()) else ""
    results = [{"role": "tool", "content": draw(TEXTS)} for _ in calls]
    spoken = {"role": "assistant", "content": draw(ANSWERS)}
    return [{"role": "assistant", "content": content, "tool_calls": calls}, *results, spoken]


@st.composite
def conversations(draw: st.DrawFn, family: Family) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Messages and tools (empty: none) that the family has a form for."""
    with_tools = family.tools > 0 and draw(st.booleans())
    answer = _message("assistant", ANSWERS)
    turn = st.one_of(answer, _tool_turn(family)) if with_tools else answer
    messages = draw(st.one_of(st.just([]), _message("system", TEXTS)))
    for _ in range(draw(st.integers(1, 3))):
        questions = 1 if family.alternates else draw(st.integers(1, 2))
        for _ in range(questions):
            messages = messages + draw(_message("user", TEXTS))
        messages = messages + draw(turn)
    return messages, TOOLS if with_tools else []
