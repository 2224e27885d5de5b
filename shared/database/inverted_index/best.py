"""The best rows of all segments in order: by score, then by section id."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from shared.database.inverted_index.segments import SegmentDocument
from shared.database.inverted_index.snapshot import Snapshot
from shared.database.search_store import RankedSection


def best(snapshot: Snapshot, scores: NDArray[np.floating], *, top_k: int) -> Iterator[RankedSection]:
    """At most `top_k` sections with a score above 0; the snapshot is read before this returns.

    Args:
        snapshot: The index.
        scores: Of every row of all segments, 0 for those that must not be found.
        top_k: How many at most.
    """
    places = _candidates(scores, max(top_k, 0))
    values = scores[places]
    documents, ordinals = _columns(snapshot, places)
    ids = [f"{each.document_id}:{each.version}:{ordinal}" for each, ordinal in zip(documents, ordinals, strict=True)]
    order = _in_order(values, ids)[: max(top_k, 0)]
    score_list = values.tolist()
    return (
        RankedSection(ids[position], documents[position].document_id, documents[position].version, score_list[position])
        for position in order
    )


def _candidates(scores: NDArray[np.floating], top_k: int) -> NDArray[np.int64]:
    """Places of the best, and of all that tie with the last of them, since their ids decide."""
    places = np.flatnonzero(scores > 0)
    if top_k == 0 or len(places) <= top_k:
        return places if top_k else places[:0]
    found = scores[places]
    least = np.partition(found, len(found) - top_k)[len(found) - top_k]
    chosen: NDArray[np.int64] = places[found >= least]
    return chosen


def _columns(snapshot: Snapshot, places: NDArray[np.int64]) -> tuple[list[SegmentDocument], list[int]]:
    """Documents and ordinals of places that rise."""
    documents: list[SegmentDocument] = []
    ordinals: list[int] = []
    for segment in snapshot.segments:
        start = snapshot.starts[segment.segment]
        first, last = np.searchsorted(places, (start, start + segment.row_count))
        rows = places[first:last] - start
        documents.extend(map(segment.documents.__getitem__, segment.document[rows].tolist()))
        ordinals.extend(segment.ordinal[rows].tolist())
    return documents, ordinals


def _in_order(values: NDArray[np.floating], ids: list[str]) -> list[int]:
    order: list[int] = np.argsort(-values, kind="stable").tolist()
    ties = np.flatnonzero(np.diff(values[order]) == 0).tolist() if len(order) > 1 else []
    if not ties:
        return order
    position = 0
    while position < len(ties):
        first = last = ties[position]
        while position < len(ties) and ties[position] == last:
            last += 1
            position += 1
        order[first : last + 1] = sorted(order[first : last + 1], key=ids.__getitem__)
    return order
