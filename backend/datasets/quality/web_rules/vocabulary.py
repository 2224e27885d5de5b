"""Every word met, with what the rules ask about it: a word is looked at once, texts are rows of its number."""

from array import array
from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.web_rules.fingerprints import fingerprints
from backend.datasets.quality.web_rules.marks import SYMBOLS
from backend.datasets.quality.web_rules.words.splitting import split_piece

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
_STOP_NUMBERS = {word: number for number, word in enumerate(STOP_WORDS, start=1)}
_IS_WORD, _HAS_LETTER = 1, 2
_Number = TypeVar("_Number", np.int64, np.int8)


class Vocabulary:
    """Numbers of pieces (what stands between white space) and of the tokens that they are made of."""

    def __init__(self) -> None:
        self._pieces = _Pieces()
        self._fingerprints = np.empty(0, np.uint64)

    @property
    def piece_count(self) -> int:
        """How many pieces were met."""
        return len(self._pieces)

    def tokens(self, pieces: Iterable[str], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the tokens of `count` pieces in a row, and how many tokens each piece has."""
        numbers = np.fromiter(map(self._pieces.__getitem__, pieces), np.int64, count)
        sizes = _copied(self._pieces.sizes, np.int64)[numbers]
        ends = np.cumsum(sizes)
        starts = _copied(self._pieces.starts, np.int64)[numbers]
        places = np.repeat(starts - ends + sizes, sizes) + np.arange(int(ends[-1]) if count else 0)
        return _copied(self._pieces.tokens, np.int64)[places], sizes

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Characters per token."""
        return _copied(self._pieces.known.sizes, np.int64)

    @property
    def is_word(self) -> NDArray[np.bool_]:
        """Whether a token is more than symbols."""
        return (_copied(self._pieces.known.kinds, np.int8) & _IS_WORD).astype(bool)

    @property
    def has_letter(self) -> NDArray[np.bool_]:
        """Whether one of its characters is a letter."""
        return (_copied(self._pieces.known.kinds, np.int8) & _HAS_LETTER).astype(bool)

    @property
    def stop_numbers(self) -> NDArray[np.int8]:
        """Which stop word a token is, from 1; 0 for none."""
        return _copied(self._pieces.known.stops, np.int8)

    @property
    def fingerprints(self) -> NDArray[np.uint64]:
        """Of the characters of every token."""
        if new := list(self._pieces.known)[len(self._fingerprints) :]:
            self._fingerprints = np.concatenate([self._fingerprints, fingerprints(new)])
        return self._fingerprints


class _Tokens(dict[str, int]):
    """Numbers of tokens; a new one is looked at once."""

    def __init__(self) -> None:
        self.sizes, self.kinds, self.stops = array("q"), array("b"), array("b")

    def __missing__(self, token: str) -> int:
        self.sizes.append(len(token))
        self.kinds.append(_kind(token))
        self.stops.append(_STOP_NUMBERS.get(token, 0))
        number = self[token] = len(self)
        return number


class _Pieces(dict[str, int]):
    """Numbers of pieces; a new one is split once."""

    def __init__(self) -> None:
        self.starts, self.sizes, self.tokens = array("q"), array("q"), array("q")
        self.known = _Tokens()

    def __missing__(self, piece: str) -> int:
        tokens = split_piece(piece)
        self.starts.append(len(self.tokens))
        self.sizes.append(len(tokens))
        self.tokens.extend([self.known[token] for token in tokens])
        number = self[piece] = len(self)
        return number


def _kind(token: str) -> int:
    if token.isalpha():
        return _IS_WORD | _HAS_LETTER
    is_word = not SYMBOLS.issuperset(token)
    return is_word * _IS_WORD | any(map(str.isalpha, token)) * _HAS_LETTER


def _copied(numbers: "array[int]", kind: type[_Number]) -> NDArray[_Number]:
    """A view would forbid the array to grow."""
    return np.frombuffer(numbers, kind).copy() if numbers else np.empty(0, kind)
