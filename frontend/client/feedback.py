"""Feedback: give it, look at it; one method per route."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from frontend.client.models import Feedback, FeedbackPage, FeedbackReceipt
from frontend.client.transport import Transport
from shared.models.feedback import FeedbackFilter

_FEEDBACK = "/api/training/feedback"


class FeedbackClient:
    """Routes below `/api/training/feedback`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def give(self, items: Sequence[Mapping[str, Any]]) -> FeedbackReceipt:
        """Store items, at most 1,000 and a mebibyte at once.

        They are sent again if the answer is lost: nothing is stored twice.

        Args:
            items: With `prompt`, `answer`, and `score` (-1..1), `rating` (1..5) or `correction`; also `source`,
                `importance` (1..5), `adapter_id`.

        Raises:
            ServiceRefused: If one of them cannot be right; nothing is stored then.
        """
        body = {"items": [dict(item) for item in items]}
        return self._transport.call("POST", _FEEDBACK, FeedbackReceipt, body=body, is_repeatable=True)

    def get(self, feedback_id: str) -> Feedback:
        """One item."""
        return self._transport.get(f"{_FEEDBACK}/{quote(feedback_id, safe='')}", Feedback)

    def page(
        self,
        wanted: FeedbackFilter = FeedbackFilter(),  # noqa: B008 - frozen and empty
        *,
        limit: int = 50,
        after: str | None = None,
    ) -> FeedbackPage:
        """One page, newest first."""
        params = {**asdict(wanted), "limit": limit, "after": after}
        if wanted.since is not None:
            params["since"] = wanted.since.isoformat()
        return self._transport.get(_FEEDBACK, FeedbackPage, params=params)

    def iterate(
        self,
        wanted: FeedbackFilter = FeedbackFilter(),  # noqa: B008 - frozen and empty
        *,
        page_size: int = 100,
    ) -> Iterator[Feedback]:
        """Every item that matches, newest first, fetched page by page."""
        after: str | None = None
        while True:
            page = self.page(wanted, limit=page_size, after=after)
            yield from page.items
            after = page.next_after
            if after is None:
                return
