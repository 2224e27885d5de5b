"""Finished adapters in memory."""

from collections.abc import Sequence

from shared.database.base import ActiveAdapterChanged, AdapterNotFound, Page
from shared.database.memory.state import MemoryState, newest_first
from shared.models.adapter import Adapter, Promotion, PromotionOrder
from shared.models.events import AuditEntry


class MemoryAdapterStore:
    """`AdapterStore` in memory; adapters are born in `MemoryJobStore.complete`."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def get(self, adapter_id: str) -> Adapter:
        """See `AdapterStore.get`."""
        with self._state.lock:
            found = self._state.adapters.get(adapter_id)
        if found is None:
            raise AdapterNotFound(adapter_id)
        return found

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[Adapter]:
        """See `AdapterStore.page`."""
        with self._state.lock:
            values = list(self._state.adapters.values())
        return newest_first(values, lambda adapter: adapter.adapter_id, limit=limit, after=after, find=self.get)

    def promote(self, adapter_id: str, order: PromotionOrder, *, audit: AuditEntry) -> Promotion:
        """See `AdapterStore.promote`."""
        with self._state.lock:
            base_model = self.get(adapter_id).base_model
            active = self._state.active(base_model)
            if active is not None and active.adapter_id == adapter_id:
                return active
            found = None if active is None else active.adapter_id
            if found != order.over:
                raise ActiveAdapterChanged(base_model, order.over, found)
            promotion = self._state.add_promotion(base_model, adapter_id, order)
            self._state.write_audit(audit)
            return promotion

    def active(self, base_model: str) -> Promotion | None:
        """See `AdapterStore.active`."""
        with self._state.lock:
            return self._state.active(base_model)

    def all_active(self) -> Sequence[Promotion]:
        """See `AdapterStore.all_active`."""
        with self._state.lock:
            newest = {promotion.base_model: promotion for promotion in self._state.promotions}
        return [newest[base_model] for base_model in sorted(newest)]

    def promotions(self, *, base_model: str | None = None, limit: int = 50) -> Sequence[Promotion]:
        """See `AdapterStore.promotions`."""
        with self._state.lock:
            wanted = [one for one in self._state.promotions if base_model in (None, one.base_model)]
        return wanted[::-1][:limit]
