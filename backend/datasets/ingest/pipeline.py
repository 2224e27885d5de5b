"""From files to registered documents: hashes first, parses what is new, commits in batches, never stops at one file.

Killed at any point and run again it ends in the same state: a batch is durable or not there, and what is registered
with the same bytes is not parsed again.
"""

import hashlib
import io
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from backend.datasets.ingest.base import (
    ArchiveMember,
    ReadContext,
    ReadLimits,
    UnreadableFile,
    document_path,
    member_path,
)
from backend.datasets.ingest.batch import Batch
from backend.datasets.ingest.decoding import storable
from backend.datasets.ingest.events import IngestSummary, Report
from backend.datasets.ingest.progress import IngestProgress
from backend.datasets.ingest.registry import Formats, installed_formats
from backend.datasets.ingest.walk import Leftover, SourceFile, open_regular, walk
from shared.database.base import DocumentInput, DocumentStore
from shared.models.document import ParsedDocument

logger = logging.getLogger(__name__)

_LOOKUP = 500
_CHUNK = 1 << 20
_SMALL_FILE = 8 << 20  # read once into memory; larger ones are hashed and parsed from the disk


def _silent(_event: object) -> None:
    """Report to nobody."""


def ingest_paths(
    paths: Sequence[Path],
    *,
    store: DocumentStore,
    source: str,
    ingested_by: str,
    limits: ReadLimits | None = None,
    report: Report = _silent,
) -> IngestSummary:
    """Ingest files and folders; what cannot be read is in the summary by name and reason.

    Raises:
        Unavailable: If the store cannot take documents; what was committed before stays.
    """
    formats = installed_formats()
    totals = _totals(walk(paths, formats, lambda _leftover: None))
    progress = IngestProgress(report, *totals)

    def tell(left: Leftover) -> None:
        (progress.failed if left.is_failure else progress.skipped)(left.name, left.reason)

    ingest = _Ingest(store, source, ingested_by, limits or ReadLimits(), formats, progress)
    return ingest.run(walk(paths, formats, tell))


def ingest_files(
    files: Sequence[SourceFile],
    *,
    store: DocumentStore,
    source: str,
    ingested_by: str,
    limits: ReadLimits | None = None,
    report: Report = _silent,
) -> IngestSummary:
    """Ingest files under names of their own (an upload lies in a spool folder).

    Raises:
        Unavailable: If the store cannot take documents; what was committed before stays.
    """
    progress = IngestProgress(report, *_totals(files))
    return _Ingest(store, source, ingested_by, limits or ReadLimits(), installed_formats(), progress).run(files)


def _totals(files: Iterable[SourceFile]) -> tuple[int, int]:
    count = size = 0
    for file in files:
        count += 1
        try:
            size += file.path.lstat().st_size
        except OSError:
            continue  # said when the file is opened
    return count, size


