"""Which adapter is in use: promoted by a person, or by a continuous run whose comparison was passed."""

import logging
from collections.abc import Callable, Mapping, Sequence

from backend.training.adapter_check import check_adapter
from shared.auth.audit import audit_entry
from shared.database.base import AdapterStore
from shared.errors import Conflict
from shared.models.adapter import Adapter, AdapterCheck, Promotion, PromotionOrder
from shared.models.comparison import ComparisonVerdict, compared_with, verdict_of
from shared.models.users import Principal

logger = logging.getLogger(__name__)


class AdapterDamaged(Conflict):
    """The adapter's files are not those that were published; no override helps."""

    code = "adapter_damaged"

    def __init__(self, check: AdapterCheck) -> None:
        adapter_id = check.adapter.adapter_id
        super().__init__(
            f"Adapter {adapter_id} is damaged ({check.reason}); it was not promoted. Train it again.",
            adapter_id=adapter_id,
            reason=check.reason,
        )


class ComparisonObjects(Conflict):
    """What is known of the adapter speaks against promoting it."""

    code = "comparison_objects"

    def __init__(self, adapter_id: str, objection: str) -> None:
        super().__init__(
            f"Adapter {adapter_id} was not promoted: {objection}. `clara jobs report` shows the evidence. Whoever "
            "promotes it all the same passes --override (`override: true`), which is recorded.",
            adapter_id=adapter_id,
            objection=objection,
        )


class Promotions:
    """Promote adapters and see which ones are active.

    Args:
        adapters: Truth of adapters.
        erased_in: Dataset -> documents that its records were made of and that were erased since.
    """

    def __init__(
        self, adapters: AdapterStore, erased_in: Callable[[Sequence[str]], Mapping[str, Sequence[str]]] = lambda _: {}
    ) -> None:
        self._adapters = adapters
        self._erased_in = erased_in

    def promote(
        self, adapter_id: str, principal: Principal, *, override: bool = False, request_id: str | None = None
    ) -> Promotion:
        """Make an adapter the active one of its base model; takes as long as reading its files does.

        Raises:
            AdapterNotFound: If there is none.
            AdapterDamaged: If its files are not those that were published.
            ComparisonObjects: If its comparison ended with reject, or was made with another adapter than the active
                one, or it was trained on a document that was erased since, and nobody overrides that.
            ActiveAdapterChanged: If somebody promoted another one meanwhile.
        """
        adapter = self._adapters.get(adapter_id)
        active = self._adapters.active(adapter.base_model)
        over = None if active is None else active.adapter_id
        if active is not None and over == adapter_id:
            return active
        objection = self._seen_erased(adapter) or _objection(adapter, over)
        if objection is not None and not override:
            raise ComparisonObjects(adapter_id, objection)
        check = check_adapter(adapter)
        if check.reason is not None:
            raise AdapterDamaged(check)
        order = PromotionOrder(over, principal.email, is_override=objection is not None)
        audit = audit_entry(
            principal,
            "adapter.promoted",
            "adapter",
            adapter_id,
            request_id=request_id,
            base_model=adapter.base_model,
            replaced=over,
            overridden=objection,
        )
        promotion = self._adapters.promote(adapter_id, order, audit=audit)
        logger.info("adapter.promoted", extra={"adapter_id": adapter_id, "is_override": order.is_override})
        return promotion

    def _seen_erased(self, adapter: Adapter) -> str | None:
        if adapter.dataset_id is None:
            return None
        erased = self._erased_in([adapter.dataset_id]).get(adapter.dataset_id, ())
        if not erased:
            return None
        return f"it was trained on dataset {adapter.dataset_id}, of which {len(erased)} documents were erased since"

    def active(self) -> Sequence[Promotion]:
        """The active adapter of every base model that has one."""
        return self._adapters.all_active()

    def history(self, *, base_model: str | None, limit: int) -> Sequence[Promotion]:
        """Promotions, newest first."""
        return self._adapters.promotions(base_model=base_model, limit=limit)


def _objection(adapter: Adapter, active: str | None) -> str | None:
    verdict = verdict_of(adapter.metrics)
    if verdict is None:
        return None
    if verdict is not ComparisonVerdict.PROMOTE:
        return "its comparison ended with reject"
    with_which = compared_with(adapter.metrics)
    if with_which != active and active is not None:
        return f"it was compared with {with_which or 'the base model'}, but {active} is active now"
    return None
