"""Pieces of the right size: short neighbours are merged, long sections are cut where the author paused."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.datasets.records.candidates import Candidate

SHORT_WORDS = 20
"""Sections with fewer words are merged with a neighbour."""

# the strongest boundary first: paragraph, line, sentence, any white space
_BOUNDARIES = tuple(re.compile(pattern) for pattern in (r"\n\s*\n", r"\n", r"(?<=[.!?;:])\s+", r"\s+"))


@dataclass(frozen=True, slots=True)
class Passage:
    """Neighbouring sections of one document that stand together, or a part of one long section.

    Args:
        candidates: At least one, in document order.
        text: Body of a part; empty for whole sections.
        offset: Where the part begins in its section, in characters.
        part: 1, 2, 3 … of `parts`.
    """

    candidates: tuple[Candidate, ...]
    text: str = ""
    offset: int = 0
    part: int = 1
    parts: int = 1

    @property
    def first(self) -> Candidate:
        """The section that gives the passage its name."""
        return self.candidates[0]

    @property
    def bodies(self) -> Sequence[tuple[Candidate, str]]:
        """Each section with the text it contributes, hard line breaks as in the source."""
        if self.parts > 1:
            return [(self.first, self.text)]
        return [(each, each.section.text) for each in self.candidates]

    @property
    def start(self) -> int:
        """Offset of the first character in the document version's text."""
        return self.first.section.start + self.offset

    @property
    def end(self) -> int:
        """One past the last character."""
        return self.start + len(self.text) if self.parts > 1 else self.candidates[-1].section.end


class PassageLimit(Protocol):
    """How much of a source one record may hold."""

    @property
    def most(self) -> int:
        """Largest size."""
        ...

    def size(self, text: str) -> int:
        """Size of a text as it stands in its document."""
        ...

    def cut(self, text: str) -> Sequence[tuple[int, int]]:
        """Spans of at most `most` that together hold all of a text but the white space between them."""
        ...


@dataclass(frozen=True, slots=True)
class CharacterLimit:
    """A limit in characters; pieces do not overlap."""

    most: int

    def size(self, text: str) -> int:
        """Characters, those of line breaks included."""
        return len(text)

    def cut(self, text: str) -> Sequence[tuple[int, int]]:
        """Pieces of about equal size."""
        return cut_spans(text, self.most)


def passages(candidates: Iterable[Candidate], *, limit: PassageLimit) -> Iterator[Passage]:
    """Merge and cut the sections of documents, which come in document order, one document after the other."""
    group: list[Candidate] = []
    size = 0
    for candidate in candidates:
        own_size = limit.size(candidate.section.text)
        if group and size + own_size <= limit.most and _belongs(group, candidate):
            group.append(candidate)
            size += own_size
            continue
        if group:
            yield from _cut(group, size, limit)
        group, size = [candidate], own_size
    if group:
        yield from _cut(group, size, limit)


def _belongs(group: Sequence[Candidate], candidate: Candidate) -> bool:
    last = group[-1]
    is_neighbour = (
        last.stored.document_id == candidate.stored.document_id
        and last.section.ordinal + 1 == candidate.section.ordinal
    )
    return is_neighbour and (sum(each.words for each in group) < SHORT_WORDS or candidate.words < SHORT_WORDS)


def _cut(group: Sequence[Candidate], size: int, limit: PassageLimit) -> Iterator[Passage]:
    body = group[0].section.text
    if len(group) > 1 or size <= limit.most:
        yield Passage(tuple(group))
        return
    spans = limit.cut(body)
    for number, (start, end) in enumerate(spans, start=1):
        yield Passage((group[0],), text=body[start:end], offset=start, part=number, parts=len(spans))


def cut_spans(text: str, max_characters: int) -> list[tuple[int, int]]:
    """Spans of at most `max_characters` that hold all of `text` but the white space between them.

    Pieces are of about equal size, so that no crumb is left at the end.
    """
    spans: list[tuple[int, int]] = []
    start = len(text) - len(text.lstrip())
    stop = len(text.rstrip())
    while stop - start > max_characters:
        pieces = -(-(stop - start) // max_characters)
        end, after = _pause(text, start, ideal=(stop - start) // pieces, limit=max_characters)
        spans.append((start, end))
        start = after
    if start < stop:
        spans.append((start, stop))
    return spans


def _pause(text: str, start: int, *, ideal: int, limit: int) -> tuple[int, int]:
    """Where the piece ends and the next one begins: the strongest boundary near the ideal size."""
    window = text[start : start + limit + 1]
    for boundary in _BOUNDARIES:
        found = [match for match in boundary.finditer(window, ideal // 2) if match.start() <= limit]
        if found:
            best = min(found, key=lambda match: abs(match.start() - ideal))
            following = text[start + best.end() : start + best.end() + limit]
            return start + best.start(), start + best.end() + len(following) - len(following.lstrip())
    return start + limit, start + limit
