"""The packed form of a term's rows in one segment: three bytes per posting, readable without a copy.

A segment has at most `MAX_ROWS` rows, so a row takes two bytes; a weight takes one and stops at `MAX_WEIGHT`.
"""

import sqlite3

import numpy as np
from numpy.typing import NDArray

MAX_ROWS = 1 << 16
MAX_WEIGHT = 255
POSTING = np.dtype([("row", "<u2"), ("weight", "u1")])


def packed(rows: NDArray[np.int64], weights: NDArray[np.int64]) -> NDArray[np.void]:
    """Postings of rows below `MAX_ROWS`; weights are cut at `MAX_WEIGHT`."""
    records = np.empty(len(rows), dtype=POSTING)
    records["row"] = rows
    records["weight"] = np.minimum(weights, MAX_WEIGHT)
    return records


def unpacked(blob: bytes, *, row_count: int) -> NDArray[np.void]:
    """Postings of a blob, or of several one after another.

    Raises:
        sqlite3.DatabaseError: If these are no postings of a segment with so many rows.
    """
    counted(blob)
    records = np.frombuffer(blob, dtype=POSTING)
    if len(records) and int(records["row"].max()) >= row_count:
        raise sqlite3.DatabaseError("postings are damaged")
    return records


def counted(blob: bytes) -> int:
    """How many postings a blob holds.

    Raises:
        sqlite3.DatabaseError: If these are no postings.
    """
    count, rest = divmod(len(blob), POSTING.itemsize)
    if rest:
        raise sqlite3.DatabaseError("postings are damaged")
    return count
