"""Sentences of legal German: spans that leave out nothing but the white space between them.

A full stop ends a sentence unless it belongs to an abbreviation, a date, an ordinal number, an initial or a list mark;
what decides is the word before it, the word after it, and lists of both (`abbreviations`). Texts are normalised
(`quality.normalise`): a line is a paragraph, a heading, a list item or a table row, so a line break always ends a
sentence, save behind a list mark that stands alone.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from backend.datasets.language.abbreviations import (
    BEFORE_ORDINAL,
    COUNTED,
    EITHER,
    MONTHS,
    OPEN,
    STARTERS,
)

_CLOSING = "\"'“”»«’›‹)\\]"
# the end of a line, or marks with what closes behind them; some sources put a space before a closing quotation mark.
# It begins with one mark, since a search for a set of characters is quick, and a row of dots is gone through once
_BREAK = re.compile(rf"(?P<marks>[.!?…](?<![.!?…][.!?…])[.!?…]*+)(?P<closing>[{_CLOSING}]*(?: [“”»](?=\s))?)\s+|\n\s*")
# "II. 1. a)", or a bullet
_NUMBERING = r"\(?(?:[0-9]+(?:\.[0-9]+)*[a-z]?|[A-Za-z]{1,2}|[IVXLC]+)"
_LIST_MARK = re.compile(rf"(?:{_NUMBERING}[.)]+\s?)*{_NUMBERING}[.)]*|[-–—•·*●]")
_LONGEST_LIST_MARK = 16
_ITEM = re.compile(r"\(?[a-z]{1,3}\s?\)\s|[a-z]\.\s(?=[A-ZÄÖÜ])")
_WORD = re.compile(r"[^\W\d_]+")
_ROMAN = re.compile("[IVXL]{2,}")
_VOWEL = re.compile("[aeiouyäöü]")
_LONGEST_WORD = 40
_LONGEST_CLIPPED = 5
_LARGEST_DAY = 31
_LARGEST_ORDINAL = 200
_OPENERS = "([„“\"'»«‚›‹–-—"


class Span(NamedTuple):
    """Where a sentence stands: `text[start:end]`."""

    start: int
    end: int


def sentences(text: str) -> list[Span]:
    """Sentences of a text in order; between, before and behind them is white space only."""
    return list(_sentences(text))


def _sentences(text: str) -> Iterator[Span]:
    start = len(text) - len(text.lstrip())
    for found in _BREAK.finditer(text, start):
        end = found.end("closing") if found["marks"] else found.start()
        if found.end() == len(text):
            break
        if _ends(text, start, found):
            yield Span(start, start + len(text[start:end].rstrip()))
            start = found.end()
    end = len(text.rstrip())
    if start < end:
        yield Span(start, end)


def _ends(text: str, start: int, found: re.Match[str]) -> bool:
    """Whether a sentence that begins at `start` ends at a mark or a line break."""
    after = found.end()
    marks, closing = found["marks"], found["closing"]
    if not marks or "\n" in text[found.end("closing") : after]:
        return not _is_list_mark(text, start, found.end("closing") if marks else found.start())
    following = text[after]
    if following.islower() or following in ",;:)]}":
        is_item = _ITEM.match(text, after) is not None
        return is_item and marks == "." and _full_stop_ends(text, start, found.start(), after)
    if closing.startswith(")") and text[start] != "(" and not _begins_sentence(text, after):
        return False
    if marks.endswith(("…", "..")):
        return _begins_sentence(text, after)
    return marks != "." or _full_stop_ends(text, start, found.start(), after)


def _full_stop_ends(text: str, start: int, stop: int, after: int) -> bool:
    """Whether a single full stop before a capital, a digit or a mark ends a sentence."""
    window = text[max(start, stop - _LONGEST_WORD) : stop]
    last = "" if not window or window[-1].isspace() else window.rsplit(None, 1)[-1]
    word = last.lstrip(_OPENERS)
    if not word or word[-1] in _CLOSING:
        return True
    if _is_list_mark(text, start, stop):
        return False
    if word[-1].isdecimal():
        return _number_ends(text, start, stop - len(last), word, after)
    lowered = word.lower().rpartition("-")[2]
    if lowered in OPEN:
        return False
    if len(lowered) <= 1 or lowered in EITHER or _is_clipped(lowered) or _ROMAN.fullmatch(word):
        return _begins_sentence(text, after)
    return True


def _is_list_mark(text: str, start: int, end: int) -> bool:
    return end - start <= _LONGEST_LIST_MARK and _LIST_MARK.fullmatch(text, start, end) is not None


def _is_clipped(word: str) -> bool:
    """Whether an unlisted word looks like an abbreviation: stops inside (z.B), or short without a vowel (Vfg)."""
    if "." in word:
        return all(len(part) <= _LONGEST_CLIPPED for part in word.split("."))
    return len(word) <= _LONGEST_CLIPPED and not _VOWEL.search(word)


def _number_ends(text: str, start: int, begin: int, word: str, after: int) -> bool:
    """Whether a number with a full stop is no ordinal: "des 25. Senats", "am 3. Mai", but "nach Abs. 2. Die …"."""
    if not word.isdecimal():
        return True
    number = int(word)
    if text[after].isdecimal():
        return number > _LARGEST_DAY
    if (following := _WORD.match(text, after)) and following[0] in MONTHS:
        return False
    before = text[max(start, begin - _LONGEST_WORD) : begin].rsplit(None, 1)[-1:]
    previous = before[0].strip("().").lower() if before else ""
    if number > _LARGEST_ORDINAL or previous in COUNTED:
        return True
    return previous not in BEFORE_ORDINAL and _begins_sentence(text, after)


def _begins_sentence(text: str, at: int) -> bool:
    following = _WORD.match(text, at)
    return following is not None and following[0].lower() in STARTERS
