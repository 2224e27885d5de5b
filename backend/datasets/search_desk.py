"""What people find: pages of sections, and records as they are found, without a dataset being built."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from backend.datasets.models import (
    DatasetRequest,
    FoundSection,
    ListPlaceView,
    SearchPageRequest,
    SearchRequest,
    SearchResults,
)
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.normalise import normalise
from backend.datasets.ready.lines import Lines
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.record_making import RecordMaking
from backend.datasets.records.licences import Licences
from backend.datasets.search_cursor import cursor_of, rank_of
from backend.datasets.searching import Found
from shared.database.base import DocumentStore
from shared.database.dataset_search import DatasetDocument

if TYPE_CHECKING:
    from backend.datasets.quality.pipeline import Assessment, QualityPipeline
    from backend.datasets.records.judging import RulingsOf


class Search(Protocol):
    """Finds sections."""

    def find(self, request: SearchRequest, *, after_rank: int = 0) -> Found:
        """The best sections first."""
        ...


class SearchDesk:
    """The use cases of searching.

    Args:
        search: Finds sections.
        documents: Whose licences records name.
        making: What records are made with.
        quality: Gives the pipeline that judges texts now.
        personal_data: What is done with it in records.
        rulings_of: What people decided about texts.
        ready: Keeps what streams make; None: nothing is kept.
    """

    def __init__(
        self,
        search: Search,
        documents: DocumentStore,
        making: RecordMaking,
        *,
        quality: "Callable[[], QualityPipeline]",
        personal_data: PersonalData,
        rulings_of: "RulingsOf",
        ready: ReadyShelf | None = None,
    ) -> None:
        self._search = search
        self._documents = documents
        self._making = making
        self._quality = quality
        self._personal_data = personal_data
        self._rulings_of = rulings_of
        self._ready = ready

    def search(self, request: SearchPageRequest) -> SearchResults:
        """A page of sections with relevance and quality, and the stores that could not take part.

        Raises:
            InvalidCursor: If `after` belongs to another query.
            Unavailable: If no store can answer.
        """
        found = self._search.find(request, after_rank=rank_of(request))
        results: list[FoundSection] = []
        hidden = last_rank = 0
        # one more than the page holds, since the next hit decides whether there is another page
        judged_hits = self._quality().assess_each(
            found.hits, text_of=lambda each: normalise(each.stored.section.text), at_once=request.limit + 1
        )
        for hit, _, judged in judged_hits:
            if len(results) == request.limit:
                return _page(results, found, hidden, next_after=cursor_of(request, last_rank))
            last_rank, result = hit.rank, _found(hit, judged)
            if result.quality_score < request.min_quality_score:
                hidden += 1
            else:
                results.append(result)
        return _page(results, found, hidden, next_after=None)

    def stream(self, request: DatasetRequest, *, batch_size: int) -> Iterator[Lines]:
        """Records of good enough sections as they are found, as JSON lines; nothing is merged, cut or compared.

        Args:
            request: The order.
            batch_size: Sections that are looked at before the first records come.

        Raises:
            Unavailable: If no store can answer; also on the way.
            InvalidInput: If only a build can make such records.
        """
        # imported here: an idle service does without them
        from backend.datasets.ready.making import LineMaker
        from backend.datasets.ready.stream import LineStream

        self._making.check_stream(request)
        asked = request.search_query
        found = self._search.find(asked)
        licences = Licences(self._documents.newest)
        stream = LineStream(
            LineMaker(request, self._quality(), self._making, self._personal_data, licences),
            self._ready,
            self._documents,
            self._rulings_of,
            least_quality=asked.min_quality_score,
        )
        yield from stream.lines(found, at_most=asked.top_k, at_first=batch_size)


def _page(results: list[FoundSection], found: Found, hidden: int, *, next_after: str | None) -> SearchResults:
    return SearchResults(
        results=results,
        total_count=len(results),
        next_after=next_after,
        hidden_count=hidden,
        degraded=[f"{name}: {reason}" for name, reason in found.degraded.items()],
    )


def _found(hit: DatasetDocument, judged: "Assessment") -> FoundSection:
    stored, section = hit.stored, hit.stored.section
    return FoundSection(
        section_id=stored.section_id,
        document_id=stored.document_id,
        document_version=stored.version,
        source=stored.source,
        path=stored.path,
        title=stored.document_title,
        abbreviation=stored.abbreviation,
        section_number=section.number,
        heading=section.heading,
        heading_path=section.heading_path,
        text=section.text,
        relevance_score=hit.relevance_score,
        quality_score=judged.score,
        quality_reasons=judged.reasons,
        rank=hit.rank,
        snippet=hit.snippet,
        lists={name: ListPlaceView.model_validate(place) for name, place in hit.places.items()},
    )
