"""XML of any schema: elements that are called like headings structure the text; no entities, no DTD, no network."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from backend.datasets.ingest.base import BaseReader, ReadContext, read_all
from backend.datasets.ingest.outline import Outline, assemble
from shared.models.document import ParsedDocument

if TYPE_CHECKING:
    from lxml import etree

_HEADINGS = frozenset(
    [
        "title",
        "heading",
        "head",
        "headline",
        "titel",
        "ueberschrift",
        "überschrift",
        "betreff",
        "subject",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ]
)
_NUMBERS = frozenset(["num", "number", "nummer", "enbez"])


class XmlReader(BaseReader):
    """One document per file; a heading's level is the depth of the element that it heads."""

    media_type = "application/xml"
    suffixes = (".xml",)

    def read(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ParsedDocument]:
        """All character data in document order; a file that declares entities is refused."""
        from lxml import etree

        raw = read_all(stream, ctx)
        # without the NULs of UTF-16, so that no encoding hides a declaration
        if b"<!ENTITY" in raw.replace(b"\x00", b""):
            raise ctx.unreadable("it declares entities, which may expand without bound")
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            root = etree.fromstring(raw, parser)
        except (etree.XMLSyntaxError, ValueError) as exc:
            raise ctx.unreadable(f"it is not well-formed XML ({exc})") from exc
        outline = _Tree(ctx)
        outline.walk(root)
        yield assemble(ctx, outline.text, media_type=self.media_type, headings=outline.headings)


class _Tree(Outline):
    """Turns the events of a tree into blocks: children of mixed content are inline, all others are blocks."""

    def __init__(self, ctx: ReadContext) -> None:
        super().__init__(ctx)
        self._pieces: list[str] = []
        self._number: tuple[int, str] | None = None  # level and words of a number that waits for its heading

    def walk(self, root: "etree._Element") -> None:
        """Add everything below `root`; iterative, so that no nesting is too deep."""
        from lxml import etree

        inline: list[bool] = []  # for each open element: whether its children are inline
        for event, element in etree.iterwalk(root, events=("start", "end")):
            if event == "start":
                is_inline = bool(inline) and inline[-1]
                if not is_inline:
                    self._flush("", len(inline))
                inline.append(is_inline or _is_mixed(element))
                self._pieces.append(element.text or "")
            else:
                inline.pop()
                if not (inline and inline[-1]):
                    self._flush(_local_name(element), len(inline))
                self._pieces.append("" if element is root else element.tail or "")
        self._flush("", 0)
        self._flush_number()

    def _flush(self, closed: str, depth: int) -> None:
        words = " ".join("".join(self._pieces).split())
        self._pieces.clear()
        if not words:
            return
        if closed in _HEADINGS:
            number = self._number[1] if self._number else ""
            self._number = None
            self.heading(max(1, depth), f"{number} {words}")
            return
        self._flush_number()
        if closed in _NUMBERS:
            self._number = (max(1, depth), words)
        else:
            self.paragraph(words)

    def _flush_number(self) -> None:
        if self._number:
            self.heading(*self._number)
            self._number = None


def _is_mixed(element: "etree._Element") -> bool:
    """Whether words stand directly between the children of an element."""
    if len(element) == 0:
        return False
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _local_name(element: "etree._Element") -> str:
    tag = element.tag
    return tag.rsplit("}", 1)[-1].lower() if isinstance(tag, str) else ""
