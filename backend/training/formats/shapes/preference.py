"""Pairs of answers to one prompt, one chosen and one rejected: what preferences are learnt from.

Such a record is two records of another shape that differ in their answer, so that shape says what is wrong with it and
how it is rendered.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.training.formats.base import FieldProblem, HeldOutPrompt, Record, RecordShape, Rendered
from backend.training.formats.shapes.alpaca import AlpacaShape
from backend.training.formats.shapes.messages import MessagesShape
from backend.training.formats.shapes.prompt_completion import PromptCompletionShape
from backend.training.formats.shapes.sharegpt import ShareGptShape

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ANSWERS = ("chosen", "rejected")
_OPENAI_ANSWERS: Mapping[str, str] = {"chosen": "preferred_output", "rejected": "non_preferred_output"}


class PreferenceShape(RecordShape):
    """`{"prompt": … , "chosen": …, "rejected": …}`: texts, or messages in the OpenAI form.

    Also `conversations` or `instruction` instead of the prompt (ShareGPT, Alpaca), whole conversations in `chosen` and
    `rejected` without any prompt, and `input`, `preferred_output`, `non_preferred_output` (OpenAI).
    """

    name = "preference"
    keys = ("chosen", "rejected")
    outranks = ("messages", "sharegpt", "alpaca", "prompt_completion", "text")
    sequences = 2

    def matches(self, record: Record) -> bool:
        """Any answer announces the shape, so that a missing other one is reported as such."""
        return any(record.get(name) is not None for name in (*_ANSWERS, *_OPENAI_ANSWERS.values()))

    def problems(self, record: Record) -> list[FieldProblem]:
        """What is wrong with either half, or answers between which nothing is to choose."""
        missing = [name for name in (_name_of(record, answer) for answer in _ANSWERS) if record.get(name) is None]
        if missing:
            return [FieldProblem(name, "is missing; a preference needs both answers") for name in missing]
        halves = _halves(record)
        if halves.turns == [] and not all(isinstance(answer, list) for answer in halves.answers.values()):
            return [FieldProblem("prompt", "is missing; without it both answers must be whole conversations")]
        found = [problem for answer in _ANSWERS for problem in halves.problems(answer)]
        if not found and halves.answers["chosen"] == halves.answers["rejected"]:
            found.append(FieldProblem(_name_of(record, "rejected"), "is equal to the chosen answer"))
        return list(dict.fromkeys(found))

    def check_tokenizer(self, tokenizer: "PreTrainedTokenizerBase", record: Record) -> None:
        """As the halves ask."""
        _halves(record).shape.check_tokenizer(tokenizer, record)

    def render(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> Rendered:
        """The chosen half."""
        return self.render_all(record, tokenizer)[0]

    def render_all(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> tuple[Rendered, ...]:
        """Both halves; only the answers that differ are trained, not what the assistant said before."""
        halves = _halves(record)
        chosen, rejected = (halves.shape.render(halves.half(answer), tokenizer) for answer in _ANSWERS)
        start = _first_difference(chosen.token_ids, rejected.token_ids)
        return _from_answer(chosen, start), _from_answer(rejected, start)

    def cut(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> HeldOutPrompt:
        """The prompt, and the chosen answer as reference."""
        halves = _halves(record)
        return halves.shape.cut(halves.half("chosen"), tokenizer)


@dataclass(frozen=True, slots=True)
class _Halves:
    """A record as two of another shape.

    Args:
        shape: That both have.
        shared: Fields of both.
        field: Where the answer goes.
        answers: By `chosen` and `rejected`.
        names: What the record calls them.
        turns: The answer is appended to these, if the field is a list.
    """

    shape: RecordShape
    shared: Mapping[str, Any]
    field: str
    answers: Mapping[str, Any]
    names: Mapping[str, str]
    turns: Any = None

    def half(self, answer: str) -> Record:
        """The half with this answer."""
        found = self.answers[answer]
        if self.turns is None:
            return {**self.shared, self.field: found}
        if not isinstance(self.turns, list):  # left for the shape to refuse
            return {**self.shared, self.field: self.turns}
        return {**self.shared, self.field: [*self.turns, *(found if isinstance(found, list) else [found])]}

    def problems(self, answer: str) -> list[FieldProblem]:
        """What is wrong with this half, with the names that the record has for its fields."""
        return [
            FieldProblem(self._own_name(problem.field, self.names[answer]), problem.reason)
            for problem in self.shape.problems(self.half(answer))
        ]

    def _own_name(self, field: str, answer: str) -> str:
        if self.turns is None:
            return answer if field == self.field else field
        place = re.fullmatch(rf"{self.field}\[(?P<at>\d+)\](?P<rest>.*)", field)
        if place is None or not isinstance(self.turns, list) or int(place["at"]) < len(self.turns):
            return field
        return answer + place["rest"]


def _halves(record: Record) -> _Halves:
    names = {answer: _name_of(record, answer) for answer in _ANSWERS}
    answers = {answer: record[name] for answer, name in names.items()}
    kept = {name: record[name] for name in ("tools", "system", "history") if record.get(name) is not None}
    if record.get("conversations") is not None:
        return _Halves(ShareGptShape(), kept, "conversations", answers, names, record["conversations"])
    if record.get("instruction") is not None:
        asked = {**kept, "instruction": record["instruction"], "input": record.get("input")}
        return _Halves(AlpacaShape(), asked, "output", answers, names)
    prompt, tools = _prompt(record)
    if isinstance(prompt, str) and not any(isinstance(answer, list | dict) for answer in answers.values()):
        return _Halves(PromptCompletionShape(), {"prompt": prompt}, "completion", answers, names)
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    said = {name: _as_turn(answer) for name, answer in answers.items()}
    return _Halves(MessagesShape(), {"tools": tools}, "messages", said, names, [] if turns is None else turns)


def _prompt(record: Record) -> tuple[Any, Any]:
    """What both answers answer (text or messages), and the tools."""
    asked = record.get("input")
    if isinstance(asked, Mapping):
        return asked.get("messages"), asked.get("tools")
    prompt = record.get("prompt")
    return prompt if prompt is not None else record.get("messages"), record.get("tools")


def _as_turn(answer: Any) -> Any:
    return {"role": "assistant", "content": answer} if isinstance(answer, str) else answer


def _name_of(record: Record, answer: str) -> str:
    is_openai = any(record.get(name) is not None for name in _OPENAI_ANSWERS.values())
    return _OPENAI_ANSWERS[answer] if is_openai else answer


def _first_difference(left: Sequence[int], right: Sequence[int]) -> int:
    """Position of the first token that is not shared."""
    shorter = min(len(left), len(right))
    return next((at for at in range(shorter) if left[at] != right[at]), shorter)


def _from_answer(rendered: Rendered, difference: int) -> Rendered:
    """Train from the beginning of the turn in which the two halves part."""
    start = difference
    while start > 0 and rendered.mask[start - 1]:
        start -= 1
    return Rendered(rendered.token_ids, [0] * start + rendered.mask[start:])
