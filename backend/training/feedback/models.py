"""What goes in and out of the feedback routes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from backend.common.exact import NO_TEXT, Whole
from shared.models.feedback import (
    HIGHEST_IMPORTANCE,
    FeedbackItem,
    FeedbackState,
    StoredFeedback,
    score_of_rating,
)

LARGEST_BATCH = 1000
_LONGEST = 100_000
"""Beyond the length that the quality check rejects, so that a text that is merely long is kept with its reason."""


def _storable(text: str) -> str:
    # PostgreSQL holds no NUL, and no database holds half a character
    if "\x00" in text:
        raise ValueError("holds a NUL character, which cannot be stored")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise ValueError("holds half a character (a lone surrogate)") from exc
    return text


Text = Annotated[str, Field(max_length=_LONGEST), AfterValidator(_storable)]


class FeedbackRequest(BaseModel):
    """One judgement: `score` or `rating`; with a `correction` neither is needed."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    prompt: Text = Field(description="What was asked.", examples=["Wie lange ist die Widerspruchsfrist?"])
    answer: Text = Field(description="What the model answered.", examples=["Zwei Wochen."])
    correction: Text | None = Field(
        None, description="What it should have answered.", examples=["Einen Monat nach der Bekanntgabe."]
    )
    score: Annotated[float, Field(ge=-1, le=1), NO_TEXT] | None = Field(None, description="-1 bad … 1 good.")
    rating: Annotated[int, Field(ge=1, le=5), NO_TEXT] | None = Field(
        None, description="1 bad … 5 good; becomes the score (rating - 3) / 2."
    )
    source: Annotated[str, AfterValidator(_storable)] = Field(
        "api", min_length=1, max_length=100, description="Where it comes from, e.g. chat or review."
    )
    importance: Whole = Field(1, ge=1, le=HIGHEST_IMPORTANCE, description="How many times it stands in a training mix.")
    adapter_id: str | None = Field(None, max_length=100, description="Adapter that gave the answer.")

    @model_validator(mode="after")
    def _one_judgement(self) -> Self:
        if self.score is not None and self.rating is not None:
            raise ValueError("give score or rating, not both")
        if self.score is None and self.rating is None and self.correction is None:
            raise ValueError("give score, rating or correction")
        return self

    @property
    def resolved_score(self) -> float:
        """The score; 0 where there is a correction only."""
        if self.rating is not None:
            return score_of_rating(self.rating)
        return self.score if self.score is not None else 0.0


class FeedbackBatch(BaseModel):
    """Body of POST /api/training/feedback: `{"items": […]}`, or one item as it is."""

    model_config = ConfigDict(extra="forbid")

    items: list[FeedbackRequest] = Field(min_length=1, max_length=LARGEST_BATCH)

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_batch(cls, body: Any) -> Any:
        return {"items": [body]} if isinstance(body, dict) and "items" not in body else body


class FeedbackOutcome(BaseModel):
    """What became of one item."""

    feedback_id: str = Field(description="Of the item that is stored: an earlier one, if this repeats it.")
    seq: int
    state: FeedbackState
    reason: str | None = Field(description="Why it is rejected and will never be a target.")
    is_duplicate: bool = Field(description="The same texts were there already; nothing was stored.")

    @classmethod
    def of(cls, stored: StoredFeedback) -> "FeedbackOutcome":
        """The public view of an answer of the store."""
        item = stored.item
        return cls(
            feedback_id=item.feedback_id,
            seq=item.seq,
            state=item.state,
            reason=item.reason,
            is_duplicate=stored.is_duplicate,
        )


class FeedbackReceipt(BaseModel):
    """Answer to a batch: one outcome per item, in its order; all of it is on disk."""

    success: bool = True
    message: str
    accepted: int
    rejected: int
    duplicates: int
    items: list[FeedbackOutcome]

    @classmethod
    def of(cls, stored: Sequence[StoredFeedback]) -> "FeedbackReceipt":
        """The receipt for what the store answered."""
        new = [one.item for one in stored if not one.is_duplicate]
        accepted = sum(item.state is FeedbackState.ACCEPTED for item in new)
        counts = {"accepted": accepted, "rejected": len(new) - accepted, "duplicates": len(stored) - len(new)}
        message = f"{accepted} accepted, {counts['rejected']} rejected, {counts['duplicates']} known already."
        return cls(message=message, items=[FeedbackOutcome.of(one) for one in stored], **counts)


class FeedbackView(BaseModel):
    """An item of feedback as clients see it."""

    feedback_id: str
    seq: int
    prompt: str
    answer: str
    correction: str | None
    score: float
    source: str
    importance: int
    adapter_id: str | None
    state: FeedbackState
    reason: str | None
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, item: FeedbackItem) -> "FeedbackView":
        """The public view of an item."""
        return cls(**{name: getattr(item, name) for name in cls.model_fields})


class FeedbackList(BaseModel):
    """A page of feedback, newest first."""

    items: list[FeedbackView]
    total_count: int
    next_after: str | None
