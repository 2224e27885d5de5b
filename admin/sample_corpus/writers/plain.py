"""Plain text as it comes out of an old word processor."""

import textwrap

from admin.sample_corpus.document import Document, numbered

WIDTH = 78


def render_plain(document: Document) -> str:
    """Title, date and sections, headings underlined."""
    head = f"{document.title} ({document.abbreviation})"
    blocks = [f"{head}\n{'=' * min(len(head), WIDTH)}", f"vom {document.enacted:%d.%m.%Y}"]
    blocks.append(textwrap.fill(document.preamble, WIDTH))
    for part in document.parts:
        blocks += [part.title.upper()] if part.title else []
        for section in part.sections:
            blocks.append(f"{section.label}\n{'-' * len(section.label)}")
            for text, items in numbered(section.paragraphs):
                lines = [f"   {n}. {item}" for n, item in enumerate(items, start=1)]
                blocks.append("\n".join([textwrap.fill(text, WIDTH), *lines]))
    return "\n\n".join(blocks) + "\n"
