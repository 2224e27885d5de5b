"""Texts that quality doubts, and what people decided about them; a decision holds for the text, wherever it stands."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReviewState(StrEnum):
    """Whether somebody has decided, and how."""

    OPEN = "open"
    KEPT = "kept"
    REJECTED = "rejected"

    @property
    def is_decided(self) -> bool:
        """Whether a person has spoken."""
        return self is not ReviewState.OPEN


@dataclass(frozen=True, slots=True)
class Doubt:
    """A text that quality is not sure of, with one place where it stands.

    Args:
        text_key: From `text_key_of`; equal texts are doubted, and decided, once.
        section_id: The first place where it was found.
        score: Of the quality profile, 0..1.
        reasons: Of the profile, the dearest first.
        profile_version: Which profile doubts.
    """

    text_key: str
    section_id: str
    document_id: str
    score: float
    reasons: tuple[str, ...]
    profile_version: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person says of a text.

    Args:
        state: `kept` or `rejected`.
        note: Why, in their own words.
    """

    state: ReviewState
    decided_by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """A doubt and, once somebody has spoken, the ruling.

    Args:
        noted_at: When it came onto the list, or was seen again while it was open.
    """

    doubt: Doubt
    noted_at: datetime
    ruling: Ruling | None = None
    decided_at: datetime | None = None

    @property
    def state(self) -> ReviewState:
        """Open until there is a ruling."""
        return self.ruling.state if self.ruling else ReviewState.OPEN


def text_key_of(text: str) -> str:
    """Identity of a normalised text, 32 hex digits; every character counts except how white space is laid out."""
    return hashlib.blake2b(" ".join(text.split()).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
