"""Which files an ingest looks at: folders in a fixed order, without hidden files and links, each left out aloud."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.ingest.registry import Formats


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to ingest.

    Args:
        path: Where it lies.
        name: Path below its source, with `/`; what the document is registered and reported under.
    """

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Leftover:
    """A path that is not ingested; `is_failure` if a person should mend it."""

    name: str
    reason: str
    is_failure: bool


Tell = Callable[[Leftover], None]


def walk(paths: Iterable[Path], formats: Formats, tell: Tell) -> Iterator[SourceFile]:
    """Files of `paths`: a folder's are named below it, a file that is given itself by its own name.

    Inside folders, formats that nothing reads are skipped; a file that is given itself must be readable.
    """
    for path in paths:
        if path.is_dir():
            yield from _walk_folder(path, "", formats, tell)
        elif path.exists():
            yield SourceFile(path, path.name)
        else:
            tell(Leftover(str(path), "there is no such file or folder", is_failure=True))


def _walk_folder(folder: Path, prefix: str, formats: Formats, tell: Tell) -> Iterator[SourceFile]:
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError as exc:
        reason = f"the folder cannot be opened ({exc.strerror or exc})"
        tell(Leftover(prefix.rstrip("/") or folder.name, reason, is_failure=True))
        return
    for entry in ordered:
        name = prefix + entry.name
        reason = _why_left_out(entry, formats)
        if reason:
            tell(Leftover(name, reason, is_failure=False))
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk_folder(Path(entry.path), f"{name}/", formats, tell)
        else:
            yield SourceFile(Path(entry.path), name)


def _why_left_out(entry: "os.DirEntry[str]", formats: Formats) -> str:
    if entry.name.startswith("."):
        return "it is hidden"
    if entry.is_symlink():
        return "it is a link"
    if entry.is_dir(follow_symlinks=False):
        return ""
    if not entry.is_file(follow_symlinks=False):
        return "it is no regular file"
    return "" if formats.knows(entry.name) else "no reader for its format"


def open_regular(path: Path) -> int:
    """A descriptor for reading, of a regular file only; never follows a link and never waits for a pipe.

    Raises:
        OSError: As `os.open`; also if it is no regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(None, "it is no regular file")
    return descriptor
