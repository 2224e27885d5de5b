"""Which registered sections duplicate which: found once for each state of the documents, kept in one file.

The file is a line of JSON per superfluous section, and is whole or not there. Documents are compared as they are, in
all their validity states; no profile decides anything here.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.curation.damaged import damaged
from backend.datasets.duplicates.texts import Cluster, ComparedText
from backend.datasets.quality.normalise import normalise
from shared.models.document import StoredSection
from shared.replacing import replacing
from shared.storage import disk_errors

_ENDING = ".jsonl"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A section that another one makes superfluous.

    Args:
        representative: Id of the section that is kept.
        kind: "exact" or "near".
        jaccard: How alike the two are, by their phrases of five words.
        cluster_size: Sections of which the representative is one, itself included.
    """

    section_id: str
    representative: str
    kind: str
    jaccard: float
    cluster_size: int


class DuplicateFile:
    """The duplicates of one state of the documents.

    Args:
        folder: Of these files alone.
        state: Names the state of all documents.
    """

    def __init__(self, folder: Path, state: str) -> None:
        self._folder = folder
        self._path = folder / f"{_FORMAT}-{state}{_ENDING}"

    @property
    def is_done(self) -> bool:
        """Whether this state was looked at."""
        return self._path.is_file()

    def find(self, sections: Iterable[StoredSection]) -> None:
        """Compare all sections; files of other states are removed afterwards.

        Args:
            sections: Streamed; memory is that of `duplicates.finding`.

        Raises:
            DiskFull: If there is no room; nothing is there then.
            DamagedFigures: If a document was erased while the file was written.
        """
        from backend.datasets.duplicates.finding import DuplicateFinder

        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            with DuplicateFinder(lambda: tempfile.TemporaryFile(dir=self._folder)) as finder:
                finder.add(map(_compared, sections))
                self._write(finder.clusters())
        self.sweep()

    def sweep(self) -> None:
        """Remove what belongs to other states, and what killed runs left."""
        for file in self._folder.glob("*"):
            if file != self._path:
                file.unlink(missing_ok=True)

    def read(self) -> Iterator[Duplicate]:
        """What was found.

        Raises:
            DamagedFigures: If the file cannot be read; the sections will be compared again.
        """
        try:
            with self._path.open(encoding="utf-8") as stream:
                for line in stream:
                    yield Duplicate(**json.loads(line))
        except (OSError, ValueError, TypeError) as exc:
            raise damaged(self._path, exc) from exc

    def _write(self, clusters: Iterable[Cluster]) -> None:
        try:
            with replacing(self._path) as stream:
                stream.writelines(f"{line}\n".encode() for cluster in clusters for line in _lines(cluster))
        except FileNotFoundError as exc:
            raise damaged(self._path, exc) from exc


def _compared(stored: StoredSection) -> ComparedText:
    section = stored.section
    return ComparedText(stored.section_id, normalise(section.text), section.valid_from, section.valid_to)


def _lines(cluster: Cluster) -> Iterator[str]:
    for member in cluster.members:
        line = {
            "section_id": member.id,
            "representative": cluster.representative,
            "kind": member.kind.value,
            "jaccard": round(member.jaccard, 4),
            "cluster_size": cluster.size,
        }
        yield json.dumps(line, ensure_ascii=False)
