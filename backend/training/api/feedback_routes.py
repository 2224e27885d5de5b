"""Routes of feedback."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from backend.common.blocking import in_thread
from backend.common.exact import Moment
from backend.common.pagination import After, Limit
from backend.common.request_id import request_id
from backend.training.api.dependencies import AnyUser, Desk
from backend.training.feedback.models import (
    LARGEST_BATCH,
    FeedbackBatch,
    FeedbackList,
    FeedbackReceipt,
    FeedbackView,
)
from shared.models.feedback import FeedbackFilter, FeedbackState

router = APIRouter(prefix="/api/training/feedback", tags=["feedback"])

_ONE = {"prompt": "Wie lange ist die Widerspruchsfrist?", "answer": "Einen Monat.", "rating": 5, "source": "chat"}
_EXAMPLES = {
    "one": {"summary": "One item", "value": _ONE},
    "batch": {"summary": f"Up to {LARGEST_BATCH} items", "value": {"items": [_ONE]}},
}
Batch = Annotated[FeedbackBatch, Body(openapi_examples=_EXAMPLES)]
Source = Annotated[str | None, Query(max_length=100, description="Only from this source.")]
Score = Annotated[float | None, Query(ge=-1, le=1, allow_inf_nan=False)]
Since = Annotated[Moment | None, Query(description="Only what came then or later (ISO 8601 with zone).")]
AdapterId = Annotated[str | None, Query(max_length=100, description="Only on answers of this adapter.")]
FeedbackId = Annotated[str, Path(max_length=100, description="Id of an item of feedback.")]


@router.post("")
async def give_feedback(batch: Batch, desk: Desk, principal: AnyUser) -> FeedbackReceipt:
    """Take one item, or a batch as `{"items": [...]}`; all of it is on disk when the answer arrives.

    Each item is judged: one that is rejected is kept with its `reason` and never becomes a target. Texts that are known
    already are not stored again, so a request whose answer was lost can be sent again as it is.
    """
    stored = await in_thread(desk.give, batch.items, principal, request_id=request_id())
    return FeedbackReceipt.of(stored)


@router.get("")
async def list_feedback(
    desk: Desk,
    _: AnyUser,
    limit: Limit = 50,
    after: After = None,
    state: FeedbackState | None = None,
    source: Source = None,
    min_score: Score = None,
    max_score: Score = None,
    since: Since = None,
    has_correction: bool | None = None,
    adapter_id: AdapterId = None,
) -> FeedbackList:
    """Feedback, newest first; `total_count` is of all that match."""
    wanted = FeedbackFilter(state, source, min_score, max_score, since, has_correction, adapter_id)
    page = await in_thread(desk.page, wanted, limit=limit, after=after)
    return FeedbackList(
        items=[FeedbackView.of(item) for item in page.items], total_count=page.total, next_after=page.next_after
    )


@router.get("/{feedback_id}")
async def get_feedback(feedback_id: FeedbackId, desk: Desk, _: AnyUser) -> FeedbackView:
    """One item."""
    return FeedbackView.of(await in_thread(desk.get, feedback_id))
