"""Feedback: what people say of an answer, kept for ever and never changed."""

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

HIGHEST_IMPORTANCE = 5


class FeedbackState(StrEnum):
    """What the quality check made of an item; decided once, when it came."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class FeedbackItem:
    """One judgement of one answer.

    Args:
        feedback_id: Made by the server.
        seq: 1, 2, 3 … in the order in which items became visible; 0 until it is stored. Gaps are possible.
        prompt: What was asked.
        answer: What the model answered.
        correction: What it should have answered.
        score: -1 (bad) … 1 (good).
        source: Where it comes from, e.g. `chat` or `review`.
        importance: How many times it stands in a training mix, 1..5.
        adapter_id: Adapter that gave the answer, where that is known.
        reason: Why the quality check rejected it.
    """

    feedback_id: str
    prompt: str
    answer: str
    score: float
    source: str
    created_at: datetime
    created_by: str
    correction: str | None = None
    importance: int = 1
    adapter_id: str | None = None
    state: FeedbackState = FeedbackState.ACCEPTED
    reason: str | None = None
    seq: int = 0

    @property
    def content_sha256(self) -> str:
        """What makes two items the same, hex: their texts, however they are spaced; not who says it, nor the score."""
        return digest_of(self.prompt, self.answer, self.correction)


@dataclass(frozen=True, slots=True)
class StoredFeedback:
    """An item as the store has it, and whether it was there before."""

    item: FeedbackItem
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class FeedbackFilter:
    """Which items are asked for; None asks for all.

    Args:
        since: Items that came at this moment or later.
    """

    state: FeedbackState | None = None
    source: str | None = None
    min_score: float | None = None
    max_score: float | None = None
    since: datetime | None = None
    has_correction: bool | None = None
    adapter_id: str | None = None


def score_of_rating(rating: int) -> float:
    """The score that a rating of 1..5 stands for: 1 is -1, 3 is 0, 5 is 1."""
    return (rating - 3) / 2


def digest_of(*texts: str | None) -> str:
    """SHA-256 of texts, hex, equal for texts that differ in Unicode form or white space only."""
    normalised = [None if text is None else " ".join(unicodedata.normalize("NFC", text).split()) for text in texts]
    return hashlib.sha256(json.dumps(normalised).encode("ascii")).hexdigest()
