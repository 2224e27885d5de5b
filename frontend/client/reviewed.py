"""What the dataset service answers about quality reviews."""

from collections.abc import Sequence
from datetime import datetime

from frontend.client.models import Answer
from shared.models.review import ReviewState


class Review(Answer):
    """A text that quality doubts or that somebody ruled on; `text` is None once its document is gone."""

    text_key: str
    state: ReviewState
    section_id: str = ""
    document_id: str = ""
    title: str = ""
    number: str = ""
    heading: str = ""
    score: float = 0.0
    reasons: Sequence[str] = ()
    profile_version: str = ""
    noted_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str = ""
    text: str | None = None


class ReviewPage(Answer):
    """Reviews, those of the lowest score first; their texts are cut."""

    reviews: Sequence[Review]
    total_count: int = 0
    next_after: str | None = None


class Ruled(Answer):
    """The receipt of a ruling."""

    data: Review
    message: str = ""
    success: bool = True
