"""Quality reviews in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.database.audit.entries import doubted, settled
from shared.database.base import Page
from shared.database.memory.state import MemoryState
from shared.database.review_store import NoRuling, ReviewNotFound
from shared.models.events import AuditEntry
from shared.models.review import Doubt, Review, ReviewState, Ruling


class MemoryReviewStore:
    """`ReviewStore` in memory."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def doubt(self, doubts: Sequence[Doubt], *, run_id: str) -> int:
        """See `ReviewStore.doubt`."""
        state = self._state
        with state.lock:
            first = {each.text_key: each for each in reversed(doubts)}
            new = [key for key in first if key not in state.reviews]
            for key, doubt in first.items():
                known = state.reviews.get(key)
                state.review_runs[key] = run_id
                if known is None or known.ruling is None:
                    state.reviews[key] = Review(doubt, state.clock())
            if first:
                state.write_audit(doubted(run_id, len(first)))
            return len(new)

    def settle(self, run_id: str) -> int:
        """See `ReviewStore.settle`."""
        state = self._state
        with state.lock:
            gone = [
                key for key, each in state.reviews.items() if each.ruling is None and state.review_runs[key] != run_id
            ]
            for key in gone:
                del state.reviews[key]
            if gone:
                state.write_audit(settled(run_id, len(gone)))
            return len(gone)

    def rule(self, doubt: Doubt, ruling: Ruling, *, audit: AuditEntry) -> Review:
        """See `ReviewStore.rule`."""
        if not ruling.state.is_decided:
            raise NoRuling
        state = self._state
        with state.lock:
            known = state.reviews.get(doubt.text_key) or Review(doubt, state.clock())
            state.review_runs.setdefault(doubt.text_key, "")
            decided = replace(known, ruling=ruling, decided_at=state.clock())
            state.reviews[doubt.text_key] = decided
            state.write_audit(audit)
            return decided

    def get(self, text_key: str) -> Review:
        """See `ReviewStore.get`."""
        with self._state.lock:
            if text_key not in self._state.reviews:
                raise ReviewNotFound(text_key)
            return self._state.reviews[text_key]

    def page(
        self,
        *,
        state: ReviewState = ReviewState.OPEN,
        reason: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Review]:
        """See `ReviewStore.page`."""
        start = None if after is None else _place(self.get(after))
        with self._state.lock:
            found = [
                each
                for each in self._state.reviews.values()
                if each.state is state and (reason is None or each.doubt.reasons[:1] == (reason,))
            ]
        following = sorted((each for each in found if start is None or _place(each) > start), key=_place)
        items = following[:limit]
        more = len(following) > limit
        return Page(items, next_after=items[-1].doubt.text_key if more and items else None, total=len(found))

    def rulings(self, text_keys: Sequence[str]) -> Mapping[str, ReviewState]:
        """See `ReviewStore.rulings`."""
        with self._state.lock:
            found = {key: self._state.reviews[key] for key in text_keys if key in self._state.reviews}
        return {key: each.state for key, each in found.items() if each.state.is_decided}


def _place(review: Review) -> tuple[float, str]:
    return review.doubt.score, review.doubt.text_key
