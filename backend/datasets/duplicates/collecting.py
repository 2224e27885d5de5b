"""Texts to rows, keys and spooled shingles, a batch at a time."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.bodies import body_digest
from backend.datasets.duplicates.key_spool import KeySpool
from backend.datasets.duplicates.ngrams import ngrams_of
from backend.datasets.duplicates.rows import ROW, Rows
from backend.datasets.duplicates.signatures import BANDS, band_keys
from backend.datasets.duplicates.texts import ComparedText
from backend.datasets.duplicates.words import words_of

SHINGLE_WORDS = 5
BATCH_CHARACTERS = 1 << 18
BATCH_TEXTS = 1 << 12
_ALWAYS, _FOR_EVER = 0, np.iinfo(np.int32).max


def batches(
    texts: Iterable[ComparedText], *, characters: int = BATCH_CHARACTERS, count: int = BATCH_TEXTS
) -> Iterator[list[ComparedText]]:
    """The texts in their order, in groups that are worth an array; a text is never divided."""
    batch: list[ComparedText] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text.text)
        if size >= characters or len(batch) >= count:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Collected:
    """What was kept of texts, in files of the caller.

    Args:
        open_file: Gives a new empty file that can be read and written; called four times.
    """

    def __init__(self, open_file: Callable[[], BinaryIO]) -> None:
        self.rows = Rows(open_file())
        """One of every text, in the order in which they came."""
        self.keys = KeySpool(open_file())
        """Of every text what it shares with those that it has to be compared with: its bands and half of its body."""
        self.identities = KeySpool(open_file())
        """A hash of every id."""
        self.spool = open_file()
        """Shingles and ids, where rows say."""

    def close(self) -> None:
        """Close the files."""
        for each in (self.rows, self.keys, self.identities, self.spool):
            each.close()

    def add(self, batch: Sequence[ComparedText]) -> None:
        """Take texts."""
        lowered = [text.text.lower() for text in batch]
        words = words_of(lowered)
        shingles, counts = ngrams_of(words.hashes, words.counts, SHINGLE_WORDS)
        ids = [text.id.encode("utf-8", "surrogatepass") for text in batch]
        made = np.empty(len(batch), dtype=ROW)
        made["bands"] = band_keys(shingles, counts)
        made["body"] = np.frombuffer(b"".join(map(body_digest, lowered)), dtype="<u8").reshape(-1, 2)
        made["valid_from"] = [_ordinal(text.valid_from, _ALWAYS) for text in batch]
        made["valid_to"] = [_ordinal(text.valid_to, _FOR_EVER) for text in batch]
        made["quality"] = [-np.inf if text.quality is None else text.quality for text in batch]
        made["rank"] = [text.rank for text in batch]
        made["length"] = [len(text.text) for text in batch]
        made["shingle_count"] = counts
        made["id_size"] = [len(each) for each in ids]
        place = self.spool.seek(0, 2)
        made["shingle_place"] = place + _before(counts) * shingles.itemsize
        made["id_place"] = place + shingles.nbytes + _before(made["id_size"])
        self.spool.write(shingles.tobytes())
        self.spool.write(b"".join(ids))
        self._add_keys(made, np.array([_identity(each) for each in ids], dtype=np.uint64))
        self.rows.append(made)

    def _add_keys(self, made: NDArray[np.void], identities: NDArray[np.uint64]) -> None:
        numbers = np.arange(len(self.rows), len(self.rows) + len(made), dtype=np.uint32)
        self.identities.append(identities, numbers)
        self.keys.append(made["body"][:, 0], numbers)
        has_shingles = made["shingle_count"] > 0
        self.keys.append(made["bands"][has_shingles].ravel(), np.repeat(numbers[has_shingles], BANDS))


def _identity(text_id: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text_id, digest_size=8).digest(), "little")


def _ordinal(day: date | None, missing: int) -> int:
    return missing if day is None else day.toordinal()


def _before(sizes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Sum of the sizes before each."""
    ends: NDArray[np.uint64] = np.cumsum(sizes, dtype=np.uint64)
    return ends - sizes.astype(np.uint64)
