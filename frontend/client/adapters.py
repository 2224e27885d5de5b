"""Finished adapters of the training service."""

from collections.abc import Iterator
from urllib.parse import quote

from frontend.client.models import Adapter, AdapterCheck, AdapterPage
from frontend.client.transport import Transport


class AdaptersClient:
    """Routes below `/api/training/adapters`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, adapter_id: str) -> Adapter:
        """One adapter."""
        return self._transport.get(_adapter(adapter_id), Adapter)

    def verify(self, adapter_id: str) -> AdapterCheck:
        """Let the service compare every byte of the adapter's files with what was published.

        Raises:
            ServiceNotFound: If there is no such adapter; a damaged one is an answer.
        """
        return self._transport.get(f"{_adapter(adapter_id)}/verify", AdapterCheck, is_slow=True)

    def page(self, *, limit: int = 50, after: str | None = None) -> AdapterPage:
        """One page, newest first."""
        return self._transport.get("/api/training/adapters", AdapterPage, params={"limit": limit, "after": after})

    def iterate(self, *, page_size: int = 100) -> Iterator[Adapter]:
        """Every adapter, newest first, fetched page by page."""
        after: str | None = None
        while True:
            page = self.page(limit=page_size, after=after)
            yield from page.adapters
            after = page.next_after
            if after is None:
                return


def _adapter(adapter_id: str) -> str:
    return f"/api/training/adapters/{quote(adapter_id, safe='')}"
