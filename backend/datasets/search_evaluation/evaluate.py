"""Asks a searcher all queries of a set, of all its lists together and of some, and measures every answer."""

import gc
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.datasets.search_evaluation.ablation import ALL, ablations
from backend.datasets.search_evaluation.judged import Documents, EvaluationSet, JudgedQuery
from backend.datasets.search_evaluation.metrics import measures
from backend.datasets.search_evaluation.options import TOP_K, EvaluationOptions, EvaluationProgress, Tell, silent
from backend.datasets.search_evaluation.searcher import Searcher
from shared.database.search_store import DocumentChange
from shared.errors import InvalidInput
from shared.models.search import RankedList

_SHOWN = 10
_WARM_UP = 5  # queries asked before the clock counts: connections, page caches and lazy imports
_TELL_EVERY = 20


class NothingToAsk(InvalidInput):
    """The searcher answers none of the chosen kinds of search."""

    code = "nothing_to_ask"


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One answer, measured.

    Args:
        latency_ms: From the question to the last of 100 section ids.
        found: The first ten section ids.
    """

    query_id: str
    kind: str
    measures: Mapping[str, float]
    latency_ms: float
    found: Sequence[str]


@dataclass(frozen=True, slots=True)
class SetResult:
    """All answers of one set.

    Args:
        sections: Among how many the queries searched.
        index_s: Time that the index took; shared by the sets that share the index.
        lists: Ablation -> the lists that were asked together.
        results: Ablation -> answers, in the order of the queries.
    """

    name: str
    queries: Sequence[JudgedQuery]
    sections: int
    index_s: float
    lists: Mapping[str, Sequence[RankedList]]
    results: Mapping[str, Sequence[QueryResult]] = field(default_factory=dict)


def evaluate(
    sets: Sequence[EvaluationSet],
    open_searcher: Callable[[], Searcher],
    options: EvaluationOptions,
    tell: Tell = silent,
) -> Iterator[SetResult]:
    """Measure set by set; those that share an index follow each other and are asked of one searcher.

    Raises:
        NothingToAsk: If the searcher has none of the lists that `options` choose.
        Unavailable: If the searcher cannot be filled or asked.
    """
    by_index = sorted(sets, key=lambda each: each.index_key)
    for _, group in itertools.groupby(by_index, key=lambda each: each.index_key):
        sharing = list(group)
        searcher = open_searcher()
        try:
            started = time.monotonic()
            sections = searcher.index(_told(sharing[0], tell))
            index_s = time.monotonic() - started
            for each in sharing:
                yield _measured(each, searcher, sections, index_s, options, tell)
        finally:
            searcher.close()


def _measured(
    asked: EvaluationSet,
    searcher: Searcher,
    sections: int,
    index_s: float,
    options: EvaluationOptions,
    tell: Tell,
) -> SetResult:
    lists = [each for each in searcher.lists if each in options.lists]
    if not lists:
        wanted, there = ", ".join(sorted(options.lists)), ", ".join(searcher.lists) or "none"
        raise NothingToAsk(f"Asked for were the lists {wanted}; the search answers {there}.")
    chosen = ablations(lists) if options.has_ablation else {ALL: tuple(lists)}
    for query in asked.queries[:_WARM_UP]:
        searcher.ask(query.text, lists, top_k=TOP_K)
    with _own_objects_uncollected():
        results = {
            name: [
                _answered(searcher, query, members) for query in _counted(asked.queries, f"{asked.name}: {name}", tell)
            ]
            for name, members in chosen.items()
        }
    return SetResult(asked.name, asked.queries, sections, index_s, chosen, results)


@contextmanager
def _own_objects_uncollected() -> Iterator[None]:
    """Keep the collector from what the evaluation holds and a service has not: it would be timed with the searches."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _answered(searcher: Searcher, query: JudgedQuery, lists: Sequence[RankedList]) -> QueryResult:
    started = time.perf_counter()
    ranked = searcher.ask(query.text, lists, top_k=TOP_K)
    latency_ms = (time.perf_counter() - started) * 1000
    return QueryResult(query.query_id, query.kind, measures(ranked, query), latency_ms, ranked[:_SHOWN])


def _counted(queries: Sequence[JudgedQuery], stage: str, tell: Tell) -> Iterator[JudgedQuery]:
    for count, query in enumerate(queries):
        if count % _TELL_EVERY == 0:
            tell(EvaluationProgress(stage, count, len(queries)))
        yield query
    tell(EvaluationProgress(stage, len(queries), len(queries)))


def _told(asked: EvaluationSet, tell: Tell) -> Documents:
    """The documents of a set, told as they are drawn."""

    def documents() -> Iterator[DocumentChange]:
        sections = 0
        for count, change in enumerate(asked.documents(), 1):
            sections += len(change.sections)
            yield change
            if count % _TELL_EVERY == 0:
                tell(EvaluationProgress(f"{asked.name}: {sections:,} sections indexed"))

    return documents
