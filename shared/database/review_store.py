"""What CLARA asks of the store of quality reviews; the rules of all stores in `shared/database/base.py` hold."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.database.base import Page
from shared.errors import InvalidInput, NotFound
from shared.models.events import AuditEntry
from shared.models.review import Doubt, Review, ReviewState, Ruling


class ReviewNotFound(NotFound):
    """No text with this key was ever doubted or ruled on."""

    code = "review_not_found"

    def __init__(self, text_key: str) -> None:
        super().__init__(
            f"No quality review has the key '{text_key}'. `clara quality review` lists all.", text_key=text_key
        )


class NoRuling(InvalidInput):
    """A ruling must keep or reject."""

    code = "no_ruling"

    def __init__(self) -> None:
        super().__init__("A review is decided by 'kept' or 'rejected'.")


class ReviewStore(Protocol):
    """Doubts of quality and the rulings of people. A ruling is never lost by what a later run doubts."""

    def doubt(self, doubts: Sequence[Doubt], *, run_id: str) -> int:
        """Put texts on the list; returns how many of them were not known before.

        One that is open is replaced by what was found now; one that is decided stays as it is. Of equal keys in one
        call the first counts.

        Args:
            doubts: What a run doubts.
            run_id: Of the run; see `settle`.
        """
        ...

    def settle(self, run_id: str) -> int:
        """Take what is open and was not doubted by this run off the list; returns how many that were."""
        ...

    def rule(self, doubt: Doubt, ruling: Ruling, *, audit: AuditEntry) -> Review:
        """Decide about a text, whether or not it is on the list; a later ruling replaces an earlier one.

        Raises:
            NoRuling: If the ruling says `open`.
        """
        ...

    def get(self, text_key: str) -> Review:
        """The review of a text.

        Raises:
            ReviewNotFound: If there is none.
        """
        ...

    def page(
        self,
        *,
        state: ReviewState = ReviewState.OPEN,
        reason: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Review]:
        """Reviews, those of the lowest score first, then by key.

        Args:
            state: Only these.
            reason: Only those that give this reason first.
            limit: Most of the page.
            after: Key of the last one of the page before.

        Raises:
            ReviewNotFound: If `after` names none.
        """
        ...

    def rulings(self, text_keys: Sequence[str]) -> Mapping[str, ReviewState]:
        """The decided ones among these keys."""
        ...
