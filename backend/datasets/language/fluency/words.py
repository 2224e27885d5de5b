"""Tokens of a text, and the numbers that words have.

A word is a run of letters and digits, lower-case; punctuation is no part of the order that is judged. Words of digits
(and what mixes in more than one, such as footnote marks) are all the same to a model: `NUMBER`.
"""

import re

COMPOUND = 0
"""No known word, but made of known ones; and what a pair has for every word that is not known."""
UNKNOWN = 1
DAMAGED = 2
NUMBER = 3
START = 4
"""Stands before the first word of a text."""
FIRST_WORD = 5

BEFORE_FIRST = "\n"
"""Written for `START` in a list of words; no word has it."""

LONGEST_WORD = 60
"""What is longer is no word but an address or a lump of binary text; it is never known and never kept."""

_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")
_MOST_DIGITS = 1


def words_of(text: str) -> list[str]:
    """Words of a text in order, lower-case."""
    return _WORD.findall(text.lower())


def is_number(word: str) -> bool:
    """Whether a word is a number or a mark with several digits: "12", "3a", "f780997", but not "co2"."""
    return word[0].isdigit() or len(_DIGIT.findall(word)) > _MOST_DIGITS
