"""Markdown in the shape in which official legal texts are published."""

import textwrap

from admin.sample_corpus.document import Document, Part, Section, numbered

WIDTH = 70


def render_markdown(document: Document) -> str:
    """Front matter, title, facts as a definition list, then parts and sections."""
    blocks = [
        _front_matter(document),
        f"# {document.title} ({document.abbreviation})",
        f"Ausfertigungsdatum\n:   {document.enacted.isoformat()}",
        f"Fundstelle\n:   {document.source}",
        _wrap(document.preamble),
    ]
    for number, part in enumerate(document.parts, start=1):
        blocks += _part(part, number)
    return "\n\n".join(blocks) + "\n"


def _front_matter(document: Document) -> str:
    return f"---\nTitle: {document.title}\njurabk: {document.abbreviation}\nlayout: default\nslug: {document.slug}\n---"


def _part(part: Part, number: int) -> list[str]:
    blocks = [f"## Abschnitt {number} - {part.title}"] if part.title else []
    marks = "###" if part.title else "##"
    for section in part.sections:
        blocks += [f"{marks} {section.label}", *_paragraphs(section)]
    return blocks


def _paragraphs(section: Section) -> list[str]:
    blocks = []
    for text, items in numbered(section.paragraphs):
        blocks.append(_wrap(text))
        blocks += [_wrap(item, f"{n}.  ") for n, item in enumerate(items, start=1)]
    return blocks


def _wrap(text: str, mark: str = "") -> str:
    return textwrap.fill(
        text,
        width=WIDTH,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )
