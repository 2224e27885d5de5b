"""The part of a section that shows why it was found."""

import re
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")
_LEAST_LETTERS = 3
_STEM_LETTERS = 5
_MOST_CHARS_SEARCHED = 20_000


def snippet(text: str, query_text: str, *, most_chars: int = 240) -> str:
    """At most `most_chars` of the text, around where most different words of the query stand; cut at words.

    Words count as the same when they begin alike, as inflected German words do. Line breaks become spaces; "…" stands
    where something was left out.
    """
    flat = " ".join(text[:_MOST_CHARS_SEARCHED].split())
    if len(flat) <= most_chars:
        return flat if len(text) <= _MOST_CHARS_SEARCHED else flat + " …"
    start = _best_start(flat, _beginnings(query_text), most_chars)
    start = flat.rfind(" ", 0, start) + 1 if start else 0
    end = start + most_chars
    if end < len(flat):
        end = max(flat.rfind(" ", start, end), start + most_chars // 2)
    lead, trail = "… " if start else "", " …" if end < len(flat) else ""
    return f"{lead}{flat[start:end].rstrip()}{trail}"


def _beginnings(query_text: str) -> set[str]:
    return {word[:_STEM_LETTERS] for word in _WORD.findall(query_text.lower()) if len(word) >= _LEAST_LETTERS}


def _best_start(flat: str, beginnings: set[str], width: int) -> int:
    """Where the window begins that holds most different beginnings; the first of equals."""
    places = list(_places(flat, beginnings))
    best, best_count, counts = 0, 0, dict.fromkeys(beginnings, 0)
    first = distinct = 0
    for _, end, word in places:
        counts[word] += 1
        distinct += counts[word] == 1
        while end - places[first][0] > width:
            left = places[first][2]
            counts[left] -= 1
            distinct -= counts[left] == 0
            first += 1
        if distinct > best_count:
            best, best_count = places[first][0], distinct
    # a few words before the first one tell what it is about
    return max(0, best - width // 6)


def _places(flat: str, beginnings: set[str]) -> Iterator[tuple[int, int, str]]:
    for match in _WORD.finditer(flat.lower()):
        beginning = match.group()[:_STEM_LETTERS]
        if beginning in beginnings:
            yield match.start(), match.end(), beginning
