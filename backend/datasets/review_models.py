"""What enters and leaves the dataset service about quality reviews."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.models.document import StoredSection
from shared.models.review import Review, ReviewState

EXCERPT_CHARACTERS = 500
Decided = Literal[ReviewState.KEPT, ReviewState.REJECTED]
Note = Annotated[str, Field(max_length=2_000, description="Why, in your own words.")]


class RulingRequest(BaseModel):
    """What a person says of a text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Decided = Field(description="`kept` or `rejected`; holds for the text, wherever it stands.")
    note: Note = ""


class SectionRulingRequest(RulingRequest):
    """What a person says of a section's text, whether or not it was ever doubted."""

    section_id: str = Field(min_length=1, max_length=200, description="`<document_id>:<version>:<ordinal>`.")


class ReviewView(BaseModel):
    """A review with the place where its text was found first."""

    model_config = ConfigDict(frozen=True)

    text_key: str
    section_id: str
    document_id: str
    title: str = Field(description="Of the document; empty once it is gone.")
    number: str
    heading: str
    score: float
    reasons: Sequence[str]
    profile_version: str
    state: ReviewState
    noted_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str
    text: str | None = Field(description="As it was judged; lists give its first 500 characters. null: it is gone.")

    @classmethod
    def of(cls, review: Review, section: StoredSection | None, text: str | None) -> "ReviewView":
        """The public face of a review."""
        doubt, ruling = review.doubt, review.ruling
        return cls(
            text_key=doubt.text_key,
            section_id=doubt.section_id,
            document_id=doubt.document_id,
            title=section.document_title if section else "",
            number=section.section.number if section else "",
            heading=section.section.heading if section else "",
            score=doubt.score,
            reasons=doubt.reasons,
            profile_version=doubt.profile_version,
            state=review.state,
            noted_at=review.noted_at,
            decided_by=ruling.decided_by if ruling else None,
            decided_at=review.decided_at,
            note=ruling.note if ruling else "",
            text=text,
        )


class ReviewList(BaseModel):
    """Reviews, those of the lowest score first."""

    model_config = ConfigDict(frozen=True)

    reviews: Sequence[ReviewView]
    total_count: int
    next_after: str | None


class RulingDone(BaseModel):
    """The receipt of a ruling."""

    model_config = ConfigDict(frozen=True)

    success: bool = True
    message: str
    data: ReviewView
