"""The graph list: links come from the database, evidence is added up here; the formula is `graph_scoring`.

That two sections stand in one document follows from their ids (`<document id>:<version>:<ordinal>`), and most members
of a document have the same small evidence. So members are made, not fetched, and only as many as are asked for.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from shared.database import graph_scoring as formula
from shared.database.adapters.bolt.link import Row, Statements
from shared.database.adapters.bolt.questions import Conditions, document_conditions, section_conditions
from shared.database.search_store import Seed
from shared.models.search import SearchFilters

MAX_SEEDS = 200
_FIRST_CHUNK = 100
_LINKS = """
UNWIND $seeds AS id MATCH (s:ClaraSection {id: id})-[:OF]->(d:ClaraDocument)
RETURN s.id, coalesce(d.section_count, 1),
    [(s)-[:CITES]->(:ClaraNorm)<-[:IS]-(t:ClaraSection) | t.id],
    [(s)-[:IS]->(:ClaraNorm)<-[:CITES]-(t:ClaraSection) | t.id]
"""
_DOCUMENTS = "UNWIND $ids AS id MATCH (d:ClaraDocument {{id: id}}) {where} RETURN d.id"
_SECTIONS = "UNWIND $ids AS id MATCH (s:ClaraSection {{id: id}}) {where} RETURN s.id"

_SECTION_ID = re.compile(r".+:[0-9]+:[0-9]+", re.DOTALL)

Place = tuple[str, int]  # a document and its version
Scored = tuple[float, str]  # minus the score, and the section id: the best is the least


@dataclass(frozen=True, slots=True)
class _Links:
    """What a seed is linked to.

    Args:
        size: Sections of its document.
        cites: Section ids, in order.
        cited_by: Section ids, in order.
    """

    section_id: str
    weight: float
    size: int
    cites: Sequence[str]
    cited_by: Sequence[str]

    @property
    def place(self) -> Place:
        return _place(self.section_id)

    def neighbours(self) -> Iterator[tuple[str, float]]:
        """Sections a few steps away, each with its evidence."""
        prefix, _, ordinal = self.section_id.rpartition(":")
        for distance in range(1, formula.MAX_DISTANCE + 1):
            for near in (int(ordinal) - distance, int(ordinal) + distance):
                if 0 <= near < self.size:
                    yield f"{prefix}:{near}", self.weight * formula.neighbour_weight(distance)

    def citations(self) -> Iterator[tuple[str, float]]:
        """Sections that are cited or cite, each with its evidence."""
        for linked, weight_of in ((self.cites, formula.cited_weight), (self.cited_by, formula.citing_weight)):
            for section_id in linked[: formula.MAX_LINKS]:
                yield section_id, self.weight * weight_of(len(linked))


def _member_scores(links: Sequence[_Links]) -> dict[Place, float]:
    """What a document's sections share, by the document."""
    weights: dict[Place, float] = defaultdict(float)
    for one in links:
        weights[one.place] += one.weight
    sizes = {one.place: one.size for one in links}
    return {
        place: weight * formula.member_weight(sizes[place]) for place, weight in weights.items() if sizes[place] > 1
    }


def _single_scores(links: Sequence[_Links], members: Mapping[Place, float]) -> dict[str, float]:
    """Scores of the seeds, and of sections for which more speaks than their document.

    The order of the additions is part of the agreement with other stores: sums of floats are ties only if they agree
    to the last bit.
    """
    scores: dict[str, float] = {one.section_id: 0.0 for one in links}
    for one in links:
        for section_id, part in one.neighbours():
            scores[section_id] = scores.get(section_id, 0.0) + part
    for section_id in scores:
        scores[section_id] += members.get(_place(section_id), 0.0)
    for one in links:
        for section_id, part in one.citations():
            so_far = scores.get(section_id)
            scores[section_id] = (members.get(_place(section_id), 0.0) if so_far is None else so_far) + part
    for one in links:
        if scores[one.section_id] > 0:
            scores[one.section_id] += formula.SEED * one.weight
    return scores


async def around(statements: Statements, seeds: Sequence[Seed], filters: SearchFilters, top_k: int) -> list[Row]:
    """Sections around the seeds: id, document id, version, score; best first, ties by id."""
    links = await _links(statements, seeds[:MAX_SEEDS])
    shared = _member_scores(links)
    scores = _single_scores(links, shared)
    singles = sorted((-score, section_id) for section_id, score in scores.items() if score > 0)
    members = _ranked_members(shared, {one.place: one.size for one in links}, scores)
    best = await _shown(statements, merge(singles, members), filters, top_k)
    return [[section_id, *_place(section_id), -score] for score, section_id in best]


async def _links(statements: Statements, seeds: Sequence[Seed]) -> list[_Links]:
    """Links of the seeds that are held, each once, in their order."""
    weights = {seed.section_id: seed.weight for seed in reversed(seeds)}
    rows = await statements.rows(_LINKS, {"seeds": list(weights)}) if weights else []
    found = {
        one: _Links(one, weights[one], size, _others(one, cites), _others(one, cited_by))
        for one, size, cites, cited_by in rows
        if _SECTION_ID.fullmatch(one)
    }
    return [found[section_id] for section_id in dict.fromkeys(seed.section_id for seed in seeds) if section_id in found]


def _others(section_id: str, linked: Sequence[str]) -> list[str]:
    """Each once, in order; what somebody put into the graph by hand is passed over."""
    return sorted(other for other in {*linked} - {section_id} if _SECTION_ID.fullmatch(other))


async def _shown(statements: Statements, ranked: Iterator[Scored], filters: SearchFilters, top_k: int) -> list[Scored]:
    """The first that pass the filters; asked for in chunks, since mostly the first ones do."""
    if filters.is_empty:
        return list(islice(ranked, top_k))
    passed: list[Scored] = []
    size = _FIRST_CHUNK
    while len(passed) < top_k and (chunk := list(islice(ranked, size))):
        documents = [_place(section_id)[0] for _, section_id in chunk]
        shown = await _passing(statements, _DOCUMENTS, document_conditions(filters), documents)
        chunk = [line for line, document_id in zip(chunk, documents, strict=True) if document_id in shown]
        ids = [section_id for _, section_id in chunk]
        shown = await _passing(statements, _SECTIONS, section_conditions(filters), ids)
        passed += [line for line in chunk if line[1] in shown]
        size *= 2
    return passed[:top_k]


async def _passing(statements: Statements, text: str, conditions: Conditions, ids: Sequence[str]) -> set[str]:
    where, parameters = conditions
    if not where or not ids:
        return set(ids)
    parameters = {**parameters, "ids": list(dict.fromkeys(ids))}
    return {row[0] for row in await statements.rows(text.format(where=where), parameters)}


def _ranked_members(
    scores: Mapping[Place, float], sizes: Mapping[Place, int], but: Mapping[str, float]
) -> Iterator[Scored]:
    """Every section that shares no more than its document with a seed, best first."""
    tied: dict[float, list[Place]] = defaultdict(list)
    for place, score in scores.items():
        tied[score].append(place)
    for score in sorted(tied, reverse=True):
        ids = sorted(section_id for place in tied[score] for section_id in _section_ids(place, sizes[place]))
        yield from ((-score, section_id) for section_id in ids if section_id not in but)


def _section_ids(place: Place, size: int) -> Sequence[str]:
    return [f"{place[0]}:{place[1]}:{ordinal}" for ordinal in range(size)]


def _place(section_id: str) -> Place:
    document_id, version, _ = section_id.rsplit(":", 2)
    return document_id, int(version)
