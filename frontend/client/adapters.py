"""Finished adapters of the training service."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from frontend.client.models import Adapter, AdapterCheck, AdapterPage, Promotion, PromotionPage
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

    def promote(self, adapter_id: str, *, override: bool = False) -> Promotion:
        """Make an adapter the active one of its base model; promoting the active one changes nothing.

        Args:
            adapter_id: Which one.
            override: Promote although its comparison speaks against it; recorded.

        Raises:
            ServiceConflict: If its comparison speaks against it, its files are damaged, or somebody was faster.
        """
        path, body = f"{_adapter(adapter_id)}/promote", {"override": override}
        return self._transport.call("POST", path, Promotion, body=body, is_slow=True, is_repeatable=True)

    def active(self) -> Sequence[Promotion]:
        """The active adapter of every base model that has one."""
        return self._transport.get("/api/training/active-adapters", PromotionPage).promotions

    def promotions(self, *, base_model: str | None = None, limit: int = 50) -> Sequence[Promotion]:
        """Promotions, newest first."""
        params = {"base_model": base_model, "limit": limit}
        return self._transport.get("/api/training/promotions", PromotionPage, params=params).promotions

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
