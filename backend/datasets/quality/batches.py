"""Texts in batches: large enough that arrays pay, small enough that memory stays flat."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

MAX_TEXTS = 500
MAX_CHARACTERS = 125_000


def batched(items: Iterable[T], *, size_of: Callable[[T], int], max_items: int = MAX_TEXTS) -> Iterator[list[T]]:
    """Items in their order, in lists that end with `max_items`, or with the item that makes `MAX_CHARACTERS` full.

    Args:
        items: Drawn as batches are.
        size_of: Characters of an item.
        max_items: At least 1.
    """
    batch: list[T] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += size_of(item)
        if len(batch) >= max_items or characters >= MAX_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
