"""Which passages of held-out splits have a twin in an earlier split; for worker processes, since it loads numpy.

The rule is a function of the found sections alone: a document's split comes from its path, nothing is ever moved into
another split, and of two twins the one in the earlier split stays (train, then validation, then test). So documents
that are added can make an old held-out record disappear, with its reason, and can never put an old record elsewhere.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from backend.datasets.records.personal import TreatedPassage
from backend.datasets.records.render import heading_of, title_of
from shared.models.dataset import Split

if TYPE_CHECKING:
    from backend.datasets.duplicates.split_twins import SplitText

TWIN_SIMILARITY = 0.75
"""A little under the 0.8 of near duplicates: that none is left must not hang on how somebody counts words."""

RANKS = {split: rank for rank, split in enumerate(Split)}
"""0 for the first split."""


class SplitTwinPassages:
    """Takes the passages of all splits but the first, then sees those of each split in their order.

    Args:
        scratch: Folder for temporary files, 16 bytes per word of what is held out.
    """

    def __init__(self, scratch: Path) -> None:
        from backend.datasets.duplicates.split_twins import SplitTwins

        def open_file() -> BinaryIO:
            return tempfile.TemporaryFile(dir=scratch)

        self._twins = SplitTwins(open_file, similarity=TWIN_SIMILARITY)
        self._first: dict[Split, int] = {}
        self._found: set[int] = set()
        self._held = 0

    def __enter__(self) -> Self:
        """Itself; its files are closed with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        self._twins.close()

    def hold(self, split: Split, passages: Iterable[TreatedPassage]) -> None:
        """Take passages of a later split, one split after the other and before anything is seen."""
        self._first.setdefault(split, self._held)
        self._held += self._twins.hold(_split_text(each, split) for each in passages)

    def see(self, split: Split, passage: TreatedPassage) -> None:
        """Take a passage that others must not repeat, whatever its score: a threshold must never let a twin in."""
        if split is not list(Split)[-1]:
            self._twins.see(_split_text(passage, split))

    def in_order(self, split: Split) -> Iterator[bool]:
        """Whether each passage of a split, in the order in which they were held, has a twin; earlier ones were seen."""
        if split not in self._first:
            while True:
                yield False
        self._found |= self._twins.found()
        number = self._first[split]
        while True:
            yield number in self._found
            number += 1


def _split_text(treated: TreatedPassage, split: Split) -> "SplitText":
    from backend.datasets.duplicates.split_twins import SplitText

    if treated.is_dropped:
        return SplitText(RANKS[split], ())
    return SplitText(RANKS[split], tuple(_pieces(treated)))


def _pieces(treated: TreatedPassage) -> Iterator[tuple[str, int]]:
    # word for word what a record of running text says: comparing passages compares these records
    yield title_of(treated.passage), 0
    for candidate, body in zip(treated.passage.candidates, treated.bodies, strict=True):
        yield heading_of(candidate), 1
        yield body, 2
