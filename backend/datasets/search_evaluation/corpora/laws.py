"""A corpus of laws to make queries from: Markdown files in a folder or a tar, or what is registered."""

import io
import itertools
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.ingest.base import ReadContext, UnreadableFile
from backend.datasets.ingest.readers.markdown_reader import MarkdownReader
from backend.datasets.search_evaluation.corpora.changes import change_of, document_id_of
from backend.datasets.search_evaluation.judged import Documents, UnusableSet
from shared.database.base import DocumentStore
from shared.database.search_store import DocumentChange

_SUFFIXES = (".md", ".markdown")
_MAX_FILE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Corpus:
    """Laws, cut into sections.

    Args:
        name: Where they come from, for the figures and for what shares an index.
        documents: Starts them anew with every call, always in the same order.
    """

    name: str
    documents: Documents


def laws_at(path: Path) -> Corpus:
    """The Markdown laws of a folder or of a tar (plain, gz, bz2, xz).

    Raises:
        UnusableSet: If there is neither.
    """
    if path.is_dir():
        return Corpus(path.name, lambda: _parsed(_files_of(path)))
    if path.is_file() and tarfile.is_tarfile(path):
        return Corpus(path.name, lambda: _parsed(_members_of(path)))
    found = "a file that is no tar" if path.is_file() else "nothing"
    raise UnusableSet(f"{path} should be a folder or a tar of Markdown laws; found {found} there.", path=str(path))


def registered_laws(open_documents: Callable[[], DocumentStore]) -> Corpus:
    """All registered documents in their newest version; nothing is opened before the first is drawn."""
    return Corpus("registered documents", lambda: _registered(open_documents()))


def _registered(documents: DocumentStore) -> Iterator[DocumentChange]:
    for (document_id, version), group in itertools.groupby(
        documents.iter_sections(), key=lambda section: (section.document_id, section.version)
    ):
        sections = list(group)
        first = sections[0]
        change = change_of(
            document_id, (), title=first.document_title, abbreviation=first.abbreviation, source=first.source
        )
        yield DocumentChange(document_id, version, change.document, sections)


def _parsed(files: Iterator[tuple[str, bytes]]) -> Iterator[DocumentChange]:
    reader = MarkdownReader()
    for name, content in files:
        try:
            parsed = list(reader.read(io.BytesIO(content), ReadContext(name)))
        except UnreadableFile as exc:
            raise UnusableSet(f"The laws cannot be used: {exc.message}", name=name) from exc
        for document in parsed:
            yield change_of(
                document_id_of(name.rsplit(".", 1)[0]),
                document.sections,
                title=document.title,
                abbreviation=document.abbreviation,
                source="laws",
            )


def _files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _members_of(archive: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() and _is_law(member) else None
                if stream is not None:
                    yield member.name.partition("/")[2] or member.name, stream.read()
    except (tarfile.TarError, EOFError, OSError) as exc:
        raise UnusableSet(f"{archive} cannot be unpacked: {exc}.", path=str(archive)) from exc


def _is_law(member: tarfile.TarInfo) -> bool:
    return member.name.lower().endswith(_SUFFIXES) and member.size <= _MAX_FILE_BYTES
