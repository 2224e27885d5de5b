"""How much of a list of lines or paragraphs was there before."""

from collections.abc import Sequence


def repeated(pieces: Sequence[str]) -> tuple[int, int]:
    """How many pieces equal an earlier one, and how many characters those have."""
    different = set(pieces)
    if len(different) == len(pieces):
        return 0, 0
    return len(pieces) - len(different), sum(map(len, pieces)) - sum(map(len, different))
