"""Sentences of real court decisions, whose ends people marked (LER), and texts made of them."""

import lzma
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_NO_SPACE_BEFORE = frozenset(".,;:!?)]}%“…")
_NO_SPACE_BEHIND = frozenset("([{„")
_ENDINGS = (".", "!", "?", ".“", "!“", "?“", '."', '!"', '?"')


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text and where its sentences stand.

    Args:
        spans: First character and one past the last, in order.
    """

    text: str
    spans: Sequence[tuple[int, int]]


def read_court_sentences(path: Path) -> list[str]:
    """Sentences of a CoNLL file (token, space, tag; a blank line behind each sentence), set as people write them."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [_glued(tokens) for tokens in _token_lists(lines)]


def on_one_line(sentences: Sequence[str]) -> MarkedText:
    """All sentences with one space between: headings, names and clauses without a full stop run into the next."""
    return _joined(sentences, [" "] * len(sentences))


def with_line_breaks(sentences: Sequence[str]) -> MarkedText:
    """As documents have them: what ends without a full stop (headings, items, signatures) ends its line."""
    return _joined(sentences, [" " if each.endswith(_ENDINGS) else "\n" for each in sentences])


def _joined(sentences: Sequence[str], gaps: Sequence[str]) -> MarkedText:
    spans, place = [], 0
    for sentence, gap in zip(sentences, gaps, strict=True):
        spans.append((place, place + len(sentence)))
        place += len(sentence) + len(gap)
    return MarkedText("".join(map("".join, zip(sentences, gaps, strict=True))), spans)


def _token_lists(lines: Iterator[str]) -> Iterator[list[str]]:
    tokens: list[str] = []
    for line in lines:
        if line.strip():
            tokens.append(line.split()[0])
        elif tokens:
            yield tokens
            tokens = []
    if tokens:
        yield tokens


def _glued(tokens: Sequence[str]) -> str:
    """Tokens with spaces where German typography has them; straight quotation marks open and close in turn."""
    pieces: list[str] = []
    needs_space = is_quoted = False
    for token in tokens:
        closes = token in _NO_SPACE_BEFORE or (token == '"' and is_quoted)
        pieces.append(f" {token}" if needs_space and not closes else token)
        needs_space = token not in _NO_SPACE_BEHIND and not (token == '"' and not is_quoted)
        is_quoted ^= token == '"'
    return "".join(pieces)
