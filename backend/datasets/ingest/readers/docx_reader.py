"""Word documents (.docx)."""

import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from backend.datasets.ingest.base import BaseReader, ReadContext
from backend.datasets.ingest.outline import Outline, assemble
from backend.datasets.ingest.zip_limits import check_directory
from shared.models.document import ParsedDocument

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.table import Table

# built-in styles as Word stores them in English and as German templates name them
_HEADING_STYLE = re.compile(r"(?:heading|überschrift)\s*([1-9])", re.IGNORECASE)
_TITLE_STYLES = frozenset(("title", "titel"))


class DocxReader(BaseReader):
    """One document per file, cut at paragraphs in heading styles; tables become lines of cells."""

    media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    suffixes = (".docx",)

    def read(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ParsedDocument]:
        """The body in order; headers, footers and comments are left out."""
        import docx
        from docx.opc.exceptions import OpcError
        from lxml import etree

        try:
            with zipfile.ZipFile(stream) as container:
                check_directory(container.infolist(), ctx)
            stream.seek(0)
            document = docx.Document(stream)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, OpcError, etree.LxmlError, KeyError, ValueError) as exc:
            raise ctx.unreadable(f"it is not a Word document or it is damaged ({exc})") from exc
        outline = Outline(ctx)
        _add_body(document, outline)
        properties = document.core_properties
        yield assemble(
            ctx,
            outline.text,
            media_type=self.media_type,
            headings=outline.headings,
            title=properties.title or "",
            metadata={"author": properties.author} if properties.author else {},
        )


def _add_body(document: "WordDocument", outline: Outline) -> None:
    from docx.table import Table

    for block in document.iter_inner_content():
        if isinstance(block, Table):
            outline.paragraph(_lines(block))
            continue
        level = _level((block.style.name if block.style else None) or "")
        if level:
            outline.heading(level, block.text)
        else:
            outline.paragraph(block.text)


def _level(style: str) -> int:
    """Heading level of a style: the title stands above "Heading 1"; 0 for running text."""
    match = _HEADING_STYLE.fullmatch(style.strip())
    if match:
        return int(match[1]) + 1
    return 1 if style.strip().lower() in _TITLE_STYLES else 0


def _lines(table: "Table") -> str:
    """One line per row; a merged cell is said once."""
    lines = []
    for row in table.rows:
        cells = dict.fromkeys((cell._tc, cell.text) for cell in row.cells)
        lines.append(" | ".join(" ".join(text.split()) for _, text in cells))
    return "\n".join(lines)
