"""Small source files of every format, and hostile ones, made on the spot."""

import io
import zipfile
from collections.abc import Mapping

from backend.datasets.ingest.base import BaseReader, ReadContext, ReadLimits
from shared.models.document import ParsedDocument

LAW = """---
Title: Gesetz über Hunde
jurabk: HundeG
slug: hundeg
---

# Gesetz über Hunde (HundeG)

Ausfertigungsdatum
:   2020-05-01

Fundstelle
:   BGBl I: 2020, 17

## Abschnitt 1 - Allgemeines

### § 1 Zweck

Dieses Gesetz regelt das Halten
von Hunden.

### § 2 (weggefallen)

## § 3a Ausnahmen vom Anwendungsbereich

(1) Blindenhunde sind ausgenommen.

## Anlage 1 Gebühren

-
"""


def read(reader: BaseReader, raw: bytes, name: str = "x", *, limits: ReadLimits | None = None) -> list[ParsedDocument]:
    """Everything a reader makes of some bytes."""
    return list(reader.read(io.BytesIO(raw), ReadContext(name, limits or ReadLimits())))


def read_with_skips(reader: BaseReader, raw: bytes, name: str = "x") -> tuple[list[ParsedDocument], dict[str, str]]:
    """The same, with what was skipped and why."""
    skipped: dict[str, str] = {}
    ctx = ReadContext(name, ReadLimits(), skipped.__setitem__)
    return list(reader.read(io.BytesIO(raw), ctx)), skipped


def a_zip(members: Mapping[str, bytes]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in members.items():
            container.writestr(name, content)
    return out.getvalue()


def a_zip_bomb() -> bytes:
    """One member that unpacks to a thousand times its size."""
    return a_zip({"bomb.txt": b"0" * (20 << 20)})


def a_docx(*paragraphs: tuple[str, str], table: tuple[tuple[str, ...], ...] = ()) -> bytes:
    """A Word document of (style, text) paragraphs, with a table at its end."""
    import docx

    document = docx.Document()
    for style, text in paragraphs:
        document.add_paragraph(text, style=style)
    if table:
        grid = document.add_table(rows=len(table), cols=len(table[0]))
        for row, cells in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def a_pdf(*pages: str, title: str = "") -> bytes:
    """A PDF written by hand; a page with an empty text has no text operator, like a scan."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, text in enumerate(pages):
        lines = b" T* ".join(b"(" + line.encode("cp1252") + b") Tj" for line in text.split("\n"))
        content = b"BT /F1 12 Tf 14 TL 72 720 Td " + lines + b" ET" if text else b"0 0 m 100 100 l S"
        resources = "/Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {resources} /Contents {5 + 2 * index} 0 R >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream")
    objects.append(b"<< /Title (" + title.encode("cp1252") + b") >>")
    return _pdf_file(objects)


def an_encrypted_pdf() -> bytes:
    """A PDF that opens with a password only."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(a_pdf("geheim"))))
    writer.encrypt("passwort", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _pdf_file(objects: list[bytes]) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n" % number + body + b"\nendobj\n")
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer << /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, len(objects)))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()
