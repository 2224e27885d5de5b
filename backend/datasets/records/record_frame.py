"""What all records of an order have in common, around the words of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.datasets.records.drafting import KeptPassage
from backend.datasets.records.drafts import Draft
from backend.datasets.records.render import record_of
from backend.datasets.tokens import TokenCounter
from shared.models.dataset import RecordFormat


@dataclass(frozen=True, slots=True)
class RecordFrame:
    """Makes records of passages and their drafts.

    Args:
        record_format: Their shape.
        quality_profile: By which their quality was judged.
        counter: Counts their tokens.
        licence_of: Why the words of a document may be used, by its id; None: as the candidates say.
    """

    record_format: RecordFormat
    quality_profile: str
    counter: TokenCounter
    licence_of: Callable[[str], str] | None = None

    def record(self, kept: KeptPassage, draft: Draft) -> dict[str, Any]:
        """The finished record; see `record_of`."""
        passage = kept.treated.passage
        first = passage.first
        return record_of(
            passage,
            draft,
            record_format=self.record_format,
            split=kept.split,
            quality_score=kept.score,
            quality_profile=self.quality_profile,
            counter=self.counter,
            licence=self.licence_of(first.stored.document_id) if self.licence_of else first.licence,
        )
