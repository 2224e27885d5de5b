"""The files of ready lines, one for each key, the least recently used of which make room for others.

They hold words of documents: `sweep` overwrites what belongs to no present document, and the service calls it again
and again, so that what is erased leaves them too.
"""

import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from backend.datasets.ready.file import ReadyFile
from backend.datasets.ready.lines import state_of
from shared.database.derived_file import discard_file
from shared.database.search_store import HeldDocument

logger = logging.getLogger(__name__)

_ENDING = ".lines"
_FORGOTTEN_AT_ONCE = 200
_LEAST_FREE_BYTES = 1 << 29


def shelf_of(data_dir: Path, limit_mib: int) -> "ReadyShelf":
    """The shelf of an installation."""
    return ReadyShelf(data_dir / "cache" / "streams", limit_bytes=limit_mib << 20)


class ReadyShelf:
    """Where ready lines are kept.

    Args:
        folder: Of them alone; made when it is first needed.
        limit_bytes: Of all files together; 0: nothing is kept.
        least_free_bytes: Space on the disk that is left to the truth, which needs it more.
    """

    def __init__(self, folder: Path, *, limit_bytes: int, least_free_bytes: int = _LEAST_FREE_BYTES) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._least_free_bytes = least_free_bytes

    def open(self, key: str) -> ReadyFile | None:
        """The file of a key, to be closed; None where nothing is kept."""
        if self._limit_bytes <= 0:
            return None
        file = ReadyFile(self._path(key))
        with suppress(OSError):
            # who was used last is known by this time, also after a use that only read
            os.utime(file.path)
        return file

    @contextmanager
    def opened_unused(self, key: str) -> Iterator[ReadyFile | None]:
        """The file of a key for who puts lines into it that nobody asked for: it is not used by that."""
        used_at = _used_at(self._path(key))
        file = self.open(key)
        if file is None:
            yield None
            return
        try:
            with file:
                yield file
        finally:
            if used_at:
                with suppress(OSError):
                    os.utime(file.path, (used_at, used_at))

    def orders(self) -> list[str]:
        """Orders whose streams took everything, as they were noted; each once."""
        notes = set[str]()
        for path in self._files():
            with ReadyFile(path) as file:
                notes.update(file.orders())
        return sorted(notes)

    def has_room(self, file: ReadyFile, *, spared: Collection[str] = ()) -> bool:
        """Whether more may be put into a file; others that were used longer ago are removed for it.

        Args:
            file: Which one.
            spared: Keys whose files are not removed.
        """
        if self._free_bytes() < self._least_free_bytes:
            return False
        others = [each for each in self._files() if each != file.path and _key_of(each) not in spared]
        others.sort(key=_used_at)
        while self._size_bytes() >= self._limit_bytes:
            if not others:
                return False
            _discard(others.pop(0))
        return True

    def sweep(self, held: Callable[[], Iterator[HeldDocument]]) -> int:
        """Overwrite what was made of documents that are erased or have a newer version; returns how many they were.

        Args:
            held: Begins to tell all documents of the truth, in the order of ids.

        Raises:
            Unavailable: If the truth cannot be read.
        """
        swept = 0
        for path in self._files():
            with ReadyFile(path) as file:
                stale = list(_stale(file.documents(), held()))
                for start in range(0, len(stale), _FORGOTTEN_AT_ONCE):
                    file.forget(stale[start : start + _FORGOTTEN_AT_ONCE])
            swept += len(stale)
        return swept

    def forget(self, document_id: str) -> None:
        """Overwrite what was made of a document."""
        for path in self._files():
            with ReadyFile(path) as file:
                file.forget_document(document_id)

    def _path(self, key: str) -> Path:
        """The file of a key that is there, or one of a name that was never used.

        SQLite removes logs by their names: whoever still uses a removed file must not take those of its successor.
        """
        present = sorted(self._folder.glob(f"{key}-*{_ENDING}"))
        return present[0] if present else self._folder / f"{key}-{uuid4().hex[:8]}{_ENDING}"

    def _free_bytes(self) -> int:
        with suppress(OSError):
            return shutil.disk_usage(self._folder).free
        return 0

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_ENDING}"))

    def _size_bytes(self) -> int:
        # with their logs, which are as large as what was written last
        return sum(_size(each) for each in self._folder.glob(f"*{_ENDING}*"))


def _stale(kept: Iterator[tuple[str, str]], held: Iterator[HeldDocument]) -> Iterator[tuple[str, str]]:
    """Those of the kept documents that the truth does not hold in this state; both come in the order of ids."""
    truth = next(held, None)
    for document_id, state in kept:
        while truth is not None and truth.document_id < document_id:
            truth = next(held, None)
        is_present = truth is not None and truth.document_id == document_id and not truth.is_erased
        if truth is None or not is_present or state_of(truth.version, truth.sha256) != state:
            yield document_id, state


def _key_of(path: Path) -> str:
    return path.name.partition("-")[0]


def _used_at(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _discard(path: Path) -> None:
    try:
        discard_file(path)
    except OSError as exc:
        # another process may have it open, where that keeps a file
        logger.warning("ready.not_removed", extra={"file": str(path), "reason": str(exc)})
