"""The search stores behind one door: which there are, asking them together, feeding them, comparing them.

The SQL truth knows every document; search stores are derived from it. Each is fed at least once per document version
and ignores what is not newer than what it holds, so several processes may drain at the same time. Databases of others
are asked and never fed.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.database.base import DocumentStore
from shared.database.embeddings.base import Embedder
from shared.database.search_store import Question, SearchSource, SearchStore
from shared.database.uds3.fan_out import FanOut
from shared.database.uds3.feeding import Feeder, OnProgress
from shared.database.uds3.fusion import LIST_WEIGHTS, Ranking, fuse, seeds_of, window_of
from shared.database.uds3.reconcile import Comparison, compare, repair
from shared.errors import NotFound, Unavailable
from shared.models.document import SectionHit
from shared.models.search import LISTS_OF_LEG, RankedList, SearchFilters, SearchLeg

_FIRST_ROUND_S = 1.2
_WHOLE_S = 1.8
_SEEDS = 20
_PATIENT_S = 10.0
_MOST_PLACES = 2_000
_LEAST_S = 0.2
_ENTRIES = (RankedList.CITATION, RankedList.KEYWORD)
# behind the window of the fusion one list is read to its end: the first of these that there is
_REACH_FURTHEST = (RankedList.KEYWORD, RankedList.VECTOR, RankedList.GRAPH, RankedList.COMPOUND)
# lists in which every query finds what there is; an empty answer of another one says little
_GENERAL = frozenset((RankedList.KEYWORD, RankedList.VECTOR, RankedList.COMPOUND))


class SearchUnavailable(Unavailable):
    """No store can answer the kinds of search that were asked for."""

    code = "search_unavailable"

    def __init__(self, degraded: Mapping[str, str]) -> None:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in degraded.items())
        super().__init__(f"No search store can answer. {reasons}", degraded=dict(degraded))


class UnknownSearchStore(NotFound):
    """No search store of this name is configured."""

    code = "unknown_search_store"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no search store '{name}'; configured are {', '.join(known) or 'none'}.", store=name)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, and what could not take part.

    Args:
        hits: Streamed from the stores; an error on the way is raised, never an early end.
        degraded: Store or kind of search -> why it did not answer.
    """

    hits: Iterator[SectionHit]
    degraded: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How a store is.

    Args:
        lists: The ranked lists that it answers.
        is_fed: Whether we keep it up with the truth; else it is a database of others.
        answer: "ok", or why it cannot serve.
        pending: Entries of the outbox that it has not taken.
    """

    name: str
    lists: Sequence[RankedList]
    is_fed: bool
    answer: str
    pending: int = 0


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What is asked, beside the query's text.

    Args:
        top_k: Most hits.
        search_types: Kinds of search that take part.
        leg_weights: Factor on the weights of a kind's lists; 1 if absent.
    """

    top_k: int
    filters: SearchFilters = field(default_factory=SearchFilters)
    search_types: Sequence[SearchLeg] = tuple(SearchLeg)
    leg_weights: Mapping[SearchLeg, float] = field(default_factory=dict)

    def lists(self) -> list[RankedList]:
        """The ranked lists of these kinds."""
        return [each for leg in dict.fromkeys(self.search_types) for each in LISTS_OF_LEG[leg]]

    def weights(self, usual: Mapping[RankedList, float]) -> Mapping[RankedList, float]:
        """Weight of every list in the fusion, from what each usually weighs."""
        factors = {each: self.leg_weights.get(leg, 1.0) for leg, lists in LISTS_OF_LEG.items() for each in lists}
        return {each: weight * factors[each] for each, weight in usual.items()}


