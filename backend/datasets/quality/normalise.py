"""Bring extracted text into one shape before anything is measured: Unicode, spaces, and lines that mean something.

Statutes come hard-wrapped at some column; line and repetition rules would then measure the wrap column (datasets.md,
b.4 no. 2). So lines of one paragraph are joined, unless the next one begins a list item, a table row or a heading.
"""

import re
import unicodedata

VERSION = 1
"""Raised whenever the same text comes out in another shape."""

_DROPPED = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_NEWLINE = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_ODD_SPACES = re.compile("[\t\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_SPACES = re.compile(" {2,}")
_BLANK_LINES = re.compile(r"\n{3,}")
_MONTH = "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
_OWN_LINE = re.compile(
    rf"""\(\d+[a-z]*\)            # (1) paragraph
      | \d+[a-z]?\.(?!\s(?:{_MONTH})\b)(?=\s|$)   # 1. item, but not the rest of a date
      | \d+[a-z]?\)               # 1) item
      | [a-z]{{1,2}}\)            # a) aa) item
      | [-–—•·*+](?=\s|$)         # bullet
      | [|>]                      # table row, quotation
      | \#{{1,6}}\s               # heading
      | :\s                       # definition
    """,
    re.VERBOSE,
)
_STANDS_ALONE = re.compile(r"[|#]")
# "Vor-\nund Nachteile" keeps its hyphen and its space
_SUSPENDED = re.compile(r"(?:und|oder|bzw|sowie|bis|als|noch)\b")


def normalise(text: str) -> str:
    """The text in NFC, with plain spaces and line feeds, no soft hyphens or control characters, and unwrapped lines."""
    text = _NEWLINE.sub("\n", text)
    text = _DROPPED.sub("", text)
    text = _CONTROL.sub("", text)
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return unwrap(_SPACES.sub(" ", _ODD_SPACES.sub(" ", text))).strip()


def unwrap(text: str) -> str:
    """Join hard-wrapped lines of a paragraph; blank lines, list marks, table rows and headings keep theirs."""
    # pieces of one line are joined once at the end: a paragraph may be megabytes long
    lines: list[list[str]] = []
    for line in text.split("\n"):
        line = line.strip(" ")
        if lines and _continues(lines[-1][0], line):
            _append(lines[-1], line)
        else:
            lines.append([line])
    return _BLANK_LINES.sub("\n\n", "\n".join(map("".join, lines)))


def _continues(beginning: str, line: str) -> bool:
    return bool(line and beginning) and not _OWN_LINE.match(line) and not _STANDS_ALONE.match(beginning)


def _append(pieces: list[str], line: str) -> None:
    last = pieces[-1]
    if last.endswith("-") and last[-2:-1].isalpha() and line[0].islower() and not _SUSPENDED.match(line):
        pieces[-1] = last[:-1]
        pieces.append(line)
    else:
        pieces.append(f" {line}")
