"""What a search answers."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from frontend.client.models import Answer


class ListPlace(Answer):
    """Where one ranked list has a section; the score counts within that list only."""

    rank: int
    score: float = 0.0
    store: str = ""


class FoundSection(Answer):
    """A section that a search found; `lists` says by which ranked lists, each with its place there."""

    section_id: str
    document_id: str = ""
    document_version: int = 1
    source: str = ""
    path: str = ""
    title: str = ""
    abbreviation: str = ""
    section_number: str = ""
    heading: str = ""
    text: str = ""
    snippet: str = ""
    relevance_score: float = 0.0
    quality_score: float = 0.0
    rank: int = 0
    lists: Mapping[str, ListPlace] = Field(default_factory=dict)


class SearchPage(Answer):
    """A page of sections, the best first."""

    results: Sequence[FoundSection]
    total_count: int = 0
    hidden_count: int = 0
    next_after: str | None = None
    degraded: Sequence[str] = ()
