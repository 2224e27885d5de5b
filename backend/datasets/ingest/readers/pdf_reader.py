"""PDF files that carry their text; scans and protected files are refused with that reason."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from backend.datasets.ingest.base import BaseReader, ReadContext
from backend.datasets.ingest.decoding import unix_lines
from backend.datasets.ingest.outline import Outline, assemble
from shared.models.document import ParsedDocument

if TYPE_CHECKING:
    from pypdf import PdfReader as Pages

_MAX_PAGES = 20_000


class PdfReader(BaseReader):
    """One document with one section; pages are divided by blank lines."""

    media_type = "application/pdf"
    suffixes = (".pdf",)

    def read(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ParsedDocument]:
        """The text layer of all pages, in page order."""
        from pypdf import PdfReader as Pages
        from pypdf.errors import PyPdfError

        try:
            pages = Pages(stream, strict=False)
            self._open(pages, ctx)
            outline = Outline(ctx)
            for page in pages.pages:
                outline.paragraph(unix_lines(page.extract_text()))
            title = str((pages.metadata.title if pages.metadata else None) or "")
        except (PyPdfError, NotImplementedError) as exc:
            raise ctx.unreadable(f"it is a damaged or unsupported PDF ({exc or type(exc).__name__})") from exc
        if not outline.text:
            raise ctx.unreadable("its pages hold images only; run text recognition (OCR) on it first")
        metadata = {"pages": len(pages.pages)}
        yield assemble(ctx, outline.text, media_type=self.media_type, title=title, metadata=metadata)

    def _open(self, pages: "Pages", ctx: ReadContext) -> None:
        if pages.is_encrypted and not pages.decrypt(""):
            raise ctx.unreadable("it is protected by a password")
        if len(pages.pages) > _MAX_PAGES:
            raise ctx.unreadable(f"it has more than {_MAX_PAGES} pages")
