"""Feedback as records, and the prompt of any record: what must never stand on both sides of a comparison."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.training.formats.base import CannotRender, FieldProblem, Record
from backend.training.formats.registry import installed_shapes, shape_of
from shared.models.feedback import digest_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SPEAKERS = frozenset({"user", "human"})


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """An item of feedback with a target, as it lies in the job's folder.

    Args:
        importance: How many times it stands in a mix.
        is_new: Whether it came after what the active adapter learnt.
    """

    feedback_id: str
    prompt: str
    target: str
    importance: int
    is_new: bool

    @property
    def key(self) -> str:
        """Equal for the same prompt, however it is spaced."""
        return digest_of(self.prompt)

    def record(self, record_format: str, *, prompt: str | None = None) -> dict[str, Any]:
        """What is put to the model; `prompt` takes the place of its own one."""
        asked = self.prompt if prompt is None else prompt
        # the splitter keeps records of one document together: here, those of one prompt
        group = {"document_id": self.key}
        if record_format == "prompt_completion":
            return {"prompt": asked, "completion": self.target, **group}
        turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": self.target}]
        return {"messages": turns, **group}


def read_feedback(path: Path) -> Iterator[FeedbackRow]:
    """The rows that the service wrote."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield FeedbackRow(**json.loads(line))


def prompt_key(record: Mapping[str, Any]) -> str | None:
    """As `FeedbackRow.key` for a record of any shape; None for one without a prompt (running text)."""
    prompt = _prompt_of(record)
    return None if prompt is None else digest_of(prompt)


def _prompt_of(record: Mapping[str, Any]) -> str | None:
    if isinstance(record.get("prompt"), str):
        return str(record["prompt"])
    if isinstance(record.get("instruction"), str):
        return "\n\n".join(part for part in (record["instruction"], record.get("input")) if part)
    turns = record.get("messages") or record.get("conversations") or record.get("prompt")
    if not isinstance(turns, list):
        return None
    said = [turn for turn in turns if isinstance(turn, Mapping)]
    asked = [turn for turn in said if (turn.get("role") or turn.get("from")) in _SPEAKERS]
    text = (asked[-1].get("content") or asked[-1].get("value")) if asked else None
    return text if isinstance(text, str) else None


def is_usable(record: Record, tokenizer: "PreTrainedTokenizerBase", limit: int) -> bool:
    """Whether this base model can learn something from a record: no control token of its own, and it fits.

    Args:
        record: Of any shape.
        tokenizer: Of the base model.
        limit: Tokens that are kept of a record.
    """
    shape = shape_of(record, installed_shapes())
    if isinstance(shape, FieldProblem) or shape.problems(record):
        return False
    texts = json.dumps(record, ensure_ascii=False)
    if any(token in texts for token in tokenizer.all_special_tokens):
        return False
    try:
        rendered = shape.render(record, tokenizer)
    except CannotRender:
        return False
    return any(rendered.mask[1:limit])
