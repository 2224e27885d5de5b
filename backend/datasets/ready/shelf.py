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
from backend.datasets.still_kept import StillKept
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
        file = self._opened(key)
        if file is not None:
            _note_use(file.path)
        return file

    @contextmanager
    def opened_unused(self, key: str) -> Iterator[ReadyFile | None]:
        """The file of a key for who puts lines into it that nobody asked for: it is not used by that."""
        file = self._opened(key)
        if file is None:
            yield None
            return
        with file:
            if not _used_at(file.path):
                # a new one is not the first to make room
                _note_use(file.path)
            yield file

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
        while self._is_full(file):
            if not others:
                return False
            _discard(others.pop(0))
        return True

    def sweep(self, held: Callable[[], Iterator[HeldDocument]]) -> int:
        """Overwrite what was made of documents that are erased or have a newer version; returns how many they were.

        Args:
            held: Begins to tell all documents of the truth, in the order of ids.

        Raises:
            StillKept: If a file can neither be written nor removed; all others are swept then.
            Unavailable: If the truth cannot be read.
        """
        self._require_listable()
        failures: list[StillKept] = []
        swept = sum(self._swept(path, held, failures) for path in self._files())
        self._clear_orphans(failures)
        if failures:
            raise failures[0]
        return swept

    def forget(self, document_id: str) -> None:
        """Overwrite what was made of a document.

        Raises:
            StillKept: If a file can neither be written nor removed; it is out of all others then.
        """
        self._require_listable()
        failures: list[StillKept] = []
        for path in self._files():
            with _noting(failures), ReadyFile(path) as file:
                file.forget_document(document_id)
        self._clear_orphans(failures)
        if failures:
            raise failures[0]

    def _require_listable(self) -> None:
        """What is looked for by `glob` is nowhere in a folder that may not be read."""
        try:
            with os.scandir(self._folder):
                return
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as exc:
            raise StillKept(self._folder, exc.strerror or str(exc)) from exc

    def _swept(self, path: Path, held: Callable[[], Iterator[HeldDocument]], failures: list[StillKept]) -> int:
        swept = 0
        with _noting(failures), ReadyFile(path) as file:
            stale = list(_stale(file.documents(), held()))
            file.require_usable()
            for start in range(0, len(stale), _FORGOTTEN_AT_ONCE):
                some = stale[start : start + _FORGOTTEN_AT_ONCE]
                file.forget(some)
                swept += len(some)
        return swept

    def _clear_orphans(self, failures: list[StillKept]) -> None:
        """Remove what a process that was killed left of a file it removed: a log, with the words in it."""
        for path in self._folder.glob(f"*{_ENDING}-*"):
            if not path.with_name(path.name.rpartition("-")[0]).exists():
                with _noting(failures):
                    _remove(path)

    def _opened(self, key: str) -> ReadyFile | None:
        return ReadyFile(self._path(key)) if self._limit_bytes > 0 else None

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

    def _is_full(self, file: ReadyFile) -> bool:
        size = self._size_bytes()
        # what left the file is room in it, which the disk does not get back
        return size >= self._limit_bytes and size - file.free_bytes() >= self._limit_bytes

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


def _use_of(path: Path) -> Path:
    """Its time is that of the last use: SQLite changes the time of the file itself whenever it is written."""
    return path.with_name(f"{path.name}-used")


def _note_use(path: Path) -> None:
    with suppress(OSError):
        _use_of(path).touch()


def _used_at(path: Path) -> float:
    with suppress(OSError):
        return _use_of(path).stat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _discard(path: Path) -> None:
    try:
        discard_file(path)
        _use_of(path).unlink(missing_ok=True)
    except OSError as exc:
        # another process may have it open, where that keeps a file
        logger.warning("ready.not_removed", extra={"file": str(path), "reason": str(exc)})


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        raise StillKept(path, exc.strerror or str(exc)) from exc


@contextmanager
def _noting(failures: list[StillKept]) -> Iterator[None]:
    """Go on after what cannot be removed."""
    try:
        yield
    except StillKept as exc:
        logger.warning("ready.still_kept", exc_info=True)
        failures.append(exc)
