"""Texts in groups."""

from backend.datasets.duplicates.collecting import batches
from backend.datasets.duplicates.texts import ComparedText


def _sizes(lengths: list[int], **limits: int) -> list[list[int]]:
    texts = (ComparedText(str(number), "x" * length) for number, length in enumerate(lengths))
    return [[len(text.text) for text in batch] for batch in batches(texts, **limits)]


def test_a_batch_ends_when_it_has_enough_characters_or_texts() -> None:
    assert _sizes([3, 3, 3, 20, 1], characters=6) == [[3, 3], [3, 20], [1]]
    assert _sizes([0, 0, 0], characters=6, count=2) == [[0, 0], [0]]


def test_no_texts_make_no_batch() -> None:
    assert _sizes([]) == []
