"""Bring extracted text into one shape before anything is measured: Unicode, spaces, and lines that mean something.

Statutes come hard-wrapped at some column; line and repetition rules would then measure the wrap column. So lines of one
paragraph are joined, unless the next one begins a list item, a table row or a heading.

ftfy undoes what extraction does to letters that are right: ligatures and full-width forms of PDFs, quotes of
Windows-1252 among control characters, HTML entities, halves of surrogate pairs. UTF-8 read as Latin-1 ("fÃ¼r") is not
put right: that may go wrong without anybody seeing it in the records, and whoever made the file can give a sound one.
It stays for the filter `encoding`, which rejects such a text with its reason.
"""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

VERSION = 2
"""Raised whenever the same text comes out in another shape."""

_NEWLINES = "\x0b\x0c\x85\u2028\u2029"
_DROPPED = "\u00ad\u200b\u200c\u200d\u2060\ufeff\x00-\x08\x0e-\x1f\x7f"
_ODD_SPACES = "\t\u00a0\u2000-\u200a\u202f\u205f\u3000"
_NEWLINE = re.compile(f"\r\n?|[{_NEWLINES}]")
_TO_DROP = re.compile(f"[{_DROPPED}]")
_ODD_SPACE = re.compile(f"[{_ODD_SPACES}]")
_UNUSUAL = re.compile(f"[\r{_NEWLINES}{_DROPPED}{_ODD_SPACES}]")
# entities, escapes of terminals, C1 control characters, digraphs, ligatures, surrogates, full- and half-width forms
_TO_FIX = re.compile("&[#A-Za-z]|\x1b|[\x80-\x84\x86-\x9f\u0132\u0133\ud800-\udfff\ufb00-\ufb06\uff01-\uffee]")
_SPACES = re.compile(" {2,}")
MONTHS = "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
"""For a regular expression."""
_OWN_LINE = re.compile(
    rf"""\(\d+[a-z]*\)            # (1) paragraph
      | \d+[a-z]?(?:
            \.(?!\s(?:{MONTHS})\b)(?=\s|$)   # 1. item, but not the rest of a date
          | \)                    # 1) item
        )
      | [a-z]{{1,2}}\)            # a) aa) item
      | [-–—•·*+](?=\s|$)         # bullet
      | [|>]                      # table row, quotation
      | \#{{1,6}}\s               # heading
      | :\s                       # definition
    """,
    re.VERBOSE,
)
_STANDING_ALONE = ("|", "#")
# "Vor-\nund Nachteile" keeps its hyphen and its space
_SUSPENDED = re.compile(r"(?:und|oder|bzw|sowie|bis|als|noch)\b")


def normalise(text: str) -> str:
    """The text in NFC, with plain spaces and line feeds, no soft hyphens or control characters, and unwrapped lines."""
    # most texts have nothing to do but lines to join: to look is quicker than to replace
    if _TO_FIX.search(text):
        text = _with_sound_letters(text)
    if _UNUSUAL.search(text):
        text = _ODD_SPACE.sub(" ", _TO_DROP.sub("", _NEWLINE.sub("\n", text)))
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return unwrap(text).strip()


def _with_sound_letters(text: str) -> str:
    from ftfy import fix_text

    return fix_text(text, _fixer())


@cache
def _fixer() -> "TextFixerConfig":
    from ftfy import TextFixerConfig

    # curly quotes are German typography, line breaks have rules of their own
    return TextFixerConfig(fix_encoding=False, uncurl_quotes=False, fix_line_breaks=False, explain=False)


def unwrap(text: str) -> str:
    """Join hard-wrapped lines of a paragraph; list marks, table rows and headings keep theirs, gaps become one line."""
    # joined once at the end: a paragraph may be megabytes long
    pieces: list[str] = []
    line_break = ""
    is_open = False
    for line in text.split("\n"):
        line = line.strip(" ")
        if not line:
            is_open, line_break = False, "\n\n"
            continue
        if "  " in line:
            line = _SPACES.sub(" ", line)
        if is_open and not _OWN_LINE.match(line):
            if pieces[-1].endswith("-") and _is_divided(pieces[-1], line):
                pieces[-1] = pieces[-1][:-1]
            else:
                pieces.append(" ")
        else:
            pieces.append(line_break)
            is_open = not line.startswith(_STANDING_ALONE)
        pieces.append(line)
        line_break = "\n"
    return "".join(pieces)


def _is_divided(last: str, line: str) -> bool:
    """Whether the hyphen at the end of a line only divides a word that goes on in the next line."""
    return last[-2:-1].isalpha() and line[0].islower() and not _SUSPENDED.match(line)
