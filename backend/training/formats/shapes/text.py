"""Running text: every token is trained, the end-of-text token too."""

from typing import TYPE_CHECKING

from backend.training.formats.base import (
    FieldProblem,
    HeldOutPrompt,
    Record,
    RecordShape,
    Rendered,
    end_ids,
    plain_ids,
    text_problem,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_PROMPT_SHARE = 0.4


class TextShape(RecordShape):
    """`{"text": …}`."""

    name = "text"
    keys = ("text",)
    repeats_others = True

    def problems(self, record: Record) -> list[FieldProblem]:
        """Text that is missing, blank or not Unicode."""
        problem = text_problem("text", record.get("text"))
        return [problem] if problem else []

    def render(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> Rendered:
        """All tokens trained."""
        ids = plain_ids(tokenizer, record["text"]) + end_ids(tokenizer)
        return Rendered(ids, [1] * len(ids))

    def cut(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> HeldOutPrompt:
        """Two fifths of the words are the prompt; the cut never splits a word."""
        text = record["text"].strip()
        at = text.find(" ", int(len(text) * _PROMPT_SHARE))
        prompt, reference = (text[:at], text[at:]) if at > 0 else (text, "")
        return HeldOutPrompt(plain_ids(tokenizer, prompt), prompt, reference)
