"""What models are measured on: texts of evaluation sets that lie in a folder, so that training can do without them.

A set is a JSON Lines file, an object per line; every shape of record that trainers read is understood, golden records
and the questions of a test with their answers too. A line is one text: what it asks and what it expects, in the order
of `MEMBERS`. Prompts of the system are left out: they are the same in every line and would outweigh the rest. A JSON
file is a set in the shape of SQuAD, each question a text with its answers (`squad_questions`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.quality.normalise import normalise
from backend.datasets.records.squad_questions import squad_questions
from shared.errors import InvalidInput

MEMBERS = (
    "text",
    "messages",
    "conversations",
    "instruction",
    "input",
    "question",
    "prompt",
    "completion",
    "output",
    "answer",
    "answers",
    "expected",
    "chosen",
)
"""Members of a line that hold text: a string, or strings and messages in a list."""

_MEMBERS_OF_PARTS = ("content", "value", "text")


class UnusableEvaluationSet(InvalidInput):
    """An evaluation set, or the folder of all of them, cannot be read as one; nothing is checked by halves."""

    code = "unusable_evaluation_set"

    def __init__(self, file: str, reason: str, *, line: int | None = None) -> None:
        place = file if line is None else f"{file}, line {line}"
        super().__init__(
            f"Evaluation sets (CLARA_EVALUATION_SETS): {place}: {reason}.", file=file, line=line, reason=reason
        )


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """An evaluation set.

    Args:
        name: Path below the folder, with slashes.
        sha256: Of the bytes of the file.
        texts: Number of the line, or of the question, from 1 -> normalised text.
    """

    name: str
    sha256: str
    texts: Mapping[int, str]


def read_evaluation_sets(folder: Path) -> Sequence[EvaluationSet]:
    """Every `*.jsonl` and `*.json` in a folder and in those below it, by name.

    Raises:
        UnusableEvaluationSet: If there is none, or one cannot be read; names the file, and the line of a `*.jsonl`.
    """
    if not folder.is_dir():
        raise UnusableEvaluationSet(str(folder), "this is no folder")
    named = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if _is_set(path))
    if not named:
        raise UnusableEvaluationSet(str(folder), "no *.jsonl or *.json lies in this folder or below it")
    return [(_read_squad if path.suffix == ".json" else _read_lines)(name, path) for name, path in named]


def _is_set(path: Path) -> bool:
    return path.suffix in (".jsonl", ".json") and path.is_file()


def _read_squad(name: str, path: Path) -> EvaluationSet:
    try:
        content = path.read_bytes()
        questions = [normalise(question) for question in squad_questions(content)]
    except OSError as exc:
        raise UnusableEvaluationSet(name, exc.strerror or str(exc)) from exc
    except ValueError as exc:
        raise UnusableEvaluationSet(name, str(exc)) from exc
    texts = {number: text for number, text in enumerate(questions, start=1) if text}
    if not texts:
        raise UnusableEvaluationSet(name, "it holds no question")
    return EvaluationSet(name, hashlib.sha256(content).hexdigest(), texts)


def _read_lines(name: str, path: Path) -> EvaluationSet:
    digest = hashlib.sha256()
    texts: dict[int, str] = {}
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                digest.update(line)
                if line.strip():
                    texts[number] = _text_of(line, name, number)
    except OSError as exc:
        raise UnusableEvaluationSet(name, exc.strerror or str(exc)) from exc
    return EvaluationSet(name, digest.hexdigest(), texts)


def _text_of(line: bytes, name: str, number: int) -> str:
    try:
        # the signature that some editors put before the first line is no part of it
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise UnusableEvaluationSet(name, "this is no UTF-8 text", line=number) from exc
    except (json.JSONDecodeError, RecursionError) as exc:
        raise UnusableEvaluationSet(name, "this is no JSON", line=number) from exc
    if not isinstance(row, dict):
        raise UnusableEvaluationSet(name, "this is no JSON object", line=number)
    text = normalise("\n\n".join(part for member in MEMBERS for part in _strings(row.get(member))))
    if not text:
        raise UnusableEvaluationSet(name, f"no text in any of the members {', '.join(MEMBERS)}", line=number)
    return text


def _strings(value: object) -> Iterator[str]:
    """Strings of a member: itself, or those of its parts (messages, content in parts, several answers)."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict) and "system" not in (value.get("role"), value.get("from")):
        for member in _MEMBERS_OF_PARTS:
            yield from _strings(value.get(member))
