"""The list around seeds, by the formula of `shared.database.graph_scoring`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.database import graph_scoring
from shared.database.inverted_index.schema import Kind
from shared.database.inverted_index.snapshot import Postings, Snapshot
from shared.database.search_store import Seed

Places = NDArray[np.int64]
Scores = NDArray[np.float64]
Found = Mapping[str, Sequence[tuple[int, Postings]]]


@dataclass(frozen=True, slots=True)
class _SeedRow:
    """A seed that is held.

    Args:
        segment: Number of its segment.
        place: Its row, counted over all segments.
    """

    document_id: str
    ordinal: int
    segment: int
    place: int
    weight: float


def graph_scores(snapshot: Snapshot, seeds: Sequence[Seed]) -> Scores:
    """A score for every row of the index, dead ones included."""
    scores = np.zeros(snapshot.row_count, dtype=np.float64)
    members = _members(snapshot, seeds)
    rows = _seed_rows(snapshot, seeds, members)
    _add_structure(scores, rows, members)
    _add_citations(scores, snapshot, rows)
    for row in rows:
        if scores[row.place] > 0:
            scores[row.place] += graph_scoring.SEED * row.weight
    return scores


@dataclass(frozen=True, slots=True)
class _Members:
    """Sections of one document, by ordinal.

    Args:
        places: Rows, counted over all segments.
    """

    version: int
    ordinals: Places
    places: Places


def _members(snapshot: Snapshot, seeds: Iterable[Seed]) -> dict[str, _Members]:
    spans: dict[str, list[tuple[int, int, int]]] = {}
    document_ids = dict.fromkeys(seed.section_id.rpartition(":")[0].rpartition(":")[0] for seed in seeds)
    for document_id, *span in snapshot.parts(document_ids):
        spans.setdefault(document_id, []).append((span[0], span[1], span[2]))
    return {document_id: _joined(snapshot, parts) for document_id, parts in spans.items()}


def _joined(snapshot: Snapshot, parts: Sequence[tuple[int, int, int]]) -> _Members:
    number, first, _ = parts[0]
    segment = snapshot.segment(number)
    version = segment.documents[segment.document[first]].version
    ordinals = np.concatenate([snapshot.segment(number).ordinal[first : first + n] for number, first, n in parts])
    places = np.concatenate([snapshot.starts[number] + np.arange(first, first + n) for number, first, n in parts])
    order = np.argsort(ordinals, kind="stable")
    return _Members(version, ordinals[order].astype(np.int64), places[order].astype(np.int64))


def _seed_rows(snapshot: Snapshot, seeds: Iterable[Seed], members: Mapping[str, _Members]) -> list[_SeedRow]:
    """Seeds that are held in the version that is asked for, each once."""
    rows: dict[int, _SeedRow] = {}
    for seed in seeds:
        document_id, _, numbers = seed.section_id[: seed.section_id.rfind(":")].rpartition(":")
        ordinal = seed.section_id[seed.section_id.rfind(":") + 1 :]
        held = members.get(document_id)
        if held is None or numbers != str(held.version) or not ordinal.isdecimal():
            continue
        found = np.flatnonzero(held.ordinals == int(ordinal))
        if len(found):
            place = int(held.places[found[0]])
            segment = _owner(snapshot, place)
            rows.setdefault(place, _SeedRow(document_id, int(ordinal), segment, place, seed.weight))
    return list(rows.values())


def _add_structure(scores: Scores, rows: Sequence[_SeedRow], members: Mapping[str, _Members]) -> None:
    weights: dict[str, float] = {}
    for row in rows:
        weights[row.document_id] = weights.get(row.document_id, 0.0) + row.weight
        held = members[row.document_id]
        for distance in range(1, graph_scoring.MAX_DISTANCE + 1):
            near = np.abs(held.ordinals - row.ordinal) == distance
            scores[held.places[near]] += row.weight * graph_scoring.neighbour_weight(distance)
    for document_id, weight in weights.items():
        places = members[document_id].places
        if len(places) > 1:
            scores[places] += weight * graph_scoring.member_weight(len(places))


def _add_citations(scores: Scores, snapshot: Snapshot, rows: Sequence[_SeedRow]) -> None:
    keys = snapshot.keys((row.segment, row.place - snapshot.starts[row.segment]) for row in rows)
    cited = snapshot.postings(Kind.IDENTITY, _different(each.mentions for each in keys.values()))
    citing = snapshot.postings(Kind.MENTION, _different(each.identities for each in keys.values()))
    for row, own in zip(rows, keys.values(), strict=True):
        _add_linked(scores, snapshot, row, _linked(snapshot, own.mentions, cited), graph_scoring.cited_weight)
        _add_linked(scores, snapshot, row, _linked(snapshot, own.identities, citing), graph_scoring.citing_weight)


def _add_linked(
    scores: Scores, snapshot: Snapshot, row: _SeedRow, linked: Places, weight_of: "graph_scoring.WeightOfDegree"
) -> None:
    others = linked[linked != row.place]
    if len(others):
        followed = _first_ids(snapshot, others)
        scores[followed] += row.weight * weight_of(len(others))


def _linked(snapshot: Snapshot, keys: Iterable[str], found: Found) -> Places:
    """Living rows that have any of the keys, each once."""
    places = [
        snapshot.starts[number] + snapshot.live_rows(number, postings)
        for key in keys
        for number, postings in found.get(key, ())
    ]
    return np.unique(np.concatenate(places)) if places else np.zeros(0, dtype=np.int64)


def _first_ids(snapshot: Snapshot, places: Places) -> Places:
    if len(places) <= graph_scoring.MAX_LINKS:
        return places
    by_id = sorted(places.tolist(), key=lambda place: _section_id(snapshot, place))
    return np.array(by_id[: graph_scoring.MAX_LINKS], dtype=np.int64)


def _section_id(snapshot: Snapshot, place: int) -> str:
    number = _owner(snapshot, place)
    return snapshot.segment(number).section_id(place - snapshot.starts[number])


def _owner(snapshot: Snapshot, place: int) -> int:
    """Number of the segment of a place."""
    return next(number for number in reversed(snapshot.starts) if snapshot.starts[number] <= place)


def _different(groups: Iterable[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(key for group in groups for key in group))
