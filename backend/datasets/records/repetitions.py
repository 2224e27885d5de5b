"""Which found sections repeat another one; for worker processes, since it loads numpy."""

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from backend.datasets.records.candidates import Candidate, Place
from shared.models.dataset import Deduplication, Split

if TYPE_CHECKING:
    from backend.datasets.duplicates.finding import DuplicateFinder
    from backend.datasets.duplicates.texts import ComparedText

_AT_ONCE_CHARACTERS = 1 << 19
_RANKS = {split: rank for rank, split in enumerate(Split)}


@dataclass(frozen=True, slots=True)
class Repetition:
    """Sections of which one is enough.

    Args:
        kept: The one that stays; see `duplicates.preferring`.
        exact: Those with the same body.
        near: Those that say nearly the same.
    """

    kept: Place
    exact: tuple[Place, ...]
    near: tuple[Place, ...]

    @property
    def size(self) -> int:
        """Sections in it, the kept one included."""
        return 1 + len(self.exact) + len(self.near)


class RepetitionFinder:
    """Takes different sections in whatever order they come, then tells which repeat each other.

    Args:
        split_of: The split of a path: what is held out never stands for what is trained on.
        mode: `OFF` finds none.
        scratch: Folder for temporary files, 370 bytes and 8 per word for each section.
    """

    def __init__(self, split_of: Callable[[str], Split], *, mode: Deduplication, scratch: Path) -> None:
        self._split_of = split_of
        self._finder = _finder(mode, scratch) if mode is not Deduplication.OFF else None
        self._waiting: list[Candidate] = []
        self._waiting_characters = 0

    def __enter__(self) -> Self:
        """Itself; its files are closed with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        if self._finder is not None:
            self._finder.close()

    def add(self, section: Candidate) -> None:
        """Take a section with its quality."""
        if self._finder is None:
            return
        self._waiting.append(section)
        self._waiting_characters += len(section.text)
        if self._waiting_characters >= _AT_ONCE_CHARACTERS:
            self._take(self._finder)

    def add_all(self, sections: Iterable[Candidate]) -> None:
        """Take many; none is read where nothing is looked for."""
        if self._finder is not None:
            for each in sections:
                self.add(each)

    def found(self) -> Iterator[Repetition]:
        """Every repetition; all sections are there."""
        if self._finder is None:
            return
        from backend.datasets.duplicates.texts import Kind

        self._take(self._finder)
        for cluster in self._finder.clusters():
            exact = tuple(place_of(each.id) for each in cluster.members if each.kind is Kind.EXACT)
            near = tuple(place_of(each.id) for each in cluster.members if each.kind is Kind.NEAR)
            yield Repetition(place_of(cluster.representative), exact, near)

    def _take(self, finder: "DuplicateFinder") -> None:
        finder.add(map(self._compared, self._waiting))
        self._waiting, self._waiting_characters = [], 0

    def _compared(self, section: Candidate) -> "ComparedText":
        from backend.datasets.duplicates.texts import ComparedText

        return ComparedText(
            id=name_of(section),
            text=section.text,
            valid_from=section.section.valid_from,
            valid_to=section.section.valid_to,
            quality=section.quality,
            rank=_RANKS[self._split_of(section.stored.path)],
        )


def _finder(mode: Deduplication, scratch: Path) -> "DuplicateFinder":
    from backend.datasets.duplicates.finding import THRESHOLD, DuplicateFinder

    def open_file() -> BinaryIO:
        return tempfile.TemporaryFile(dir=scratch)

    # no similarity is that high: only equal bodies are left
    return DuplicateFinder(open_file, threshold=THRESHOLD if mode is Deduplication.NEAR else math.inf)


def name_of(candidate: Candidate) -> str:
    """The place of a section in one word, as the comparing rooms take it."""
    return f"{candidate.document_key}-{candidate.section.ordinal:06d}"


def place_of(name: str) -> Place:
    """The place that `name_of` wrote."""
    document, _, ordinal = name.rpartition("-")
    return document, int(ordinal)
