"""A seeded sample of the given texts: spread over the whole corpus, never all of it in memory."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.errors import InvalidInput

TextsFactory = Callable[[], Iterator[str]]
_BUCKETS = 1_000_000


class CorpusTooSmall(InvalidInput):
    """There is not enough text to make a language model from."""

    code = "corpus_too_small"

    def __init__(self, characters: int, needed: int) -> None:
        super().__init__(
            f"The starter model needs at least {needed} characters of text; {characters} were found. "
            "Ingest more documents first (`clara ingest PATH`).",
            characters=characters,
            needed=needed,
        )


@dataclass(frozen=True, slots=True)
class CorpusSize:
    """What one pass over the texts counted."""

    texts: int
    characters: int


def measure(texts_factory: TextsFactory, *, needed_characters: int) -> CorpusSize:
    """Count texts and characters.

    Raises:
        CorpusTooSmall: If there are fewer than `needed_characters`.
    """
    texts = characters = 0
    for text in texts_factory():
        texts += 1
        characters += len(text)
    if characters < needed_characters:
        raise CorpusTooSmall(characters, needed_characters)
    return CorpusSize(texts, characters)


def sample(texts_factory: TextsFactory, *, share: float, seed: int, purpose: str) -> Iterator[str]:
    """About `share` of the texts, chosen by a hash of seed, purpose and text: the same ones on every run."""
    threshold = int(share * _BUCKETS)
    for text in texts_factory():
        digest = hashlib.blake2b(f"{seed}:{purpose}:".encode() + text.encode("utf-8", "replace"), digest_size=8)
        if int.from_bytes(digest.digest(), "big") % _BUCKETS < threshold and text.strip():
            yield text
