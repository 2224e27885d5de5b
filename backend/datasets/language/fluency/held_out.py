"""The part of a corpus that limits are measured on: whole documents, since sections of one share their words."""

import hashlib
from collections.abc import Iterator

SHARE = 0.2
MAX_CHARS = 24_000_000
_RANGE = 1 << 64


class HeldOut:
    """Chooses documents by the hash of their names, so the choice does not depend on their order.

    Args:
        share: Of documents; halved as often as needed to stay below `max_chars`.
        max_chars: Characters that are kept in memory.
    """

    def __init__(self, *, share: float = SHARE, max_chars: int = MAX_CHARS) -> None:
        self._end = int(share * _RANGE)
        self._max_chars = max_chars
        self._chars = 0
        self._kept: list[tuple[int, str]] = []

    @property
    def texts(self) -> list[str]:
        """What is held out now."""
        return [text for _, text in self._kept]

    def learnt(self, document: str, text: str) -> Iterator[str]:
        """Texts to learn from once this one is known: it, or what had to give way to it, or none."""
        place = int.from_bytes(hashlib.blake2b(document.encode(), digest_size=8).digest())
        if place >= self._end:
            yield text
            return
        self._kept.append((place, text))
        self._chars += len(text)
        while self._chars > self._max_chars:
            self._end //= 2
            given_up = [text for place, text in self._kept if place >= self._end]
            self._kept = [each for each in self._kept if each[0] < self._end]
            self._chars -= sum(map(len, given_up))
            yield from given_up
