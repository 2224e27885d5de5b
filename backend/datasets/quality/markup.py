"""Markdown's marks are layout, not text: nobody reads them, so they are not measured.

Tables of the laws come as lists of cells ("* * 1 * Gebühr"); with their marks counted as tokens and symbols, a third of
the annexes would pass for rubbish.
"""

import re

VERSION = 2
"""Raised whenever the same text loses other marks."""

_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_FOOTNOTE = re.compile(r"\[\^[^\]\n]{1,80}\]:?")
_BLANKS = ("....", "____", "----", "====", "––––", "————", "……", ". . . .", "_ _ _ _", "… … …")
_ITEM = re.compile(r"^(?:[*+|•-](?: +|$))+ *", re.MULTILINE)
_NEXT_CELL = re.compile(r"\n+\*(?! \*(?: |$))(?: |$)", re.MULTILINE)
_EMPHASIS = re.compile(r"\*\*+|__+|\\(?=[.\-*_#()\[\]])")
_BLANK = re.compile(r"[.…_\-–—=]{4,}|(?:[.…_] ){4,}[.…_]?")
TABLE = re.compile(r"^\* \*(?: .*)?$(?:\n+\*.*)*", re.MULTILINE)
"""Rows with marked cells: the first cell of a row begins with two marks, each further one stands on a line with one."""


def without_markup(text: str) -> str:
    """A normalised text without images, footnote marks, bullets, emphasis and lines to write on.

    Its lines stay; a row of a table becomes one line, as its cells are no more lines than the words of a sentence.
    """
    if "* *" in text:
        text = TABLE.sub(_with_rows, text)
    if "![" in text:
        text = _IMAGE.sub(" ", text)
    if "[^" in text:
        text = _FOOTNOTE.sub(" ", text)
    if any(sign in text for sign in _BLANKS):
        text = _BLANK.sub(" ", text)
    return _EMPHASIS.sub("", _ITEM.sub("", text))


def _with_rows(table: re.Match[str]) -> str:
    return _NEXT_CELL.sub(" ", table[0])
