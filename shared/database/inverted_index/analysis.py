"""Words of German texts as an index keeps them: stems, pieces of long words, and what a query asks for.

Stems are Snowball's. A word with an umlaut in its stem has two: the folded one, which it shares with its other forms
(Antrag, Anträge), and the one as written, which tells it from other words (fordern, fördern).

Stop words do not make a score, since they stand in most sections; a query that has nothing else is still answered by
them, so they are indexed. Words that turn a norm round (nicht, kein, ohne, darf, muss, soll, kann …) are no stop words.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from threading import local
from typing import Any

from shared.database.citations import folded

PIECE_LETTERS = 5
SHORTEST_WITH_PIECES = 6
MAX_ASKED_WORDS = 256
_EDGE = "_"  # pieces know where a word begins and ends; no word has this letter
_WORD = re.compile(r"[^\W_]+")
_LONGEST_WORD = 64
_UMLAUTS = str.maketrans("äöü", "aou")
_CACHED_WORDS = 1 << 16

STOP_WORDS = frozenset(
    """
    der die das des dem den und oder in im von vom zu zum zur mit nach für auf an am bei aus durch ist sind wird werden
    als sich eine einer eines einem einen ein er sie es wenn soweit auch wie was welche welcher welches welchem welchen
    wer wo wann warum wieviel viele war waren hat haben hatte wurde wurden dass so um bis über unter vor gegen sowie
    dieser diese dieses diesem diesen
    """.split()  # noqa: SIM905 - a list of a hundred words reads as words
)
NEGATIONS = frozenset(
    """
    nicht nichts nie niemals kein keine keiner keines keinem keinen ohne weder noch nur außer ausser darf dürfen muss
    müssen soll sollen kann können
    """.split()  # noqa: SIM905 - as above
)
_stemmers = local()


def words(text: str) -> list[str]:
    """Words of a text in order, lower-case and composed, "ss" for "ß"; very long ones are cut."""
    return [word[:_LONGEST_WORD] for word in _WORD.findall(folded(text).lower())]


@lru_cache(_CACHED_WORDS)
def stems(word: str) -> tuple[str, ...]:
    """Stems of a word as `words` gives it: folded, and as written where that is another one."""
    stem: str = _stemmer().stemWord(word)
    written = word[: len(stem)]
    if written != stem and written.translate(_UMLAUTS) == stem:
        return stem, written
    return (stem,)


def pieces(word: str) -> list[str]:
    """Overlapping pieces of a long word, its edges marked; none for short ones and numbers."""
    if len(word) < SHORTEST_WITH_PIECES or word.isdecimal():
        return []
    marked = f"{_EDGE}{word}{_EDGE}"
    return [marked[start : start + PIECE_LETTERS] for start in range(len(marked) - PIECE_LETTERS + 1)]


def asked_words(query: str) -> dict[str, int]:
    """Words of a query that make its score, each with how often it stands there; the first of a very long query."""
    every = words(query)
    chosen = [word for word in every if word not in STOP_WORDS] or every
    counted: dict[str, int] = {}
    for word in chosen:
        if word in counted or len(counted) < MAX_ASKED_WORDS:
            counted[word] = counted.get(word, 0) + 1
    return counted


def asked_stems(query: str) -> dict[str, float]:
    """Stems of a query with their weights; those of one word share its weight."""
    return _shared(asked_words(query).items(), stems, power=1.0)


def asked_pieces(query: str) -> dict[str, float]:
    """Pieces of a query with their weights; longer words weigh more, but not as much more as they have pieces."""
    return _shared(asked_words(query).items(), pieces, power=0.5)


def _shared(counted: Iterable[tuple[str, int]], parts_of: Any, *, power: float) -> dict[str, float]:
    weights: dict[str, float] = {}
    for word, count in counted:
        parts: Sequence[str] = parts_of(word)
        for part in parts:
            weights[part] = weights.get(part, 0.0) + count / len(parts) ** power
    return weights


def _stemmer() -> Any:
    """A stemmer of this thread: they keep state."""
    if not hasattr(_stemmers, "german"):
        import Stemmer  # type: ignore[import-not-found,unused-ignore]  # has no types

        _stemmers.german = Stemmer.Stemmer("german", 0)
    return _stemmers.german
