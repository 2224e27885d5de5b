"""One ranked list of one state of the index."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from shared.database.inverted_index.best import best
from shared.database.inverted_index.filtering import admitted
from shared.database.inverted_index.graph import graph_scores
from shared.database.inverted_index.ranking import citation_scores, compound_scores, keyword_scores
from shared.database.inverted_index.snapshot import SegmentCache, Snapshot
from shared.database.search_store import Question, RankedSection
from shared.models.search import RankedList

_SCORES: Mapping[RankedList, Callable[[Snapshot, Question], NDArray[np.floating]]] = {
    RankedList.CITATION: lambda snapshot, question: citation_scores(snapshot, question.text),
    RankedList.KEYWORD: lambda snapshot, question: keyword_scores(snapshot, question.text),
    RankedList.COMPOUND: lambda snapshot, question: compound_scores(snapshot, question.text),
    RankedList.GRAPH: lambda snapshot, question: graph_scores(snapshot, question.seeds),
}


def rank(
    connection: sqlite3.Connection,
    cache: SegmentCache,
    wanted: RankedList,
    question: Question,
    *,
    top_k: int,
    end: float,
) -> Iterator[RankedSection]:
    """The list, read to its end in the caller's transaction; hits are made while they are drawn.

    Raises:
        TimeoutError: If it is not done at `end`, by `time.monotonic`.
    """
    snapshot = Snapshot(connection, cache, end=end)
    scores = _SCORES[wanted](snapshot, question)
    scores[~admitted(snapshot, question.filters)] = 0
    return best(snapshot, scores, top_k=top_k)
