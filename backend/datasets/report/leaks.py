"""What the splits of a finished dataset have in common, measured on its records: all counts must be 0.

Nothing of the build takes part: the published lines are read again, exact documents and texts are compared as hashes
(8 bytes of each record stay in memory), near duplicates by `duplicates.split_twins`, which finds every pair.
"""

import hashlib
import tempfile
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from backend.datasets.splits import text_hash
from backend.datasets.tokens import compared_pieces, own_text
from shared.models.dataset import Split

if TYPE_CHECKING:
    from backend.datasets.duplicates.split_twins import SplitText

LEAK_SIMILARITY = 0.8
"""What the field calls a near duplicate: Jaccard similarity of 5-word shingles."""

_RANKS = {split: rank for rank, split in enumerate(Split)}


class LeakMeter:
    """Measures what stands in two splits.

    Args:
        scratch: Folder for temporary files.
    """

    def __init__(self, scratch: Path) -> None:
        from backend.datasets.duplicates.split_twins import SplitTwins

        def open_file() -> BinaryIO:
            return tempfile.TemporaryFile(dir=scratch)

        self._documents = {split: array("Q") for split in Split}
        self._texts = {split: array("Q") for split in Split}
        self._twins = SplitTwins(open_file, similarity=LEAK_SIMILARITY)

    def close(self) -> None:
        """Remove the temporary files."""
        self._twins.close()

    def hold(self, split: Split, records: Iterable[Mapping[str, Any]]) -> None:
        """Take the records of every split but the first, before any record is added."""
        self._twins.hold(_split_text(record, split) for record in records)

    def add(self, record: Mapping[str, Any], split: Split) -> None:
        """Take a record, of all splits."""
        self._documents[split].append(_number(f"{record['source']}\n{record['metadata']['path']}".encode()))
        self._texts[split].append(int.from_bytes(text_hash(own_text(record)), "little"))
        if split is not list(Split)[-1]:
            self._twins.see(_split_text(record, split))

    def counts(self) -> dict[str, int]:
        """Documents of an earlier split in a later one; records with an equal text there; records with a near one."""
        return {
            "documents": _shared(self._documents, is_distinct=True),
            "texts": _shared(self._texts, is_distinct=False),
            "near_duplicates": len(self._twins.found()),
        }


def _split_text(record: Mapping[str, Any], split: Split) -> "SplitText":
    from backend.datasets.duplicates.split_twins import SplitText

    return SplitText(_RANKS[split], compared_pieces(record))


def _shared(numbers: Mapping[Split, "array[int]"], *, is_distinct: bool) -> int:
    """Numbers of later splits that an earlier one has."""
    import numpy as np

    earlier = np.empty(0, dtype=np.uint64)
    count = 0
    for split in Split:
        own = np.array(numbers[split], dtype=np.uint64)
        count += int(np.isin(np.unique(own) if is_distinct else own, earlier).sum())
        earlier = np.union1d(earlier, own)
    return count


def _number(name: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little")
