"""Which drafts of held-out splits say what a record of an earlier split says; for workers, since it loads numpy.

A template makes a record of a piece of a passage, and people write what stands in no passage: two records may be alike
where their passages are not. So drafts are compared as the records that they become, by the rule of `twins`: of two
that are alike the one in the earlier split stays, nothing is moved, and a threshold never lets one in. Where a record
is its whole passage, comparing passages has compared it, and nothing is done here.
"""

import hashlib
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from backend.datasets.records.drafting import Drafter
from backend.datasets.records.drafts import Draft, content_of
from backend.datasets.records.passages import Passage
from backend.datasets.records.personal import TreatedPassage
from backend.datasets.records.render import record_id_of
from backend.datasets.records.twins import RANKS, TWIN_SIMILARITY
from backend.datasets.tokens import compared_pieces
from shared.models.dataset import RecordFormat, Split

if TYPE_CHECKING:
    from backend.datasets.duplicates.split_twins import SplitText, SplitTwins

_FIRST, *_, _LAST = Split


class SplitTwinDrafts:
    """Takes the drafts of all splits but the first, then sees those of each split in their order.

    Args:
        drafter: Who makes them.
        record_format: The shape of their records.
        scratch: Folder for temporary files, 16 bytes per word of what is held out.
    """

    def __init__(self, drafter: Drafter, record_format: RecordFormat, scratch: Path) -> None:
        self._drafter = drafter
        self._record_format = record_format
        self._twins = None if drafter.is_whole else _twins(scratch)
        # of each draft that is held, 8 bytes of its record's id
        self._names = array("Q")
        self._found: set[int] = set()
        self._settled = _FIRST
        self.left_out = 0
        """Drafts that were left out so far."""

    def __enter__(self) -> Self:
        """Itself; its files are closed with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        if self._twins:
            self._twins.close()

    def hold(self, split: Split, passages: Iterable[TreatedPassage]) -> None:
        """Take the drafts of passages of a later split, before anything is seen."""
        if self._twins:
            self._twins.hold(self._held(split, passages))

    def without_twins(self, passage: Passage, drafts: Sequence[Draft], split: Split) -> Sequence[Draft]:
        """Those drafts of a passage that no earlier split says; all earlier splits were seen."""
        kept = self._kept(passage, drafts, split)
        self.left_out += len(drafts) - len(kept)
        return kept

    def see(self, split: Split, drafts: Iterable[Draft]) -> None:
        """Take drafts that others must not repeat."""
        if self._twins and split is not _LAST:
            for draft in drafts:
                self._twins.see(self._split_text(draft, split))

    def see_unwritten(self, split: Split, treated: TreatedPassage) -> None:
        """Take those of a passage that is left out for its score alone: a threshold must never let a twin in."""
        if self._twins and split is not _LAST:
            self.see(split, self._kept(treated.passage, self._drafter.drafts(treated), split))

    def _held(self, split: Split, passages: Iterable[TreatedPassage]) -> Iterator["SplitText"]:
        for treated in passages:
            if not treated.is_dropped:
                for draft in self._drafter.drafts(treated):
                    self._names.append(_name(treated.passage, draft))
                    yield self._split_text(draft, split)

    def _kept(self, passage: Passage, drafts: Sequence[Draft], split: Split) -> Sequence[Draft]:
        if self._twins is None or split is _FIRST:
            return drafts
        if split is not self._settled:
            self._settled = split
            self._found.update(self._names[number] for number in self._twins.found())
        return [draft for draft in drafts if _name(passage, draft) not in self._found]

    def _split_text(self, draft: Draft, split: Split) -> "SplitText":
        from backend.datasets.duplicates.split_twins import SplitText

        return SplitText(RANKS[split], compared_pieces(content_of(draft, self._record_format)))


def _name(passage: Passage, draft: Draft) -> int:
    return int.from_bytes(hashlib.blake2b(record_id_of(passage, draft).encode(), digest_size=8).digest())


def _twins(scratch: Path) -> "SplitTwins":
    from backend.datasets.duplicates.split_twins import SplitTwins

    def open_file() -> BinaryIO:
        return tempfile.TemporaryFile(dir=scratch)

    return SplitTwins(open_file, similarity=TWIN_SIMILARITY)
