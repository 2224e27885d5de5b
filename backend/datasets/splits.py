"""Which split a document belongs to, and which one may hold a text."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.models.dataset import Split
from shared.utils.splitting import split_of

DEFAULT_SEED = 42
DEFAULT_SHARES: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}
ALGORITHM = "blake2b(path + seed) mod 10^6"


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """How documents are divided.

    Args:
        seed: Another seed gives another, equally stable division.
        shares: Split name -> share; they add up to 1.
    """

    seed: int = DEFAULT_SEED
    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))

    def split(self, path: str) -> Split:
        """The split of the document that lies at `path` below its source.

        The path, not the document's id, decides: it is the same on every installation and in every version.
        """
        return Split(split_of(path, self.seed, self.shares))


def text_hash(text: str) -> bytes:
    """Identity of a text for exact de-duplication: case and white space do not count, digits and umlauts do."""
    return hashlib.blake2b(" ".join(text.lower().split()).encode("utf-8", "surrogatepass"), digest_size=8).digest()


class TextOwners:
    """Which split a text belongs to: the first one that asks, so splits must be asked in their order."""

    def __init__(self) -> None:
        self._owners: dict[bytes, Split] = {}

    def admits(self, text: str, split: Split) -> bool:
        """Whether no earlier split holds this text."""
        return self._owners.setdefault(text_hash(text), split) is split
