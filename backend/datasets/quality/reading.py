"""One pass over a text that all filters share: its words, tokens and lines are found once."""

import re
from functools import cached_property

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_JOINERS = str.maketrans("", "", "-'’")


class Reading:
    """A normalised text with the counts that filters ask for; everything is computed on first use.

    Args:
        text: Normalised text (`normalise`).
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> list[str]:
        """Lower-cased runs of letters and digits, hyphens and apostrophes inside words kept."""
        return _WORD.findall(self.text.lower())

    @property
    def word_count(self) -> int:
        """Number of words."""
        return len(self.words)

    @cached_property
    def word_sizes(self) -> list[int]:
        """Letters and digits per word."""
        return [len(word) if word.isalnum() else len(word.translate(_JOINERS)) for word in self.words]

    @cached_property
    def tokens(self) -> list[str]:
        """Pieces between white space."""
        return self.text.split()

    @cached_property
    def lines(self) -> list[str]:
        """Lines that are not blank and more than a lone list mark."""
        return [line for line in self.text.split("\n") if len(line) > 1]

    @cached_property
    def ink(self) -> int:
        """Characters that are no white space."""
        return sum(map(len, self.tokens))
