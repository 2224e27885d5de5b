"""The contract of a file reader: bytes of one format in, parsed documents out.

A new format is one new file in `readers/` with one subclass of `BaseReader` (or of `BaseArchive`, when the file holds
other files); the registry finds it by its `suffixes`. Heavy parsers are imported inside functions.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from shared.errors import InvalidInput
from shared.models.document import ParsedDocument

MEMBER_MARK = "!/"


class UnreadableFile(InvalidInput):
    """A file cannot be turned into documents; nothing of it was taken over."""

    code = "unreadable_file"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} cannot be read: {reason}.", name=name, reason=reason)
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What one file may cost, so that no file can exhaust the machine.

    Args:
        max_file_bytes: Size of one file, and of one unpacked member of an archive.
        max_archive_bytes: Size of an archive as it lies on the disk.
        max_document_chars: Extracted text of one document.
        max_rows: Rows of a table, or lines of a JSON lines file, readable or not.
        max_members: Entries of one archive.
        max_unpacked_bytes: All members of one archive together.
        max_ratio: Unpacked to packed size of an archive; text packs about 1:4, a bomb 1:1000.
    """

    max_file_bytes: int = 256 << 20
    max_archive_bytes: int = 1 << 30
    max_document_chars: int = 64 << 20
    max_rows: int = 1_000_000
    max_members: int = 50_000
    max_unpacked_bytes: int = 2 << 30
    max_ratio: float = 200.0


def _ignore(key: str, reason: str) -> None:
    """Default of `ReadContext.skipped`: nobody wants to know."""


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What a reader is told about its file.

    Args:
        name: Name of the file below its source, for titles and messages.
        limits: Bounds that the reader keeps.
        skipped: Called with (key, reason) for a part that cannot be read while the rest can: a line, a row, a member.
    """

    name: str
    limits: ReadLimits = ReadLimits()
    skipped: Callable[[str, str], None] = _ignore

    @property
    def stem(self) -> str:
        """File name without folders and suffix: the title of last resort."""
        base = self.name.rsplit("/", 1)[-1]
        return base.rsplit(".", 1)[0] or base

    def unreadable(self, reason: str) -> UnreadableFile:
        """The error to raise for this file."""
        return UnreadableFile(self.name, reason)


class BaseReader(ABC):
    """Reads one file format."""

    media_type: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ParsedDocument]:
        """Documents of a seekable binary stream: one, or one per row with its `key`.

        Raises:
            UnreadableFile: With a reason that a person understands.
        """


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file inside an archive, unpacked within the limits; the stream is good until the next member."""

    name: str
    stream: BinaryIO


class BaseArchive(ABC):
    """Unpacks one archive format into members, which the other readers read."""

    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def members(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ArchiveMember]:
        """Members in the archive's order; one that must not be unpacked is told to `ctx.skipped`.

        Raises:
            UnreadableFile: If the archive as a whole is broken or a bomb.
        """


def document_path(name: str, key: str) -> str:
    """Path under which a document of file `name` is registered, e.g. `fees.csv#12`."""
    return f"{name}#{key}" if key else name


def member_path(name: str, member: str) -> str:
    """Path of a member of an archive, e.g. `upload.zip!/bgb.md`."""
    return f"{name}{MEMBER_MARK}{member}"


def read_all(stream: BinaryIO, ctx: ReadContext) -> bytes:
    """The whole stream, refused past the size limit.

    Raises:
        UnreadableFile: If there is more than `max_file_bytes`.
    """
    limit = ctx.limits.max_file_bytes
    raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise ctx.unreadable(f"it is larger than the limit of {limit} bytes")
    return raw
