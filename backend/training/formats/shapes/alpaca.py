"""Instructions with their answers, as the Alpaca project published them."""

from collections.abc import Sequence
from typing import Any

from backend.training.formats.base import FieldProblem, Record, kind_of, text_problem
from backend.training.formats.shapes._chat import Chat, ChatShape, Message


class AlpacaShape(ChatShape):
    """`{"instruction": …, "input"?: …, "output": …, "history"?: [[…, …], …], "system"?: …}`.

    The input follows the instruction after an empty line; earlier turns are trained as well.
    """

    name = "alpaca"
    keys = ("instruction", "output")

    def problems(self, record: Record) -> list[FieldProblem]:
        """Texts that are missing, blank or no texts, and turns of the history that are no pairs."""
        found = [text_problem(key, record.get(key)) for key in self.keys]
        found += [
            text_problem(key, record[key], may_be_blank=True)
            for key in ("input", "system")
            if record.get(key) is not None
        ]
        return [problem for problem in found if problem] + _history_problems(record.get("history"))

    def chat(self, record: Record) -> Chat:
        """Instruction and input are the user's, output is the assistant's."""
        messages: list[Message] = []
        places: list[str] = []
        if record.get("system"):
            messages.append({"role": "system", "content": record["system"]})
            places.append("system")
        for index, (asked, answered) in enumerate(record.get("history") or ()):
            messages += _turn(asked, answered)
            places += [f"history[{index}][0]", f"history[{index}][1]"]
        asked = "\n\n".join(part for part in (record["instruction"], record.get("input")) if part)
        return Chat([*messages, *_turn(asked, record["output"])], places=[*places, "instruction", "output"])


def _turn(asked: str, answered: str) -> list[Message]:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]


def _history_problems(history: Any) -> list[FieldProblem]:
    if history is None:
        return []
    if not isinstance(history, Sequence) or isinstance(history, str):
        return [FieldProblem("history", f"must be a list of pairs, found {kind_of(history)}")]
    found = []
    for index, turn in enumerate(history):
        at = f"history[{index}]"
        if not isinstance(turn, Sequence) or isinstance(turn, str) or len(turn) != 2:
            found.append(FieldProblem(at, "must be a pair of question and answer"))
            continue
        found += [problem for part in (0, 1) if (problem := text_problem(f"{at}[{part}]", turn[part]))]
    return found
