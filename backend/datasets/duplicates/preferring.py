"""Which text stands for its duplicates: a total order, so that it never depends on who came first.

The lowest rank first, then the newest valid state: the last day in force that is later (or open), then the first day
that is later (unknown is oldest). Then the higher quality, the longer text, the smaller id.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def by_preference(rows: NDArray[np.void], ids: Sequence[str]) -> NDArray[np.int64]:
    """Places of rows, the most preferred first."""
    place = np.empty(len(ids), dtype=np.int64)
    place[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    newest_last = [rows[name].astype(np.float64) for name in ("length", "quality", "valid_from", "valid_to")]
    return np.lexsort((place, *(-values for values in newest_last), rows["rank"]))
