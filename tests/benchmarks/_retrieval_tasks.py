"""Two retrieval tasks on real German texts, equal in every run: questions on paragraphs, headings on sections."""

import json
import random
import tarfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.ingest.base import ReadContext
from backend.datasets.ingest.readers.markdown_reader import MarkdownReader
from tests.support.shared_data import SHARED_DATA

SEED = 5
_LEAST_HEADING_WORDS = 2
_LEAST_BODY_WORDS = 20


@dataclass(frozen=True, slots=True)
class RetrievalTask:
    """Passages, and queries that each have exactly one right passage.

    Args:
        relevant: Index of the passage, per query.
    """

    name: str
    passages: list[str]
    queries: list[str]
    relevant: list[int]


def questions_on_paragraphs() -> RetrievalTask:
    """XQuAD in German: 240 paragraphs, 1,190 questions."""
    content = json.loads((SHARED_DATA / "xquad.de.json").read_text(encoding="utf-8"))
    passages: list[str] = []
    queries: list[str] = []
    relevant: list[int] = []
    for article in content["data"]:
        for paragraph in article["paragraphs"]:
            queries += [asked["question"] for asked in paragraph["qas"]]
            relevant += [len(passages)] * len(paragraph["qas"])
            passages.append(paragraph["context"])
    return RetrievalTask("xquad_de", passages, queries, relevant)


def headings_on_sections(*, sections: int = 20_000, headings: int = 500) -> RetrievalTask:
    """A sample of sections of federal laws; queries are headings that only one section of the sample has."""
    rng = random.Random(SEED)
    sample = rng.sample(law_sections(), sections)
    often = Counter(heading for heading, _ in sample)
    single = [
        number
        for number, (heading, _) in enumerate(sample)
        if often[heading] == 1 and len(heading.split()) >= _LEAST_HEADING_WORDS
    ]
    chosen = rng.sample(single, headings)
    return RetrievalTask("headings", [body for _, body in sample], [sample[n][0] for n in chosen], chosen)


def law_sections() -> list[tuple[str, str]]:
    """Heading and body of every section of some length, in the order of the archive."""
    reader, found = MarkdownReader(), []
    with tarfile.open(SHARED_DATA / "gesetze.tar.xz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is None:
                continue
            for document in reader.read(stream, ReadContext(Path(member.name).name)):
                found += [
                    (section.heading, section.text)
                    for section in document.sections
                    if len(section.text.split(maxsplit=_LEAST_BODY_WORDS)) > _LEAST_BODY_WORDS
                ]
    return found
