"""Take feedback in: judged once, stored for ever."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from backend.training.feedback.models import FeedbackRequest
from backend.training.feedback.quality import rejection_of
from shared.auth.audit import audit_entry
from shared.database.base import AdapterStore, FeedbackStore, Page
from shared.models.feedback import FeedbackFilter, FeedbackItem, FeedbackState, StoredFeedback
from shared.models.users import Principal
from shared.utils.clock import Clock, utc_now
from shared.utils.ids import new_id

logger = logging.getLogger(__name__)


class FeedbackDesk:
    """What people do with feedback: give it and look at it.

    Args:
        feedback: Truth of feedback.
        adapters: Truth of adapters.
        clock: Now.
        make_id: Ids of new items.
    """

    def __init__(
        self,
        feedback: FeedbackStore,
        adapters: AdapterStore,
        *,
        clock: Clock = utc_now,
        make_id: Callable[[str], str] = new_id,
    ) -> None:
        self._feedback = feedback
        self._adapters = adapters
        self._clock = clock
        self._make_id = make_id

    def give(
        self, requests: Sequence[FeedbackRequest], principal: Principal, *, request_id: str | None = None
    ) -> Sequence[StoredFeedback]:
        """Judge and store items; when this returns they are on disk. Giving one twice stores it once.

        Raises:
            AdapterNotFound: If an item names an adapter that there is none of; nothing is stored then.
        """
        for adapter_id in {request.adapter_id for request in requests} - {None}:
            self._adapters.get(str(adapter_id))
        items = [self._judged(request, principal) for request in requests]
        rejected = sum(item.state is FeedbackState.REJECTED for item in items)
        audit = audit_entry(
            principal,
            "feedback.given",
            "feedback",
            items[0].feedback_id,
            request_id=request_id,
            items=len(items),
            rejected=rejected,
        )
        stored = self._feedback.add(items, audit=audit)
        duplicates = sum(one.is_duplicate for one in stored)
        logger.info("feedback.given", extra={"items": len(items), "rejected": rejected, "duplicates": duplicates})
        return stored

    def get(self, feedback_id: str) -> FeedbackItem:
        """One item."""
        return self._feedback.get(feedback_id)

    def page(self, wanted: FeedbackFilter, *, limit: int, after: str | None) -> Page[FeedbackItem]:
        """Items, newest first."""
        return self._feedback.page(wanted, limit=limit, after=after)

    def _judged(self, request: FeedbackRequest, principal: Principal) -> FeedbackItem:
        item = FeedbackItem(
            feedback_id=self._make_id("fb"),
            prompt=request.prompt,
            answer=request.answer,
            correction=request.correction,
            score=request.resolved_score,
            source=request.source,
            importance=request.importance,
            adapter_id=request.adapter_id,
            created_at=self._clock(),
            created_by=principal.email,
        )
        reason = rejection_of(item)
        return item if reason is None else replace(item, state=FeedbackState.REJECTED, reason=reason)
