"""Real texts of the shared data for rules about texts: English web pages and sections of German law."""

import json
import lzma
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from backend.datasets.ingest.base import ReadContext
from backend.datasets.ingest.readers.markdown_reader import MarkdownReader
from tests.support.shared_data import SHARED_DATA

PAGES, LAWS = "c4_demo.jsonl.xz", "gesetze.tar.xz"
_EVERY = 9


def web_pages() -> list[str]:
    """Three hundred English web pages."""
    with lzma.open(SHARED_DATA / PAGES, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def law_sections(number: int) -> list[str]:
    """So many sections of every ninth law, in the order of the archive."""
    return list(islice(_sections(), number))


def law_files(every: int = 1) -> Iterator[tuple[str, BinaryIO]]:
    """Name and content of every n-th law, in the order of the archive; each is read before the next is drawn."""
    with tarfile.open(SHARED_DATA / LAWS) as archive:
        files = (member for member in archive if member.isfile())
        for member in islice(files, 0, None, every):
            stream = archive.extractfile(member)
            assert stream is not None
            yield Path(member.name).name, cast(BinaryIO, stream)


def _sections() -> Iterator[str]:
    reader = MarkdownReader()
    for name, stream in law_files(_EVERY):
        for document in reader.read(stream, ReadContext(name)):
            yield from (section.text for section in document.sections if section.text.strip())
