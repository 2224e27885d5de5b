"""Cursors of a search."""

import pytest

from backend.datasets.models import SearchPageRequest
from backend.datasets.search_cursor import InvalidCursor, cursor_of, rank_of

QUERY = SearchPageRequest(query_text="Hundesteuer", top_k=500)


def test_a_cursor_leads_back_to_its_rank_whatever_the_size_of_the_page() -> None:
    after = cursor_of(QUERY, 137)

    assert rank_of(QUERY.model_copy(update={"after": after, "limit": 7})) == 137
    assert rank_of(QUERY) == 0


@pytest.mark.parametrize(
    "changes", [{"query_text": "Katzensteuer"}, {"top_k": 400}, {"min_quality_score": 0.1}, {"search_types": ["graph"]}]
)
def test_a_cursor_of_another_query_is_refused(changes: dict[str, object]) -> None:
    after = cursor_of(SearchPageRequest(**{"query_text": "Hundesteuer", "top_k": 500, **changes}), 5)

    with pytest.raises(InvalidCursor, match="exactly as it was"):
        rank_of(QUERY.model_copy(update={"after": after}))


@pytest.mark.parametrize("after", ["", "x", "5", "-5", "5-", "²-x", "9" * 90])
def test_nonsense_is_refused(after: str) -> None:
    with pytest.raises(InvalidCursor):
        rank_of(QUERY.model_copy(update={"after": after}))
    digest = cursor_of(QUERY, 1).partition("-")[2]
    with pytest.raises(InvalidCursor):
        rank_of(QUERY.model_copy(update={"after": f"9999999-{digest}"}))
