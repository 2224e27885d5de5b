"""English words and marks as spaCy's tokeniser finds them: DataTrove's rules are about these tokens.

A piece is cut by itself. The original also lets an emoticon that a space runs through (": )") keep the emoticons that
share a mark with it from being put together, a difference that needs text made of such marks to be met.

Source: the tokenisation algorithm of spaCy 3.8 (MIT licence, Explosion GmbH), https://spacy.io/usage/linguistic-features
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from backend.datasets.quality.web_rules.words.addresses import is_address
from backend.datasets.quality.web_rules.words.affixes import infixes, prefix_length, suffix_length
from backend.datasets.quality.web_rules.words.special_cases import special_cases

# nothing is cut off or out of these but the mark at the end, so most words need no further look
_PLAIN_WORD = re.compile("([A-Za-zÀ-ÖØ-öø-ÿ]{3,})([,;:]|(?<=[a-zß-öø-ÿ])[.])?")
_LONGEST_SPECIAL_CASE = max(map(len, special_cases()))
_NONE: Mapping[str, tuple[str, ...]] = {}


def split_piece(piece: str) -> Sequence[str]:
    """Tokens of what stands between white space; joined they are the piece again."""
    special = special_cases()
    if tokens := special.get(piece):
        return tokens
    if (plain := _PLAIN_WORD.fullmatch(piece)) and plain[1] not in special:
        return plain.groups() if plain[2] else (piece,)
    return _with_special_runs(_split(piece, special))


def _split(piece: str, special: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Cut marks off both ends as long as there are any, then look into what is left."""
    before: list[str] = []
    after: list[str] = []
    start, end = 0, len(piece)
    while start < end and not _is_special(piece, start, end, special):
        head, tail = prefix_length(piece, start, end), 0
        if not head or not _is_special(piece, start + head, end, special):
            tail = suffix_length(piece, start + head, end)
            if tail and _is_special(piece, start, end - tail, special):
                head = 0
        if not head and not tail:
            break
        if head:
            before.append(piece[start : start + head])
        if tail:
            after.append(piece[end - tail : end])
        start, end = start + head, end - tail
    return [*before, *_split_middle(piece[start:end], special), *reversed(after)]


def _is_special(piece: str, start: int, end: int, special: Mapping[str, tuple[str, ...]]) -> bool:
    return end - start <= _LONGEST_SPECIAL_CASE and piece[start:end] in special


def _split_middle(text: str, special: Mapping[str, tuple[str, ...]]) -> Sequence[str]:
    if not text:
        return ()
    if tokens := special.get(text):
        return tokens
    if is_address(text):
        return (text,)
    found: list[str] = []
    start = 0
    for first, last in infixes(text):
        found += [text[start:first], text[first:last]] if first > start else [text[first:last]]
        start = last
    return [*found, text[start:]] if start < len(text) else found


def _with_special_runs(tokens: Sequence[str]) -> Sequence[str]:
    """Special cases that were cut into pieces because marks are in them are put together again, the longest first."""
    patterns = _cut_special_cases()
    if len(tokens) < 2 or not any(token in patterns for token in tokens):
        return tokens
    runs = [
        (len(pattern), -start)
        for start, token in enumerate(tokens)
        for pattern in patterns.get(token, ())
        if tuple(tokens[start : start + len(pattern)]) == pattern
    ]
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for size, negative_start in sorted(runs, reverse=True):
        first, last = -negative_start, size - negative_start
        if first not in taken and last - 1 not in taken:
            chosen[first] = last
        taken.update(range(first, last))
    return _replaced(tokens, chosen)


def _replaced(tokens: Sequence[str], runs: Mapping[int, int]) -> list[str]:
    special = special_cases()
    found: list[str] = []
    at = 0
    while at < len(tokens):
        end = runs.get(at, at + 1)
        found += special["".join(tokens[at:end])] if at in runs else [tokens[at]]
        at = end
    return found


@cache
def _cut_special_cases() -> Mapping[str, Sequence[tuple[str, ...]]]:
    """By their first token: token sequences that special cases with marks in them are cut into."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for text in special_cases():
        if prefix_length(text, 0, len(text)) or suffix_length(text, 0, len(text)) or infixes(text):
            tokens = tuple(_split(text, _NONE))
            found.setdefault(tokens[0], []).append(tokens)
    return found
