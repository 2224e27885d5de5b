"""Which rows pass the filters of a question; agrees with `SearchFilters.admit`."""

import numpy as np
from numpy.typing import NDArray

from shared.database.inverted_index.segments import Segment, SegmentDocument
from shared.database.inverted_index.snapshot import Snapshot
from shared.models.search import SearchFilters


def admitted(snapshot: Snapshot, filters: SearchFilters) -> NDArray[np.bool_]:
    """A truth value for every row of all segments: alive, and passing."""
    live = snapshot.live()
    if filters.is_empty or not len(live):
        return live
    admitted_rows: NDArray[np.bool_] = live & np.concatenate([_of_segment(each, filters) for each in snapshot.segments])
    return admitted_rows


def _of_segment(segment: Segment, filters: SearchFilters) -> NDArray[np.bool_]:
    documents = np.array([_admits(filters, document) for document in segment.documents], dtype=np.bool_)
    if filters.ingested_from is not None:
        documents &= segment.ingested_at >= filters.ingested_from.timestamp()
    if filters.ingested_until is not None:
        documents &= segment.ingested_at < filters.ingested_until.timestamp()
    rows: NDArray[np.bool_] = documents[segment.document]
    if filters.valid_on is not None:
        day = filters.valid_on.toordinal()
        rows &= (segment.valid_from <= day) & (day <= segment.valid_to)
    return rows


def _admits(filters: SearchFilters, document: SegmentDocument) -> bool:
    return (
        (not filters.source or document.source in filters.source)
        and (not filters.media_type or document.media_type in filters.media_type)
        and (not filters.abbreviation or document.abbreviation in filters.abbreviation)
        and (not filters.document_id or document.document_id in filters.document_id)
    )
