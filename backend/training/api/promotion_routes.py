"""Routes of the active adapters."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from backend.common.blocking import in_thread
from backend.common.pagination import Limit
from backend.common.request_id import request_id
from backend.training.api.dependencies import AnyUser, DiskCheck, Promoter, Trainer
from backend.training.models import PromotionList, PromotionRequest, PromotionView

router = APIRouter(prefix="/api/training", tags=["training"])

BaseModelName = Annotated[str | None, Query(max_length=500, description="Only of this base model.")]


@router.get("/active-adapters")
async def list_active_adapters(promoter: Promoter, _: AnyUser) -> PromotionList:
    """The active adapter of every base model that has one: what continuous training compares with."""
    return PromotionList.of(await in_thread(promoter.active))


@router.get("/promotions")
async def list_promotions(
    promoter: Promoter, _: AnyUser, base_model: BaseModelName = None, limit: Limit = 50
) -> PromotionList:
    """Promotions, newest first: who made which adapter the active one, and what it replaced."""
    return PromotionList.of(await in_thread(promoter.history, base_model=base_model, limit=limit))


@router.post("/adapters/{adapter_id}/promote", dependencies=[DiskCheck])
async def promote_adapter(
    adapter_id: str, promoter: Promoter, principal: Trainer, request: Annotated[PromotionRequest | None, Body()] = None
) -> PromotionView:
    """Make an adapter the active one of its base model, once its files are verified.

    One whose comparison ended with reject, or was made with an adapter that is not active any more, is refused (409)
    unless `override` is true; an override is recorded. Promoting the active adapter changes nothing.
    """
    override = request is not None and request.override
    promotion = await in_thread(promoter.promote, adapter_id, principal, override=override, request_id=request_id())
    return PromotionView.of(promotion)
