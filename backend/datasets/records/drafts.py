"""The words of a record before it has a shape: what is asked, about what, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.models.dataset import RecordFormat, RecordOrigin


@dataclass(frozen=True, slots=True)
class Draft:
    """What one record says.

    Args:
        answer: The answer; of running text the whole of it, of a preference the chosen one.
        question: What is asked; empty for running text.
        context: What the question is about, where it needs more than itself: a quoted paragraph.
        rejected: The answer that was not preferred; of preferences only.
        template: What made it, and in which version.
        number: 0, 1, 2 … among the drafts of one template and one passage.
        origin: Who wrote the words.
        model: That wrote them, of synthetic ones.
        prompt_version: Of the prompt that asked the model.
    """

    answer: str
    question: str = ""
    context: str = ""
    rejected: str = ""
    template: str = "running_text"
    template_version: int = 1
    number: int = 0
    origin: RecordOrigin = RecordOrigin.DOCUMENT
    model: str = ""
    prompt_version: str = ""

    @property
    def asked(self) -> str:
        """Question and context in one text."""
        return f"{self.question}\n\n{self.context}" if self.context else self.question


def content_of(draft: Draft, record_format: RecordFormat) -> Mapping[str, Any]:
    """The members of a record that a model reads, in the order of `schema.columns`."""
    match record_format:
        case RecordFormat.TEXT:
            return {"text": draft.answer}
        case RecordFormat.INSTRUCTION:
            return {"instruction": draft.question, "input": draft.context, "output": draft.answer}
        case RecordFormat.MESSAGES:
            turns = (("user", draft.asked), ("assistant", draft.answer))
            return {"messages": [{"role": role, "content": content} for role, content in turns]}
        case RecordFormat.PROMPT_COMPLETION:
            return {"prompt": draft.asked, "completion": draft.answer}
        case RecordFormat.PREFERENCE:
            return {"prompt": draft.asked, "chosen": draft.answer, "rejected": draft.rejected}
