"""A limit in tokens: long sections are cut where their author paused, with as much overlap as is asked for.

What counts is what a model reads, so a span is measured by its normalised text. Cuts lie between paragraphs (Absätze),
then list items, then sentences, then words; only a word that is too long by itself is cut inside.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from backend.datasets.language.sentences import sentences
from backend.datasets.quality.normalise import normalise
from backend.datasets.tokens import TokenCounter

# where the next piece begins: behind an empty line or at "(2)", at "3." or "b)"
_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*|\n(?=[^\S\n]*\(\d+[a-z]*\)\s)")
_ITEMS = re.compile(r"\n(?=[^\S\n]*(?:\d+[a-z]?[.)]|[a-z]{1,2}\)|[-–—•·*])\s)")
_WORD = re.compile(r"\S+")

_CHARACTERS_OF_A_TOKEN = 8
"""More than a token has in most texts: how far back an overlap is looked for at first."""


class _Unit(NamedTuple):
    """A piece that is not cut any more."""

    start: int
    end: int
    size: int


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """At most so many tokens of the source in one record.

    Args:
        counter: Says what a token is.
        most: Tokens of a span.
        overlap: Tokens at the end of a span that the next one begins with: as many as fit into it from the beginning
            of a sentence, or of a word where the last sentence is longer; at most half of `most`.
    """

    counter: TokenCounter
    most: int
    overlap: int = 0

    def size(self, text: str) -> int:
        """Tokens of what a model reads of a text."""
        return self.counter.count(normalise(text))

    def cut(self, text: str) -> Sequence[tuple[int, int]]:
        """Spans of about equal size; every character but white space is in at least one of them."""
        # only what is too long comes here: it is cut at once, and its parts are measured
        parts = _parts(text, *_stripped(text, 0, len(text)), level=0)
        units = [unit for start, end in parts for unit in self._units(text, start, end, level=1)]
        spans: list[tuple[int, int]] = []
        done = 0
        while done < len(units):
            start, carried = self._begin(text, units, done, spans[-1] if spans else None)
            behind = self._filled(text, start, units, done, carried)
            spans.append((start, units[behind - 1].end))
            done = behind
        return spans

    def _units(self, text: str, start: int, end: int, *, level: int) -> Iterator[_Unit]:
        """Pieces that leave room for the overlap, each as large a part of the structure as possible."""
        start, end = _stripped(text, start, end)
        if start == end:
            return
        size = self.size(text[start:end])
        # a single character cannot be cut
        if size <= self.most - self.overlap or end - start == 1:
            yield _Unit(start, end, size)
            return
        for part_start, part_end in _parts(text, start, end, level):
            yield from self._units(text, part_start, part_end, level=level + 1)

    def _begin(self, text: str, units: Sequence[_Unit], done: int, before: tuple[int, int] | None) -> tuple[int, int]:
        """Where the next span begins, and how many tokens of the one before it that takes over."""
        first = units[done]
        room = self.overlap
        while before is not None and room > 0:
            start = self._overlap_start(text, *before, room)
            if start == before[1]:
                break
            excess = self.size(text[start : first.end]) - self.most
            if excess <= 0:
                return start, self.size(text[start : before[1]])
            # tokens at the seam are not those of the two pieces: a trained tokenizer may need more
            room -= excess
        return first.start, 0

    def _overlap_start(self, text: str, start: int, end: int, room: int) -> int:
        """The earliest sentence, else word, from which on the rest of a span fits; its end if nothing does."""
        for starts in (_sentence_starts(text, start, end), _word_starts(text, start, end)):
            found = self._earliest([each for each in starts if each > start], text, end, room)
            # what is left may be nothing that a model reads, such as a soft hyphen
            if found is not None and self.size(text[found:end]) > 0:
                return found
        return end

    def _earliest(self, starts: Sequence[int], text: str, end: int, room: int) -> int | None:
        """The first of ascending places from which on the text up to `end` fits; measures no more of it than needed."""
        near = _CHARACTERS_OF_A_TOKEN * room
        while True:
            first = bisect_left(starts, end - near)
            # the later the beginning, the fewer tokens
            at = bisect_left(starts, -room, lo=first, key=lambda each: -self.size(text[each:end]))
            if at > first or first == 0:
                return starts[at] if at < len(starts) else None
            near *= 2

    def _filled(self, text: str, start: int, units: Sequence[_Unit], done: int, carried: int) -> int:
        """One past the last unit of a span: near the size at which all that are left are of equal size."""
        left = sum(unit.size for unit in units[done:])
        spans = max(1, -(-left // max(1, self.most - carried)))
        ideal = carried + left / spans
        total, behind = carried + units[done].size, done + 1
        while behind < len(units):
            size = units[behind].size
            if total + size > self.most or total + size / 2 > ideal:
                break
            total, behind = total + size, behind + 1
        while behind > done + 1 and self.size(text[start : units[behind - 1].end]) > self.most:
            behind -= 1
        return behind


def _parts(text: str, start: int, end: int, level: int) -> Iterator[tuple[int, int]]:
    """A span in parts of the next finer structure."""
    if level < 2:
        yield from _between(_PARAGRAPHS if level == 0 else _ITEMS, text, start, end)
    elif level == 2:
        starts = [*_sentence_starts(text, start, end), end]
        yield from pairwise(starts)
    else:
        # in halves, and these in halves: to measure every word by itself would take long
        middle = _word_near_middle(text, start, end)
        yield from ((start, middle), (middle, end))


def _word_near_middle(text: str, start: int, end: int) -> int:
    """Where the word begins that is nearest to the middle of a span; the middle of a single word."""
    middle = (start + end) // 2
    starts = _word_starts(text, start, end)[1:]
    return min(starts, key=lambda each: abs(each - middle), default=middle)


def _between(boundary: re.Pattern[str], text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for found in boundary.finditer(text, start, end):
        yield at, found.start()
        at = found.end()
    yield at, end


def _sentence_starts(text: str, start: int, end: int) -> list[int]:
    # lines are wrapped at some column; a space has the width of the line break that it stands for
    unwrapped = re.sub(r"(?<!\n)\n(?!\s*\n)", " ", text[start:end])
    return [start + span.start for span in sentences(unwrapped)]


def _word_starts(text: str, start: int, end: int) -> list[int]:
    return [found.start() for found in _WORD.finditer(text, start, end)]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    stripped = piece.strip()
    start += len(piece) - len(piece.lstrip()) if stripped else 0
    return start, start + len(stripped)