class Uds3Client:
    """All search stores.

    Args:
        documents: The truth.
        search_stores: Ours, in order of preference for the lists that several of them answer; names are unique.
        foreign: Databases of others.
        embedder: Where vectors come from; without it there is no vector list.
        list_weights: What each list usually weighs in the fusion; plans change them.
    """

    def __init__(
        self,
        documents: DocumentStore,
        search_stores: Sequence[SearchStore],
        *,
        foreign: Sequence[SearchSource] = (),
        embedder: Embedder | None = None,
        list_weights: Mapping[RankedList, float] = LIST_WEIGHTS,
    ) -> None:
        self.list_weights = dict(list_weights)
        self._documents = documents
        self._feeders = {store.name: Feeder(documents, store, embedder) for store in search_stores}
        self._foreign = tuple(foreign)
        self._embedder = embedder
        self._fan_out = FanOut(search_stores, foreign)

    @property
    def fed_stores(self) -> Sequence[str]:
        """Names of the stores that are fed from the outbox."""
        return tuple(self._feeders)

    def search(self, query_text: str, plan: SearchPlan) -> SearchResult:
        """Ask all lists at once, then the graph around what they found; an answer takes two seconds at most.

        Raises:
            SearchUnavailable: If no list that was asked for was answered.
        """
        deadline = time.monotonic() + _WHOLE_S
        wanted, weights, question = plan.lists(), plan.weights(self.list_weights), Question(query_text, plan.filters)
        degraded = {
            leg.value: f"no store for {leg} search is configured"
            for leg in dict.fromkeys(plan.search_types)
            if not any(self._fan_out.offers(each) for each in LISTS_OF_LEG[leg])
        }
        rankings = self._answers([each for each in wanted if each is not RankedList.GRAPH], question, plan, degraded)
        evidence = rankings
        if RankedList.GRAPH in wanted and self._fan_out.offers(RankedList.GRAPH):
            # the graph is entered at what the other lists found, or at what words find if they were not asked for
            evidence = rankings or self._ask(_ENTRIES, question, plan, degraded)
            around = replace(question, seeds=seeds_of(evidence, limit=_SEEDS, weights=weights))
            left_s = max(_LEAST_S, deadline - time.monotonic())
            rankings = rankings + self._ask([RankedList.GRAPH], around, plan, degraded, timeout_s=left_s)
        # what cannot be fed may lack documents, also where another store answered in its place
        degraded = {**{name: feeder.trouble for name, feeder in self._feeders.items() if feeder.trouble}, **degraded}
        if not _is_answered([*rankings, *evidence]):
            raise SearchUnavailable(degraded)
        return SearchResult(fuse(rankings, top_k=plan.top_k, weights=weights), degraded)

    def describe(self) -> list[StoreStatus]:
        """Every store with what it answers and how it is.

        Raises:
            Unavailable: If the truth cannot be read.
        """
        # drivers are imported by the first call, which alone may take as long as a search may
        answers = self._fan_out.check_all(timeout_s=_PATIENT_S)
        return [
            StoreStatus(
                source.name,
                sorted(source.lists),
                is_fed=source.name in self._feeders,
                answer=answers[source.name],
                pending=self._documents.outbox_size(source.name) if source.name in self._feeders else 0,
            )
            for source in self._sources()
        ]

    def status(self) -> dict[str, str]:
        """Store name -> "ok" or the reason why it cannot serve; all are asked at once."""
        return self._fan_out.check_all()

    def drain(self, *, limit: int = 1000) -> int:
        """`drain_store` for every store, one after the other; returns how many entries were acknowledged.

        Raises:
            Unavailable: If the truth cannot be read.
        """
        return sum(feeder.drain(limit=limit) for feeder in self._feeders.values())

    def drain_store(self, name: str, *, limit: int = 1000) -> int:
        """Take at most `limit` entries out of the outbox for one store; returns how many were acknowledged.

        A store that has never been built is built from the truth. One that fails keeps its entries for the next call;
        `status` says what is wrong with it.

        Raises:
            Unavailable: If the truth cannot be read.
            UnknownSearchStore: If there is no such store.
        """
        return self.feeder(name).drain(limit=limit)

    def rebuild(self, name: str, *, on_progress: OnProgress | None = None) -> int:
        """Fill a store anew from the truth; returns the number of documents.

        Raises:
            Unavailable: If the store cannot be written or the truth cannot be read.
            UnknownSearchStore: If there is no such store.
        """
        feeder = self.feeder(name)
        return feeder.rebuild(on_progress=on_progress) if on_progress else feeder.rebuild()

    def reconcile(self, name: str, *, should_repair: bool = False) -> Comparison:
        """Compare a store with the truth, and put it right if asked to.

        Raises:
            StoreNotBuilt: If the store has to be built first.
            Unavailable: If the store or the truth cannot be read, or the store cannot be written.
            UnknownSearchStore: If there is no such store.
        """
        feeder = self.feeder(name)
        comparison = compare(self._documents, feeder.store)
        if should_repair:
            repair(feeder, comparison)
        return comparison

    def close(self) -> None:
        """Give connections and threads back."""
        self._fan_out.close()
        for source in self._sources():
            source.close()

    def _sources(self) -> list[SearchSource]:
        return [*(feeder.store for feeder in self._feeders.values()), *self._foreign]

    def feeder(self, name: str) -> Feeder:
        """What feeds a store.

        Raises:
            UnknownSearchStore: If there is no such store.
        """
        if name not in self._feeders:
            raise UnknownSearchStore(name, self.fed_stores)
        return self._feeders[name]

    def _answers(
        self, lists: Sequence[RankedList], question: Question, plan: SearchPlan, degraded: dict[str, str]
    ) -> list[Ranking]:
        """The lists; before the search is given up, stores that failed a moment ago are asked once more."""
        started, missed = time.monotonic(), {**degraded}
        rankings = self._ask(lists, question, plan, missed)
        if lists and not _is_answered(rankings):
            left_s = max(_LEAST_S, started + _WHOLE_S - time.monotonic())
            missed = {**degraded}
            rankings = self._ask(lists, question, plan, missed, timeout_s=left_s, is_last_resort=True)
        degraded.update(missed)
        return rankings

    def _ask(
        self,
        lists: Sequence[RankedList],
        question: Question,
        plan: SearchPlan,
        degraded: dict[str, str],
        *,
        timeout_s: float = _FIRST_ROUND_S,
        is_last_resort: bool = False,
    ) -> list[Ranking]:
        def for_list(wanted: RankedList) -> Question:
            if wanted is not RankedList.VECTOR or self._embedder is None:
                return question
            return replace(question, vector=self._embedder.embed_query(question.text))

        offered = [each for each in lists if self._fan_out.offers(each)]
        longest = next((each for each in _REACH_FURTHEST if each in offered), None)
        places = {each: plan.top_k if each is longest else min(plan.top_k, _MOST_PLACES) for each in offered}
        window = window_of(plan.top_k)
        places = {each: max(window, most) for each, most in places.items()}
        answers = self._fan_out.ask(places, for_list, window=window, timeout_s=timeout_s, is_last_resort=is_last_resort)
        degraded.update(answers.failures)
        return list(answers.rankings)


def _is_answered(rankings: Sequence[Ranking]) -> bool:
    """Whether silence of the rest may be taken for "nothing matches"."""
    return any(ranking.head or ranking.of in _GENERAL for ranking in rankings)
