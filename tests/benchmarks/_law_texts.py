"""Normalised sections of the federal laws, with the names of the laws they belong to."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

from backend.datasets.ingest.base import ReadContext
from backend.datasets.ingest.readers.markdown_reader import MarkdownReader
from backend.datasets.quality.normalise import normalise
from tests.support.shared_data import SHARED_DATA


def law_texts() -> Iterator[tuple[str, str]]:
    """Name of the law and text of every section, in the order of the archive."""
    reader = MarkdownReader()
    with tarfile.open(SHARED_DATA / "gesetze.tar.xz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is None:
                continue
            for document in reader.read(stream, ReadContext(Path(member.name).name)):
                for section in document.sections:
                    yield member.name, normalise(section.text)
