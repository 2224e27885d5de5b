"""What goes in and out of the routes of active adapters."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from backend.common.exact import Truth
from shared.models.adapter import Promotion


class PromotionRequest(BaseModel):
    """Body of POST …/promote; may be left out."""

    model_config = ConfigDict(extra="forbid")

    override: Truth = Field(False, description="Promote although the comparison speaks against it; recorded.")


class PromotionView(BaseModel):
    """An adapter became the active one of its base model."""

    number: int
    base_model: str
    adapter_id: str
    replaced: str | None = Field(description="Adapter that was active before.")
    promoted_at: datetime
    promoted_by: str
    is_override: bool = Field(description="Its comparison spoke against it, or was out of date.")

    @classmethod
    def of(cls, promotion: Promotion) -> "PromotionView":
        """The public view of a promotion."""
        return cls(**{name: getattr(promotion, name) for name in cls.model_fields})


class PromotionList(BaseModel):
    """Promotions."""

    promotions: list[PromotionView]

    @classmethod
    def of(cls, promotions: Sequence[Promotion]) -> "PromotionList":
        """The public view of promotions."""
        return cls(promotions=[PromotionView.of(one) for one in promotions])
