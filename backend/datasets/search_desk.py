"""What people find: pages of sections, and records as they are found, without a dataset being built."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from backend.datasets.models import (
    DatasetRequest,
    FoundSection,
    ListPlaceView,
    SearchPageRequest,
    SearchRequest,
    SearchResults,
)
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.batches import MAX_TEXTS
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Assessment, QualityPipeline
from backend.datasets.record_making import RecordMaking
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.judging import RulingsOf, judged_sections
from backend.datasets.records.licences import Licences
from backend.datasets.records.passages import Passage
from backend.datasets.records.personal import without_personal_data
from backend.datasets.records.render import record_of
from backend.datasets.search_cursor import cursor_of, rank_of
from backend.datasets.searching import Found
from backend.datasets.splits import SplitPlan
from backend.datasets.tokens import UnicodeWordCounter
from shared.database.base import DocumentStore
from shared.database.dataset_search import DatasetDocument

if TYPE_CHECKING:
    from backend.datasets.records.drafting import KeptPassage


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
    """

    def __init__(
        self,
        search: Search,
        documents: DocumentStore,
        making: RecordMaking,
        *,
        quality: Callable[[], QualityPipeline],
        personal_data: PersonalData,
        rulings_of: RulingsOf,
    ) -> None:
        self._search = search
        self._documents = documents
        self._making = making
        self._quality = quality
        self._personal_data = personal_data
        self._rulings_of = rulings_of

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

    def stream(self, request: DatasetRequest, *, batch_size: int) -> Iterator[list[dict[str, Any]]]:
        """Records of good enough sections as they are found, in batches; nothing is merged, cut, compared or stored.

        Raises:
            Unavailable: If no store can answer; also on the way.
            InvalidInput: If only a build can make such records.
        """
        self._making.check_stream(request)
        found = self._search.find(request.search_query).candidates
        licences = Licences(self._documents.newest)
        batch: list[dict[str, Any]] = []
        # as many as the first batch lacks, so that it comes at once; then as many as are quickest to judge together
        at_once, is_first = batch_size, True
        while drawn := list(islice(found, at_once)):
            licences.look_up(each.stored.document_id for each in drawn)
            batch += self._records(drawn, request, licences)
            while len(batch) >= batch_size:
                yield batch[:batch_size]
                batch, is_first = batch[batch_size:], False
            at_once = batch_size - len(batch) if is_first else max(MAX_TEXTS, batch_size)
        if batch:
            yield batch

    def _records(
        self, found: Iterable[Candidate], request: DatasetRequest, licences: Licences
    ) -> Iterator[dict[str, Any]]:
        counter, quality = UnicodeWordCounter(), self._quality()
        for kept, drafts in self._making.drafter(request).drafted(self._kept(found, request, quality)):
            for draft in drafts:
                yield record_of(
                    kept.treated.passage,
                    draft,
                    record_format=request.record_format,
                    split=kept.split,
                    quality_score=kept.score,
                    quality_profile=quality.profile_version,
                    counter=counter,
                    licence=licences.of(kept.treated.passage.first.stored.document_id),
                )

    def _kept(
        self, found: Iterable[Candidate], request: DatasetRequest, quality: QualityPipeline
    ) -> "Iterator[KeptPassage]":
        from backend.datasets.records.drafting import KeptPassage

        plan = SplitPlan(request.seed, request.split.model_dump())
        least = request.search_query.min_quality_score
        for judged in judged_sections(found, quality, self._rulings_of):
            candidate = judged.candidate
            if judged.reason_to_drop or (candidate.quality < least and not candidate.is_spared):
                continue
            treated = without_personal_data(Passage((candidate,)), [judged.text], self._personal_data)
            if not treated.is_dropped:
                yield KeptPassage(treated, candidate.quality, plan.split(candidate.stored.path))


def _page(results: list[FoundSection], found: Found, hidden: int, *, next_after: str | None) -> SearchResults:
    return SearchResults(
        results=results,
        total_count=len(results),
        next_after=next_after,
        hidden_count=hidden,
        degraded=[f"{name}: {reason}" for name, reason in found.degraded.items()],
    )


def _found(hit: DatasetDocument, judged: Assessment) -> FoundSection:
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
