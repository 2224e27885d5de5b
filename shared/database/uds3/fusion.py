"""One ranked list of several: weighted reciprocal rank fusion, streamed.

score(section) = sum over lists of weight / (60 + rank), ranks from 1, ties by section id. Citations count by their
score instead of their rank: a section that bears exactly the name that was cited counts in full, one of a similar
name less, and no other list may turn that round. The first places of every list are fused (`window_of`); what lies
behind them follows list by list, so that 100,000 hits need no more memory than the ids of what was given out. Weights
were chosen on XQuAD-de and on headings of laws: docs/guides/search_quality.md.

Source: Cormack, Clarke, Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
Methods", https://doi.org/10.1145/1571941.1572114
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.database.search_store import RankedSection, Seed
from shared.models.document import ListPlace, SectionHit
from shared.models.search import RankedList

RRF_K = 60
WINDOW = 500  # places of a list that are fused at most …
_LEAST_WINDOW = 200  # … and at least; measured, fewer change nothing among the first ten and cost less

LIST_WEIGHTS: Mapping[RankedList, float] = {
    # a query that names a section means that section before any other
    RankedList.CITATION: 10.0,
    RankedList.KEYWORD: 0.3,
    # words and pieces together; by itself the best of all lists on German
    RankedList.COMPOUND: 1.0,
    RankedList.VECTOR: 0.3,
    # more would put sections without neighbours behind worse ones that have some
    RankedList.GRAPH: 0.1,
}
# what the offline embedding finds beside words is worth having, but its order is worse than theirs: with this weight it
# only orders what words leave level and follows what they found (decision 0012)
LIST_WEIGHTS_OFFLINE: Mapping[RankedList, float] = {**LIST_WEIGHTS, RankedList.VECTOR: 0.003}
_STORE_FACTORS: Mapping[tuple[str, RankedList], float] = {
    # its compounds are words and pieces together, which words alone would only blur
    ("embedded", RankedList.KEYWORD): 0.1,
    # its compounds are pieces alone, which say less than its words
    ("postgres", RankedList.KEYWORD): 10 / 3,
    ("postgres", RankedList.COMPOUND): 0.3,
}
_TAIL_ORDER = (RankedList.KEYWORD, RankedList.COMPOUND, RankedList.VECTOR, RankedList.GRAPH, RankedList.CITATION)


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one store answered for one list.

    Args:
        head: The first places, as many as `window_of` says.
        rest: What follows, drawn as it is read.
    """

    of: RankedList
    store: str
    head: Sequence[RankedSection]
    rest: Iterator[RankedSection] = field(default_factory=lambda: iter(()))


def window_of(top_k: int) -> int:
    """How many places of every list are fused for so many hits."""
    return min(WINDOW, max(_LEAST_WINDOW, 2 * top_k))


def fuse(
    rankings: Sequence[Ranking], *, top_k: int, weights: Mapping[RankedList, float] = LIST_WEIGHTS
) -> Iterator[SectionHit]:
    """Best sections first, at most `top_k`.

    Raises:
        Unavailable: If a store fails while what lies behind the window is read; never an early end.
    """
    return itertools.islice(_numbered(rankings, weights), top_k)


def seeds_of(
    rankings: Sequence[Ranking], *, limit: int, weights: Mapping[RankedList, float] = LIST_WEIGHTS
) -> tuple[Seed, ...]:
    """The best sections of the truth with weights 0 … 1, for the graph to look around."""
    foreign = {each.section_id for ranking in rankings for each in ranking.head if each.section is not None}
    fused = ((section_id, score) for section_id, score in _fused_heads(rankings, weights) if section_id not in foreign)
    best = list(itertools.islice(fused, limit))
    return tuple(Seed(section_id, score / best[0][1]) for section_id, score in best if best[0][1] > 0)


def _numbered(rankings: Sequence[Ranking], weights: Mapping[RankedList, float]) -> Iterator[SectionHit]:
    ordered = _fused_heads(rankings, weights)
    given = {section_id for section_id, _ in ordered}
    # made for what is drawn only, which is seldom all
    heads = [(ranking, {each.section_id: place for place, each in enumerate(ranking.head)}) for ranking in rankings]
    rank = 0
    score = 0.0
    for rank, (section_id, score) in enumerate(ordered, start=1):
        found = [(ranking, places[section_id]) for ranking, places in heads if section_id in places]
        shown = {
            ranking.of.value: ListPlace(place + 1, ranking.head[place].score, ranking.store) for ranking, place in found
        }
        ranking, place = found[0]
        yield _hit(ranking.head[place], score, rank, shown)
    ordered.clear()
    heads.clear()
    for ranking in sorted(rankings, key=lambda each: _TAIL_ORDER.index(each.of)):
        for place, section in enumerate(ranking.rest, start=len(ranking.head) + 1):
            if section.section_id in given:
                continue
            given.add(section.section_id)
            # what lies behind a window stands behind everything before it
            rank, score = rank + 1, min(score, _weight(ranking, weights) / (RRF_K + place))
            yield _hit(section, score, rank, {ranking.of.value: ListPlace(place, section.score, ranking.store)})


def _hit(section: RankedSection, score: float, rank: int, places: Mapping[str, ListPlace]) -> SectionHit:
    return SectionHit(section.section_id, section.document_id, section.version, score, rank, places, section.section)


def _fused_heads(rankings: Sequence[Ranking], weights: Mapping[RankedList, float]) -> list[tuple[str, float]]:
    """Section ids with their scores, best first."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        weight = _weight(ranking, weights)
        if ranking.of is RankedList.CITATION:
            best = max((each.score for each in ranking.head), default=0.0) or 1.0
            gains = [weight * each.score / best / (RRF_K + 1) for each in ranking.head]
        else:
            gains = [weight / (RRF_K + place) for place in range(1, len(ranking.head) + 1)]
        for section, gain in zip(ranking.head, gains, strict=True):
            scores[section.section_id] = scores.get(section.section_id, 0.0) + gain
    return sorted(scores.items(), key=lambda each: (-each[1], each[0]))


def _weight(ranking: Ranking, weights: Mapping[RankedList, float]) -> float:
    return weights[ranking.of] * _STORE_FACTORS.get((ranking.store, ranking.of), 1.0)
