"""Markdown's marks are layout, not text: nobody reads them, so they are not measured.

Tables of the laws come as lists of cells ("* * 1 * Gebühr"); with their marks counted as tokens and symbols, a third of
the annexes would pass for rubbish.
"""

import re

VERSION = 1
"""Raised whenever the same text loses other marks."""

_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_FOOTNOTE = re.compile(r"\[\^[^\]\n]{1,80}\]:?")
_ITEM = re.compile(r"^(?:[*+|•-](?: +|$))+ *", re.MULTILINE)
_EMPHASIS = re.compile(r"\*\*+|__+|\\(?=[.\-*_#()\[\]])")
_BLANK = re.compile(r"[.…_]{4,}")


def without_markup(text: str) -> str:
    """A normalised text without images, footnote marks, bullets, emphasis and lines to write on; its lines stay."""
    if "![" in text:
        text = _IMAGE.sub(" ", text)
    if "[^" in text:
        text = _FOOTNOTE.sub(" ", text)
    if "...." in text or "____" in text:
        text = _BLANK.sub(" ", text)
    return _EMPHASIS.sub("", _ITEM.sub("", text))
