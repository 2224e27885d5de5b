"""JSON lines: one record per section, as a document management system exports them."""

import json

from admin.sample_corpus.document import Document, Section, numbered


def render_jsonl(document: Document) -> str:
    """Records with ``id``, ``title`` and ``text``; repealed sections have no record."""
    records = [
        {
            "id": f"{document.slug}-{section.number}",
            "title": f"{section.label} {document.abbreviation}",
            "text": _text(section),
        }
        for section in document.sections
        if section.paragraphs
    ]
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _text(section: Section) -> str:
    lines = []
    for text, items in numbered(section.paragraphs):
        lines.append(text)
        lines += [f"{number}. {item}" for number, item in enumerate(items, start=1)]
    return "\n".join(lines)
