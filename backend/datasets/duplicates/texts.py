"""What is asked about and what is told: texts with what decides between them, and clusters of duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.errors import InvalidInput


class RepeatedId(InvalidInput):
    """Two texts of one stream have the same id, so that an answer about one would be about both."""

    code = "repeated_text_id"

    def __init__(self, text_id: str) -> None:
        super().__init__(f"The id '{text_id}' came twice; every text needs an id of its own.", text_id=text_id)


@dataclass(frozen=True, slots=True)
class ComparedText:
    """A text and what decides which one stands for its duplicates.

    Args:
        id: Unique in the stream.
        text: Normalised, or at least all texts treated alike.
        valid_from: First day in force, None if it always was or nobody knows.
        valid_to: Last day in force, None if it still is or nobody knows.
        quality: Higher is better; None counts less than any value.
        rank: Texts of a lower one stand for those of a higher one, 0 … 255.
    """

    id: str
    text: str
    valid_from: date | None = None
    valid_to: date | None = None
    quality: float | None = None
    rank: int = 0


class Kind(StrEnum):
    """How a text duplicates another one."""

    EXACT = "exact"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Member:
    """A text that its representative makes superfluous.

    Args:
        jaccard: Similarity of its shingles to those of the representative; 1 for exact copies.
    """

    id: str
    jaccard: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Cluster:
    """Texts of which one is enough.

    Args:
        representative: Id of the text that is kept (`preferring`).
        members: The others, in the order of their ids.
    """

    representative: str
    members: Sequence[Member]

    @property
    def size(self) -> int:
        """Texts in it, the representative included."""
        return 1 + len(self.members)
