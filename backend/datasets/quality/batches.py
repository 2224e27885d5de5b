"""Texts in batches: large enough that arrays pay, small enough that memory stays flat."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

MAX_TEXTS = 500
MAX_CHARACTERS = 1_000_000


def batched(items: Iterable[T], *, text_of: Callable[[T], str], max_texts: int = MAX_TEXTS) -> Iterator[list[T]]:
    """Items in their order, in lists of at most `max_texts` that are closed once they hold a million characters."""
    batch: list[T] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += len(text_of(item))
        if len(batch) >= max_texts or characters >= MAX_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
