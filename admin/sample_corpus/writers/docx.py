"""Word documents, with real heading styles so that a reader can find the structure."""

from pathlib import Path

from admin.sample_corpus.document import Document, numbered


def write_docx(document: Document, path: Path) -> None:
    """Writes the file; its text is reproducible, its zip time stamps are not."""
    import docx

    word = docx.Document()
    word.add_heading(f"{document.title} ({document.abbreviation})", level=0)
    word.add_paragraph(f"Ausgefertigt am {document.enacted:%d.%m.%Y}")
    word.add_paragraph(document.preamble)
    for part in document.parts:
        if part.title:
            word.add_heading(part.title, level=1)
        for section in part.sections:
            word.add_heading(section.label, level=2)
            for text, items in numbered(section.paragraphs):
                word.add_paragraph(text)
                for item in items:
                    word.add_paragraph(item, style="List Number")
    word.save(str(path))
