"""Finished adapters in memory."""

from shared.database.base import AdapterNotFound, Page
from shared.database.memory.state import MemoryState, newest_first
from shared.models.adapter import Adapter


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
        start = None if after is None else self.get(after)
        with self._state.lock:
            values = list(self._state.adapters.values())
        return newest_first(values, lambda adapter: adapter.adapter_id, limit=limit, after=start)
