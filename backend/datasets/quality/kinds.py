"""Kinds of characters that signals are made of; a character may be of several."""

from enum import IntFlag


class Kind(IntFlag):
    """What Python's own regular expressions say of a character; `PATTERNS` has the first four."""

    ALPHANUMERIC = 1
    DIGIT = 2
    SPACE = 4
    JOINER = 8
    LETTER = 16
    """Alphanumeric and no digit."""
    SYMBOL = 32
    """Neither alphanumeric nor white space."""


PATTERNS = {
    Kind.ALPHANUMERIC: r"[^\W_]+",
    Kind.DIGIT: r"\d+",
    Kind.SPACE: r"\s+",
    # between two letters or digits it is part of a word
    Kind.JOINER: r"[-'’]+",
}
"""Runs of characters of a kind."""
