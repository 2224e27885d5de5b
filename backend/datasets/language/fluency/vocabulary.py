"""Known words, compounds of known words, and words that are damaged known ones.

German makes words as it needs them, so a long word that falls into known ones is known. A word that is not, but lies
one letter beside a frequent one, is most likely that word damaged: names, plants and substances of which a corpus
knows nothing hardly ever do, and words read wrongly from a scan nearly always.
"""

from collections.abc import Sequence

from backend.datasets.language.fluency.words import (
    BEFORE_FIRST,
    COMPOUND,
    DAMAGED,
    FIRST_WORD,
    LONGEST_WORD,
    NUMBER,
    START,
    UNKNOWN,
    is_number,
)

FREQUENT = 5_000
_LEAST_DAMAGED = 3
_LEAST_PIECE = 4
_LEAST_COMPOUND = 2 * _LEAST_PIECE + 1
_MOST_PIECES = 5
_KEPT = 20_000


class Vocabulary(dict[str, int]):
    """Numbers of words; what is asked for beside the known ones is worked out and kept for a while.

    Args:
        words: Known ones, the most frequent first.
        pieces: How many of them, from the first, may be pieces of a compound.
    """

    def __init__(self, words: Sequence[str], pieces: int) -> None:
        super().__init__(zip(words, range(FIRST_WORD, FIRST_WORD + len(words)), strict=True))
        self[BEFORE_FIRST] = START
        self._known = len(self)
        self._pieces_end = FIRST_WORD + pieces
        self._near_frequent = _near(words[:FREQUENT])

    def __missing__(self, word: str) -> int:
        """The number of a word that is not known, or not worked out yet."""
        if len(word) > LONGEST_WORD:
            return UNKNOWN
        if len(self) > self._known + _KEPT:
            self._forget()
        number = self[word] = self._worked_out(word)
        return number

    def _worked_out(self, word: str) -> int:
        if len(word) == 1 or is_number(word):
            return NUMBER
        if self._is_compound(word, _MOST_PIECES):
            return COMPOUND
        return DAMAGED if self._is_damaged(word) else UNKNOWN

    def _is_compound(self, word: str, pieces: int) -> bool:
        """Whether a word is made of at most so many known ones, with or without an "s" between."""
        if len(word) < _LEAST_COMPOUND or pieces < 2:
            return False
        for place in range(len(word) - _LEAST_PIECE, _LEAST_PIECE - 1, -1):
            head, tail = word[:place], word[place:]
            if (self._is_piece(head) or (head[-1] == "s" and self._is_piece(head[:-1]))) and (
                self._is_piece(tail) or self._is_compound(tail, pieces - 1)
            ):
                return True
        return False

    def _is_piece(self, word: str) -> bool:
        # known words are numbered by their frequency; a set of the frequent ones would take megabytes
        return len(word) >= _LEAST_PIECE and FIRST_WORD <= self.get(word, UNKNOWN) < self._pieces_end

    def _is_damaged(self, word: str) -> bool:
        """Whether it becomes a frequent word by one letter more, less, other, or two of them exchanged."""
        near = self._near_frequent
        return len(word) >= _LEAST_DAMAGED and (
            word in near or any(word[:at] + word[at + 1 :] in near for at in range(len(word)))
        )

    def _forget(self) -> None:
        for word in list(self)[self._known :]:
            del self[word]


def _near(words: Sequence[str]) -> frozenset[str]:
    """Frequent words, and each of them with one letter left out."""
    near: set[str] = set()
    for word in words:
        if len(word) >= _LEAST_DAMAGED and word.isalpha():
            near.add(word)
            near.update(word[:at] + word[at + 1 :] for at in range(len(word)))
    return frozenset(near)
