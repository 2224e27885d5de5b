"""Kinds of characters that signals are made of; a character may be of several."""

from enum import IntFlag


class Kind(IntFlag):
    """What Python's own `str` methods and regular expressions say of a character."""

    ALPHANUMERIC = 1
    DIGIT = 2
    LETTER = 4
    SPACE = 8
    JOINER = 16
    SYMBOL = 32


PATTERNS = {
    Kind.ALPHANUMERIC: r"[^\W_]+",
    Kind.DIGIT: r"\d+",
    Kind.LETTER: r"[^\W\d_]+",
    Kind.SPACE: r"\s+",
    # between two letters or digits it is part of a word
    Kind.JOINER: r"[-'’]+",
    Kind.SYMBOL: r"(?:[^\w\s]|_)+",
}
"""Runs of characters of each kind."""
