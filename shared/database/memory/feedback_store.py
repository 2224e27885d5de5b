"""Feedback in memory."""

from collections.abc import Sequence
from dataclasses import replace

from shared.database.base import FeedbackNotFound, Page
from shared.database.memory.state import MemoryState
from shared.models.events import AuditEntry
from shared.models.feedback import FeedbackFilter, FeedbackItem, StoredFeedback
from shared.models.targets import target_of


class MemoryFeedbackStore:
    """`FeedbackStore` in memory."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def add(self, items: Sequence[FeedbackItem], *, audit: AuditEntry) -> Sequence[StoredFeedback]:
        """See `FeedbackStore.add`."""
        with self._state.lock:
            known = {item.content_sha256: item for item in self._state.feedback}
            answers = []
            for item in items:
                first = known.get(item.content_sha256)
                if first is None:
                    known[item.content_sha256] = first = replace(item, seq=len(self._state.feedback) + 1)
                    self._state.feedback.append(first)
                    answers.append(StoredFeedback(first))
                else:
                    answers.append(StoredFeedback(first, is_duplicate=True))
            if not all(answer.is_duplicate for answer in answers):
                self._state.write_audit(audit)
            return answers

    def get(self, feedback_id: str) -> FeedbackItem:
        """See `FeedbackStore.get`."""
        found = next((item for item in self._all() if item.feedback_id == feedback_id), None)
        if found is None:
            raise FeedbackNotFound(feedback_id)
        return found

    def page(
        self,
        wanted: FeedbackFilter = FeedbackFilter(),  # noqa: B008 - frozen and empty
        *,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[FeedbackItem]:
        """See `FeedbackStore.page`."""
        before = None if after is None else self.get(after).seq
        found = [item for item in reversed(self._all()) if _is_wanted(item, wanted)]
        following = [item for item in found if before is None or item.seq < before]
        items = following[:limit]
        more = len(following) > limit
        return Page(items, next_after=items[-1].feedback_id if more and items else None, total=len(found))

    def targets(
        self, *, min_score: float, after: int = 0, until: int | None = None, limit: int = 1000
    ) -> Sequence[FeedbackItem]:
        """See `FeedbackStore.targets`."""
        return self._targets(min_score, after, until)[:limit]

    def count_targets(self, *, min_score: float, after: int = 0, until: int | None = None) -> int:
        """See `FeedbackStore.count_targets`."""
        return len(self._targets(min_score, after, until))

    def newest_seq(self) -> int:
        """See `FeedbackStore.newest_seq`."""
        return max((item.seq for item in self._all()), default=0)

    def _targets(self, min_score: float, after: int, until: int | None) -> list[FeedbackItem]:
        between = (item for item in self._all() if item.seq > after and (until is None or item.seq <= until))
        return [item for item in between if target_of(item, min_score=min_score) is not None]

    def _all(self) -> list[FeedbackItem]:
        with self._state.lock:
            return list(self._state.feedback)


def _is_wanted(item: FeedbackItem, wanted: FeedbackFilter) -> bool:
    return (
        wanted.state in (None, item.state)
        and wanted.source in (None, item.source)
        and wanted.adapter_id in (None, item.adapter_id)
        and (wanted.min_score is None or item.score >= wanted.min_score)
        and (wanted.max_score is None or item.score <= wanted.max_score)
        and (wanted.since is None or item.created_at >= wanted.since)
        and wanted.has_correction in (None, item.correction is not None)
    )
