"""Lists of words, pieces and citations: a score for every row of the index.

Words and pieces are scored by BM25 over weighted counts, and a word in the opening of a body gains something on top.
Numbers of documents and average lengths are those of the sections that can be found now, so the order does not depend
on how the index came to be. How the constants were chosen: docs/decisions/0013-inverted-index.md.
"""

from collections.abc import Iterator, Mapping
from math import log

import numpy as np
from numpy.typing import NDArray

from shared.database.citations import asked_keys
from shared.database.inverted_index.analysis import asked_pieces, asked_stems
from shared.database.inverted_index.postings import counted, unpacked
from shared.database.inverted_index.schema import Kind
from shared.database.inverted_index.section_terms import UNIT
from shared.database.inverted_index.segments import Segment
from shared.database.inverted_index.snapshot import Snapshot

K1 = 0.6
B = 0.5
RARITY = 0.85  # power of a term's idf: the rarest of a question is not worth as much more as it is rarer
PIECES = 0.6  # of the score of pieces beside that of words
OPENING = 0.3  # of the weight of a word, for standing among the first 40 of a body; twice that among the first 15
COMMON_SHARE = 0.15  # pieces that more sections have say nothing …
COMMON_AT_LEAST = 1000  # … where there are many
Scores = NDArray[np.float32]
_LENGTH = {Kind.STEM: "stem_length", Kind.PIECE: "piece_length"}


def keyword_scores(snapshot: Snapshot, query: str) -> Scores:
    """Of words alone."""
    weights = asked_stems(query)
    packed = snapshot.packed(Kind.STEM, weights)
    worth = _worth(snapshot, snapshot.live_totals(packed), weights)
    return _bm25(snapshot, Kind.STEM, packed, worth) + _openings(snapshot, worth)


def compound_scores(snapshot: Snapshot, query: str) -> Scores:
    """Of words and of pieces of long words together: better than the pieces alone, and than both lists fused."""
    weights = asked_pieces(query)
    packed = snapshot.packed(Kind.PIECE, weights)
    worth = _worth(snapshot, _uncommon(snapshot, snapshot.live_totals(packed)), weights)
    by_pieces = _bm25(snapshot, Kind.PIECE, packed, worth)
    return keyword_scores(snapshot, query) + np.float32(PIECES) * by_pieces


def citation_scores(snapshot: Snapshot, query: str) -> Scores:
    """The sum of the weights of the asked keys that a section has; only the best are meant."""
    scores = np.zeros(snapshot.row_count, dtype=np.float32)
    weights = asked_keys(query)
    for key, found in snapshot.postings(Kind.IDENTITY, weights).items():
        for number, postings in found:
            scores[snapshot.starts[number] + postings["row"].astype(np.int64)] += weights[key]
    return scores


def _bm25(
    snapshot: Snapshot, kind: Kind, packed: Mapping[int, Mapping[str, bytes]], worth: Mapping[str, float]
) -> Scores:
    scores = np.zeros(snapshot.row_count, dtype=np.float32)
    average = _average_length(snapshot, kind)
    for segment, place, rows, counts, worths in _occurrences(snapshot, packed, worth):
        gain = np.float32(K1 + 1.0) * worths * counts / (counts + _norms(segment, kind, average)[rows])
        scores[place] = np.bincount(rows, weights=gain, minlength=segment.row_count)
    return scores


def _openings(snapshot: Snapshot, worth: Mapping[str, float]) -> Scores:
    scores = np.zeros(snapshot.row_count, dtype=np.float32)
    packed = snapshot.packed(Kind.OPENING, worth)
    for segment, place, rows, counts, worths in _occurrences(snapshot, packed, worth):
        gain = np.float32(OPENING) * worths * np.minimum(counts, 2)  # two words may have one stem
        scores[place] = np.bincount(rows, weights=gain, minlength=segment.row_count)
    return scores


def _occurrences(
    snapshot: Snapshot, packed: Mapping[int, Mapping[str, bytes]], worth: Mapping[str, float]
) -> Iterator[tuple[Segment, slice, NDArray[np.int64], Scores, Scores]]:
    """By segment: it, its place among all rows, and of each posting the row, the count and what its term is worth."""
    for segment in snapshot.segments:
        snapshot.look_at_clock()
        chosen = {term: blob for term, blob in packed[segment.segment].items() if term in worth}
        if not chosen:
            continue
        records = unpacked(b"".join(chosen.values()), row_count=segment.row_count)
        worths = np.repeat(
            np.array([worth[term] for term in chosen], dtype=np.float32),
            [counted(blob) for blob in chosen.values()],
        )
        start = snapshot.starts[segment.segment]
        place = slice(start, start + segment.row_count)
        yield segment, place, records["row"].astype(np.int64), records["weight"].astype(np.float32), worths


def _uncommon(snapshot: Snapshot, totals: Mapping[str, int]) -> Mapping[str, int]:
    """Those that say something; all, if none does."""
    bound = max(COMMON_SHARE * snapshot.live_count, COMMON_AT_LEAST)
    return {term: total for term, total in totals.items() if 0 < total <= bound} or totals


def _worth(snapshot: Snapshot, totals: Mapping[str, int], weights: Mapping[str, float]) -> dict[str, float]:
    """What each term says; of terms that nothing has there is none."""
    live_count = snapshot.live_count
    return {
        term: weights[term] * log(1.0 + (live_count - total + 0.5) / (total + 0.5)) ** RARITY
        for term, total in totals.items()
        if total
    }


def _average_length(snapshot: Snapshot, kind: Kind) -> np.float32:
    column = _LENGTH[kind]
    total = sum(getattr(snapshot.liveness(segment.segment), column) for segment in snapshot.segments)
    return np.float32(max(total, 1) / max(snapshot.live_count, 1))


def _norms(segment: Segment, kind: Kind, average: np.float32) -> Scores:
    """What the weight in a row is compared with: large in long sections, in units of weights."""
    relative: Scores = getattr(segment, _LENGTH[kind]).astype(np.float32) / average
    return np.float32(K1 * UNIT) * (np.float32(1 - B) + np.float32(B) * relative)
