"""The graph list by brute force: the formula of `graph_scoring` taken at its word, for stores to be compared with."""

from collections.abc import Iterable, Mapping, Sequence
from math import fsum, sqrt

from shared.database import graph_scoring as formula
from shared.database.citations import identity_keys, mentioned_keys
from shared.database.search_store import DocumentChange, Seed
from shared.models.document import Document, StoredSection
from shared.models.search import SearchFilters

Places = Mapping[str, tuple[Document, StoredSection]]


def reference_ranking(
    changes: Iterable[DocumentChange], seeds: Sequence[Seed], filters: SearchFilters
) -> list[tuple[str, float]]:
    """Ids and scores of all sections with evidence that pass the filters, best first, ties to nine digits by id."""
    places = {
        stored.section_id: (change.document, stored)
        for change in changes
        if change.document is not None
        for stored in change.sections
    }
    cites = _cites(places)
    known = [seed for seed in seeds if seed.section_id in places]
    ranked = []
    for target, (document, stored) in places.items():
        evidence = fsum(seed.weight * part for seed in known for part in _parts(seed.section_id, target, places, cites))
        own = fsum(formula.SEED * seed.weight for seed in known if seed.section_id == target)
        if evidence > 0 and filters.admit(document, stored.section):
            ranked.append((target, round(evidence + own, 9)))
    return sorted(ranked, key=lambda line: (-line[1], line[0]))


def _parts(seed: str, target: str, places: Places, cites: Mapping[str, set[str]]) -> Iterable[float]:
    if target in cites[seed]:
        yield formula.CITED / sqrt(len(cites[seed]))
    if seed in cites[target]:
        yield formula.CITING / sqrt(sum(seed in cited for cited in cites.values()))
    document, one = places[seed]
    _, other = places[target]
    if one.document_id == other.document_id:
        distance = abs(one.section.ordinal - other.section.ordinal)
        if 0 < distance <= formula.MAX_DISTANCE:
            yield formula.NEIGHBOUR / distance
        if document.section_count > 1:
            yield formula.MEMBER / sqrt(document.section_count)


def _cites(places: Places) -> dict[str, set[str]]:
    answering: dict[str, set[str]] = {}
    for section_id, (document, stored) in places.items():
        for key in identity_keys(document, stored.section):
            answering.setdefault(key, set()).add(section_id)
    return {
        section_id: {
            other
            for key in mentioned_keys(document, stored.section)
            for other in answering.get(key, ())
            if other != section_id
        }
        for section_id, (document, stored) in places.items()
    }
