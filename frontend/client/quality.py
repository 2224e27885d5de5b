"""Quality reviews: the list of doubtful texts, and what people say of them; one method per route."""

from collections.abc import Iterator
from urllib.parse import quote

from frontend.client.reviewed import Review, ReviewPage, Ruled
from frontend.client.transport import Transport
from shared.models.review import ReviewState

_REVIEWS = "/api/quality/reviews"


class QualityClient:
    """Routes below `/api/quality`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(
        self,
        *,
        state: ReviewState = ReviewState.OPEN,
        reason: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> ReviewPage:
        """One page, those of the lowest score first.

        Args:
            state: Only these.
            reason: Only those that are doubted for this reason most of all.
            limit: Most of the page.
            after: `next_after` of the page before.
        """
        params = {"state": state.value, "reason": reason, "limit": limit, "after": after}
        return self._transport.get(_REVIEWS, ReviewPage, params=params)

    def iterate(
        self, *, state: ReviewState = ReviewState.OPEN, reason: str | None = None, page_size: int = 100
    ) -> Iterator[Review]:
        """Every review in a state, those of the lowest score first, fetched page by page."""
        after: str | None = None
        while True:
            page = self.page(state=state, reason=reason, limit=page_size, after=after)
            yield from page.reviews
            after = page.next_after
            if after is None:
                return

    def get(self, text_key: str) -> Review:
        """One review with its whole text."""
        return self._transport.get(_review(text_key), Review)

    def rule(self, text_key: str, state: ReviewState, *, note: str = "") -> Review:
        """Keep or reject a text; a later ruling replaces an earlier one.

        Raises:
            ServiceNotFound: If the text was neither doubted nor ruled on.
        """
        body = {"state": state.value, "note": note}
        return self._transport.call("POST", _review(text_key), Ruled, body=body, is_repeatable=True).data

    def rule_section(self, section_id: str, state: ReviewState, *, note: str = "") -> Review:
        """Keep or reject the text of a section, whether or not it was ever doubted.

        Raises:
            ServiceNotFound: If no registered document has it.
        """
        body = {"section_id": section_id, "state": state.value, "note": note}
        return self._transport.call("POST", "/api/quality/rulings", Ruled, body=body, is_repeatable=True).data


def _review(text_key: str) -> str:
    return f"{_REVIEWS}/{quote(text_key, safe='')}"
