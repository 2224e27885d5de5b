"""Lines and paragraphs of a text, and how much of them was there before."""

from collections.abc import Sequence


def paragraphs_of(text: str) -> Sequence[str]:
    """What stands between two or more line feeds; a text without any, even an empty one, is one paragraph."""
    text = text.strip()
    if "\n\n" not in text:
        return [text]
    return [paragraph for piece in text.split("\n\n") if (paragraph := piece.lstrip("\n"))]


def lines_of(text: str) -> Sequence[str]:
    """What stands between line feeds, however many; beyond one at an end of the text is an empty line."""
    lines = text.split("\n")
    if "\n\n" not in text:
        return lines
    return [*lines[: text.startswith("\n")], *filter(None, lines), *lines[len(lines) - text.endswith("\n") :]]


def repeated(pieces: Sequence[str]) -> tuple[int, int]:
    """How many pieces equal an earlier one, and how many characters those have."""
    different = set(pieces)
    if len(different) == len(pieces):
        return 0, 0
    return len(pieces) - len(different), sum(map(len, pieces)) - sum(map(len, different))