class _Ingest:
    """One run over the files of one source."""

    def __init__(
        self,
        store: DocumentStore,
        source: str,
        ingested_by: str,
        limits: ReadLimits,
        formats: Formats,
        progress: IngestProgress,
    ) -> None:
        self._store = store
        self._source = source
        self._ingested_by = ingested_by
        self._limits = limits
        self._formats = formats
        self._progress = progress
        self._batch = Batch(store, progress)
        self._names: set[bytes] = set()

    def run(self, files: Iterable[SourceFile]) -> IngestSummary:
        started = time.monotonic()
        pending = iter(files)
        while chunk := list(islice(pending, _LOOKUP)):
            known = self._store.known(self._source, [storable(file.name) for file in chunk])
            for file in chunk:
                self._progress.file(storable(file.name))
                size = self._file(file, known.get(file.name))
                self._progress.file_done(size)
        self._batch.commit()
        return self._progress.summary(time.monotonic() - started)

    def _file(self, file: SourceFile, known_sha256: str | None) -> int:
        """Take one file over; returns its size in bytes."""
        if storable(file.name) != file.name:
            self._progress.failed(storable(file.name), "its name is not valid UTF-8")
            return 0
        # digests: the names of a million files would not stay flat
        digest = hashlib.blake2b(file.name.encode("utf-8"), digest_size=12).digest()
        if digest in self._names:
            self._progress.failed(file.name, "another file of this ingest has the same name; use two sources")
            return 0
        self._names.add(digest)
        try:
            with os.fdopen(open_regular(file.path), "rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                if not self._formats.knows(file.name):
                    raise self._formats.unknown(file.name)
                self._stream(stream, file.name, size, known_sha256)
        except UnreadableFile as exc:
            self._progress.failed(exc.name, exc.reason)
            return 0
        except OSError as exc:
            self._progress.failed(file.name, f"it cannot be opened ({exc.strerror or exc})")
            return 0
        return size

    def _stream(self, stream: BinaryIO, name: str, size: int, known_sha256: str | None) -> None:
        archive = self._formats.archive(name)
        limit = self._limits.max_archive_bytes if archive else self._limits.max_file_bytes
        if size > limit:
            raise UnreadableFile(name, f"it is larger than the limit of {limit} bytes")
        if archive:
            for member in archive.members(stream, self._context(name, member_path)):
                self._member(member, member_path(name, member.name))
            return
        if size <= _SMALL_FILE:
            stream = io.BytesIO(stream.read())
        sha256 = _sha256(stream)
        if sha256 == known_sha256:
            self._progress.unchanged()
            return
        stream.seek(0)
        self._parse(stream, name, size, sha256)

    def _member(self, member: ArchiveMember, path: str) -> None:
        stream = member.stream
        if _is_hidden(member.name) or not self._formats.knows(path):
            reason = "it is hidden" if _is_hidden(member.name) else "no reader for its format"
            self._progress.skipped(path, reason)
            return
        self._progress.file(path)
        sha256 = _sha256(stream)
        size = stream.tell()
        if self._store.known(self._source, [path]).get(path) == sha256:
            self._progress.unchanged()
            return
        stream.seek(0)
        try:
            self._parse(stream, path, size, sha256)
        except UnreadableFile as exc:
            self._progress.failed(exc.name, exc.reason)

    def _parse(self, stream: BinaryIO, name: str, size: int, sha256: str) -> None:
        for parsed in self._documents(stream, name):
            if parsed.key:
                # a table's bytes change with every row, so a row is known by its own content
                sha256, size = _digest(parsed)
            path = document_path(name, parsed.key)
            self._batch.add(DocumentInput(parsed, self._source, path, sha256, size, self._ingested_by))

    def _documents(self, stream: BinaryIO, name: str) -> Iterator[ParsedDocument]:
        reader = self._formats.reader(name)
        if reader is None:
            raise self._formats.unknown(name)
        rows = _Rows(name, self._limits.max_rows)
        try:
            for parsed in reader.read(stream, self._context(name, document_path, rows)):
                rows.one_more()
                yield parsed
        except UnreadableFile:
            raise
        except MemoryError as exc:
            raise UnreadableFile(name, "reading it needs more memory than allowed") from exc
        except Exception as exc:  # third-party parsers fail on hostile files in every way there is
            logger.exception("ingest.reader_crashed", extra={"file": name})
            raise UnreadableFile(
                name, f"its reader failed ({type(exc).__name__}); the file is probably damaged"
            ) from exc

    def _context(self, name: str, path_of: Callable[[str, str], str], rows: "_Rows | None" = None) -> ReadContext:
        def skipped(key: str, reason: str) -> None:
            if rows is not None:
                rows.one_more()
            self._progress.failed(storable(path_of(name, key)), reason)

        return ReadContext(name, self._limits, skipped)


class _Rows:
    """Counts the rows of one file up to its limit."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._seen = 0

    def one_more(self) -> None:
        """Another row, readable or not.

        Raises:
            UnreadableFile: If it is one too many; the rows before it are taken over.
        """
        self._seen += 1
        if self._seen > self._most:
            reason = f"it has more than {self._most} rows; those behind were left out: cut it into several files"
            raise UnreadableFile(self._name, reason)


def _is_hidden(member: str) -> bool:
    """Whether a member of an archive is what systems leave behind (".DS_Store", "__MACOSX")."""
    return any(part.startswith(".") or part == "__MACOSX" for part in member.split("/"))


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _digest(parsed: ParsedDocument) -> tuple[str, int]:
    """Hash and size of one row's content."""
    content = [parsed.title, parsed.abbreviation, parsed.text, parsed.metadata]
    raw = json.dumps(content, ensure_ascii=False, sort_keys=True).encode("utf-8")
    return hashlib.sha256(raw).hexdigest(), len(parsed.text.encode("utf-8"))
