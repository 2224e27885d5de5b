"""Web pages: their words and headings, without scripts, styles, navigation and footers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from backend.datasets.ingest.base import BaseReader, ReadContext, read_all
from backend.datasets.ingest.decoding import UndecodableBytes, decode
from backend.datasets.ingest.outline import Outline, assemble
from shared.models.document import ParsedDocument

if TYPE_CHECKING:
    from lxml import etree

_DROPPED = ("script", "style", "noscript", "template", "svg", "iframe", "nav", "footer")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "form",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_CELLS = frozenset(("td", "th"))


class HtmlReader(BaseReader):
    """One document per page, cut at h1 … h6."""

    media_type = "text/html"
    suffixes = (".html", ".htm", ".xhtml")

    def read(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ParsedDocument]:
        """The page as a browser without style sheets would show it, title from `<title>` or the first heading."""
        from lxml import etree

        try:
            markup = decode(read_all(stream, ctx)).encode("utf-8")
        except UndecodableBytes as exc:
            raise ctx.unreadable(str(exc)) from exc
        # huge: our own limits hold, and the parser's cut a page off at 256 levels
        parser = etree.HTMLParser(
            encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
        )
        try:
            root = etree.fromstring(markup, parser)
        except etree.LxmlError as exc:
            raise ctx.unreadable(f"it is not HTML ({exc})") from exc
        fatal = [entry.message for entry in parser.error_log if entry.level == etree.ErrorLevels.FATAL]
        if fatal:
            raise ctx.unreadable(f"it cannot be parsed to its end ({fatal[0]})")
        if root is None:
            raise ctx.unreadable("it holds no text")
        title = root.findtext(".//title") or ""
        etree.strip_elements(root, "head", *_DROPPED, with_tail=False)
        outline = _Page(ctx)
        outline.walk(root)
        yield assemble(ctx, outline.text, media_type=self.media_type, headings=outline.headings, title=title)


class _Page(Outline):
    """Turns the events of a page into blocks."""

    def __init__(self, ctx: ReadContext) -> None:
        super().__init__(ctx)
        self._pieces: list[str] = []
        self._heading = 0
        self._preformatted = 0

    def walk(self, root: "etree._Element") -> None:
        """Add everything below `root`; iterative, so that no nesting is too deep."""
        from lxml import etree

        for event, element in etree.iterwalk(root, events=("start", "end")):
            tag = element.tag if isinstance(element.tag, str) else ""
            if event == "start":
                self._open(tag)
                self._words(element.text)
            else:
                self._close(tag)
                self._words(element.tail if element is not root else None)
        self._flush()

    def _open(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._flush()
            self._heading = _HEADINGS[tag]
        elif tag in _BLOCKS:
            self._flush()
            self._preformatted += tag == "pre"
        elif tag == "br":
            self._pieces.append("\n")

    def _close(self, tag: str) -> None:
        if tag in _CELLS:
            self._pieces.append(" | ")
        elif tag in _HEADINGS or tag in _BLOCKS:
            self._flush()
            self._preformatted -= tag == "pre"

    def _words(self, words: str | None) -> None:
        if not words:
            return
        if self._preformatted:
            self._pieces.append(words)
            return
        inner = " ".join(words.split())
        left = " " if words[0].isspace() else ""
        right = " " if inner and words[-1].isspace() else ""
        self._pieces.append(f"{left}{inner}{right}")

    def _flush(self) -> None:
        block = "".join(self._pieces)
        self._pieces.clear()
        if not self._preformatted:
            block = "\n".join(" ".join(line.split()) for line in block.split("\n"))
        level, self._heading = self._heading, 0
        block = block.strip().removesuffix(" |") if block.strip(" |\n") else ""
        if level:
            self.heading(level, block)
        else:
            self.paragraph(block)
