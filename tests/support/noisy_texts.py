"""Good texts made bad: letters as a bad scan gives them, and words in any order."""

import random

_LETTERS = "abcdefghijklmnopqrstuvwxyzäöüß"
# what scanners take for one another
_LIKE = {"e": "c", "c": "e", "n": "u", "u": "n", "i": "l", "l": "i", "h": "b", "b": "h", "ü": "u", "ö": "o", "ä": "a"}


def misread(text: str, rate: float, rng: random.Random) -> str:
    """Each character but white space is with this probability another one, left out, or followed by a stray letter."""
    pieces: list[str] = []
    for character in text:
        if character.isspace() or rng.random() >= rate:
            pieces.append(character)
        else:
            pieces.append(_damaged(character, rng))
    return "".join(pieces)


def shuffled(text: str, rng: random.Random) -> str:
    """The same words in another order, on one line."""
    words = text.split()
    rng.shuffle(words)
    return " ".join(words)


def _damaged(character: str, rng: random.Random) -> str:
    kind = rng.randrange(3)
    if kind == 0:
        return ""
    if kind == 1:
        return character + rng.choice(_LETTERS)
    return _LIKE.get(character) or rng.choice(_LETTERS)
