"""Writes the sample corpus: mostly Markdown, and a few documents in every other format we read.

Every document has its own random generator, seeded with the corpus seed and its position, so a
larger corpus begins with the same files as a smaller one.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

from admin.sample_corpus.bank import Fee, Kind, load_fees, load_kinds
from admin.sample_corpus.compose import compose, slugify
from admin.sample_corpus.document import Document
from admin.sample_corpus.municipality import PLACES
from admin.sample_corpus.writers.docx import write_docx
from admin.sample_corpus.writers.fee_table import render_fee_table
from admin.sample_corpus.writers.html import render_html
from admin.sample_corpus.writers.jsonl import render_jsonl
from admin.sample_corpus.writers.markdown import render_markdown
from admin.sample_corpus.writers.plain import render_plain
from admin.sample_corpus.writers.xml import render_xml

DEFAULT_DOCUMENTS = 150
DEFAULT_SEED = 7
CYCLE = 50
RENDERERS: dict[str, Callable[[Document], str]] = {
    "md": render_markdown,
    "txt": render_plain,
    "html": render_html,
    "xml": render_xml,
    "jsonl": render_jsonl,
}
OTHER_FORMATS = ("txt", "html", "xml", "docx", "csv", "jsonl")
FORMATS = ("md", *OTHER_FORMATS)


def write_sample_corpus(folder: Path, *, documents: int = DEFAULT_DOCUMENTS, seed: int = DEFAULT_SEED) -> list[Path]:
    """Writes the corpus and returns its files in order.

    Args:
        folder: Where to write; created if missing, files of the same name are replaced.
        documents: How many documents; from 7 on every format in ``FORMATS`` is present.
        seed: The same seed gives the same bytes, except for the time stamps inside .docx.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kinds, fees = load_kinds(), load_fees()
    return [_write(folder, index, seed, kinds, fees) for index in range(documents)]


def format_of(index: int) -> str:
    """The format of the document at this position: six of every fifty are not Markdown."""
    position = index % CYCLE
    return FORMATS[position] if position < len(FORMATS) else "md"


def _write(folder: Path, index: int, seed: int, kinds: tuple[Kind, ...], fees: tuple[Fee, ...]) -> Path:
    rng = Random(f"{seed}/{index}")  # noqa: S311 - reproducible texts, not secrets
    place, suffix = _place(index, seed, len(kinds)), format_of(index)
    if suffix == "csv":
        path = folder / f"{index:04d}-gebuehrentarif-{slugify(place)}.csv"
        return _save(path, render_fee_table(fees, place, rng))
    document = compose(kinds[index % len(kinds)], place, rng)
    path = folder / f"{index:04d}-{document.slug}.{suffix}"
    if suffix == "docx":
        write_docx(document, path)
        return path
    return _save(path, RENDERERS[suffix](document))


def _place(index: int, seed: int, kinds: int) -> str:
    """Gives the documents of one kind different places for as long as there are places left."""
    rng = Random(f"{seed}/places")  # noqa: S311 - reproducible texts, not secrets
    places = rng.sample(PLACES, k=len(PLACES))
    return places[(index // kinds + 3 * (index % kinds)) % len(places)]


def _save(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
