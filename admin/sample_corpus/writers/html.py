"""A page as the web site of a small municipality serves it, with navigation around the text."""

from html import escape

from admin.sample_corpus.document import Document, Section, numbered


def render_html(document: Document) -> str:
    """The document inside a page with a menu and a footer, which a reader has to leave out."""
    title = escape(document.title)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="de">',
            f'<head><meta charset="utf-8"><title>{title}</title></head>',
            "<body>",
            '<nav><a href="/">Startseite</a> <a href="/ortsrecht">Ortsrecht</a></nav>',
            f"<main><h1>{title} ({escape(document.abbreviation)})</h1>",
            f"<p>Ausgefertigt am {document.enacted:%d.%m.%Y}</p>",
            f"<p>{escape(document.preamble)}</p>",
            *_body(document),
            "</main>",
            f"<footer>{escape(document.source)}</footer>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _body(document: Document) -> list[str]:
    lines = []
    for part in document.parts:
        lines += [f"<h2>{escape(part.title)}</h2>"] if part.title else []
        for section in part.sections:
            lines += _section(section)
    return lines


def _section(section: Section) -> list[str]:
    lines = [f"<h3>{escape(section.label)}</h3>"]
    for text, items in numbered(section.paragraphs):
        lines.append(f"<p>{escape(text)}</p>")
        if items:
            lines += ["<ol>", *(f"<li>{escape(item)}</li>" for item in items), "</ol>"]
    return lines
