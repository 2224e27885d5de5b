"""Routes of quality reviews: the list of doubtful texts, and the rulings on them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from backend.common.blocking import in_thread
from backend.common.known_parameters import refuse_unknown_parameters
from backend.common.pagination import After, Limit
from backend.common.request_id import request_id
from backend.datasets.api.dependencies import Curator, Reviews
from backend.datasets.review_models import (
    EXCERPT_CHARACTERS,
    ReviewList,
    ReviewView,
    RulingDone,
    RulingRequest,
    SectionRulingRequest,
)
from backend.datasets.reviewing import ReviewedText, RulingOrder
from shared.models.review import ReviewState
from shared.models.users import Principal

router = APIRouter(prefix="/api/quality", tags=["quality"], dependencies=[Depends(refuse_unknown_parameters)])

TextKey = Annotated[str, Path(max_length=100, description="Key of a text, as the list names it.")]
Reason = Annotated[
    str | None, Query(max_length=100, description="Only texts that are doubted for this reason most of all.")
]


@router.get("/reviews")
async def list_reviews(
    desk: Reviews,
    _: Curator,
    limit: Limit = 50,
    after: After = None,
    state: ReviewState = ReviewState.OPEN,
    reason: Reason = None,
) -> ReviewList:
    """Texts that quality doubts, or that somebody ruled on, those of the lowest score first."""
    page = await in_thread(desk.page, state=state, reason=reason, limit=limit, after=after)
    return ReviewList(
        reviews=[_view(each, longest=EXCERPT_CHARACTERS) for each in page.items],
        total_count=page.total,
        next_after=page.next_after,
    )


@router.get("/reviews/{text_key}")
async def get_review(text_key: TextKey, desk: Reviews, _: Curator) -> ReviewView:
    """One review with its whole text."""
    return _view(await in_thread(desk.get, text_key))


@router.post("/reviews/{text_key}")
async def rule_on_text(text_key: TextKey, order: RulingRequest, desk: Reviews, principal: Curator) -> RulingDone:
    """Keep or reject a text; a later ruling replaces an earlier one, a quality run replaces none."""
    return _done(await in_thread(desk.rule, text_key, _ruling(order, principal)))


@router.post("/rulings")
async def rule_on_section(order: SectionRulingRequest, desk: Reviews, principal: Curator) -> RulingDone:
    """Keep or reject the text of a section that was perhaps never doubted, such as one that a rule rejects."""
    return _done(await in_thread(desk.rule_section, order.section_id, _ruling(order, principal)))


def _ruling(order: RulingRequest, principal: Principal) -> RulingOrder:
    return RulingOrder(order.state, principal, order.note, request_id())


def _done(shown: ReviewedText) -> RulingDone:
    view = _view(shown)
    return RulingDone(message=f"Text {view.text_key} is {view.state}.", data=view)


def _view(shown: ReviewedText, *, longest: int | None = None) -> ReviewView:
    text = shown.text
    return ReviewView.of(shown.review, shown.section, text if text is None else text[:longest])
