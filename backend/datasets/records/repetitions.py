"""Which found sections repeat another one; for worker processes, since it loads numpy."""

import math
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backend.datasets.quality.normalise import normalise
from backend.datasets.records.candidates import Candidate, Place
from shared.models.dataset import Deduplication


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


def repetitions(found: Iterable[Candidate], *, mode: Deduplication, scratch: Path) -> Iterator[Repetition]:
    """Repetitions among different sections, in whatever order these come; all sections are read before the first.

    Args:
        found: Sections with their quality.
        mode: `OFF` finds none.
        scratch: Folder for temporary files, 200 bytes and 8 per word for each section.
    """
    if mode is Deduplication.OFF:
        return
    from backend.datasets.duplicates.finding import THRESHOLD, DuplicateFinder
    from backend.datasets.duplicates.texts import ComparedText, Kind

    # no similarity is that high: only equal bodies are left
    threshold = THRESHOLD if mode is Deduplication.NEAR else math.inf

    def open_file() -> BinaryIO:
        return tempfile.TemporaryFile(dir=scratch)

    with DuplicateFinder(open_file, threshold=threshold) as finder:
        finder.add(
            ComparedText(
                id=name_of(each),
                text=normalise(each.section.text),
                valid_from=each.section.valid_from,
                valid_to=each.section.valid_to,
                quality=each.quality,
            )
            for each in found
        )
        for cluster in finder.clusters():
            exact = tuple(place_of(each.id) for each in cluster.members if each.kind is Kind.EXACT)
            near = tuple(place_of(each.id) for each in cluster.members if each.kind is Kind.NEAR)
            yield Repetition(place_of(cluster.representative), exact, near)


def name_of(candidate: Candidate) -> str:
    """The place of a section in one word, as the comparing rooms take it."""
    return f"{candidate.document_key}-{candidate.section.ordinal:06d}"


def place_of(name: str) -> Place:
    """The place that `name_of` wrote."""
    document, _, ordinal = name.rpartition("-")
    return document, int(ordinal)
