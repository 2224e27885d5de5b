"""A prompt with its completion: only the completion and its end-of-text token are trained."""

from typing import TYPE_CHECKING

from backend.training.formats.base import (
    FieldProblem,
    HeldOutPrompt,
    Record,
    RecordShape,
    Rendered,
    continued_ids,
    end_ids,
    plain_ids,
    text_problem,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class PromptCompletionShape(RecordShape):
    """`{"prompt": …, "completion": …}`."""

    name = "prompt_completion"
    keys = ("prompt", "completion")

    def matches(self, record: Record) -> bool:
        """Either half announces the shape, so that a missing other half is reported as such."""
        return any(record.get(key) is not None for key in self.keys)

    def problems(self, record: Record) -> list[FieldProblem]:
        """Halves that are missing, blank or not Unicode."""
        found = [text_problem(key, record.get(key)) for key in self.keys]
        return [problem for problem in found if problem]

    def render(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> Rendered:
        """The halves are tokenised apart, so no token straddles the border, as when serving sees only the prompt."""
        prompt = plain_ids(tokenizer, record["prompt"])
        completion = continued_ids(tokenizer, record["completion"]) + end_ids(tokenizer)
        return Rendered(prompt + completion, [0] * len(prompt) + [1] * len(completion))

    def cut(self, record: Record, tokenizer: "PreTrainedTokenizerBase") -> HeldOutPrompt:
        """The prompt as it is."""
        ids = plain_ids(tokenizer, record["prompt"])
        return HeldOutPrompt(ids, record["prompt"], record["completion"])
