"""Find the files to ingest and cut them into requests of bounded size."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from shared.errors import InvalidInput

_LITTER = ("~$*", "Thumbs.db", "desktop.ini")
"""Left behind by office programs and file managers; never documents."""


class NothingToIngest(InvalidInput):
    """The paths hold no file."""

    code = "nothing_to_ingest"

    def __init__(self, paths: Sequence[Path]) -> None:
        listed = ", ".join(str(path) for path in paths)
        super().__init__(
            f"No files were found below {listed}. Hidden files are passed over; --include narrows further.",
            paths=[str(path) for path in paths],
        )


class PathMissing(InvalidInput):
    """A path that does not exist."""

    code = "path_missing"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no file or folder '{path}'.", path=str(path))


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to send.

    Args:
        path: Where it lies here.
        source: Name of the collection it belongs to.
        name: Its path within the source, with forward slashes.
    """

    path: Path
    source: str
    name: str
    size_bytes: int


def find_files(paths: Sequence[Path], *, source: str | None = None, include: Sequence[str] = ()) -> list[LocalFile]:
    """Every file of the given files and folders, in a stable order.

    The source of a folder is its name, that of a single file the name of the folder it lies in: one file sent alone and
    the same file sent with its folder are one document.

    Args:
        paths: Files and folders.
        source: Overrides the name of the collection.
        include: Patterns such as `*.md`; a file is taken if its name matches one of them.

    Raises:
        PathMissing: If a path does not exist.
        NothingToIngest: If nothing is left.
    """
    found: dict[tuple[str, str], LocalFile] = {}
    for path in paths:
        if not path.exists():
            raise PathMissing(path)
        root = path if path.is_dir() else path.parent
        label = source or root.resolve().name or "root"
        for file in _walk(path, include) if path.is_dir() else [path]:
            name = file.relative_to(root).as_posix()
            found[(label, name)] = LocalFile(file, label, name, file.stat().st_size)
    if not found:
        raise NothingToIngest(paths)
    return [found[key] for key in sorted(found)]


def batches(files: Sequence[LocalFile], *, max_bytes: int, max_files: int) -> Iterator[list[LocalFile]]:
    """Groups of one source each, within both bounds; a file larger than `max_bytes` stands alone."""
    batch: list[LocalFile] = []
    size_bytes = 0
    for file in files:
        is_full = len(batch) == max_files or size_bytes + file.size_bytes > max_bytes
        if batch and (is_full or batch[0].source != file.source):
            yield batch
            batch, size_bytes = [], 0
        batch.append(file)
        size_bytes += file.size_bytes
    if batch:
        yield batch


def _walk(folder: Path, include: Sequence[str]) -> Iterator[Path]:
    # links to folders are not followed: they may form circles
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            if _is_wanted(name, include) and file.is_file():
                yield file


def _is_wanted(name: str, include: Sequence[str]) -> bool:
    if name.startswith(".") or any(fnmatch(name, pattern) for pattern in _LITTER):
        return False
    return not include or any(fnmatch(name, pattern) for pattern in include)
