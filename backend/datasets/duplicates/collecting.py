"""Texts to rows and spooled shingles, a batch at a time."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.bodies import body_digest
from backend.datasets.duplicates.ngrams import ngrams_of
from backend.datasets.duplicates.rows import ROW, Rows
from backend.datasets.duplicates.signatures import band_keys
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


def collect(batch: Sequence[ComparedText], rows: Rows, spool: BinaryIO) -> None:
    """Append a row for every text; its shingles and its id go to the end of the spool."""
    lowered = [text.text.lower() for text in batch]
    words = words_of(lowered)
    shingles, counts = ngrams_of(words.hashes, words.counts, SHINGLE_WORDS)
    ids = [text.id.encode("utf-8", "surrogatepass") for text in batch]
    made = np.empty(len(batch), dtype=ROW)
    made["bands"] = band_keys(shingles, counts)
    made["body"] = np.frombuffer(b"".join(map(body_digest, lowered)), dtype="<u8").reshape(-1, 2)
    made["identity"] = [_identity(each) for each in ids]
    made["valid_from"] = [_ordinal(text.valid_from, _ALWAYS) for text in batch]
    made["valid_to"] = [_ordinal(text.valid_to, _FOR_EVER) for text in batch]
    made["quality"] = [-np.inf if text.quality is None else text.quality for text in batch]
    made["length"] = [len(text.text) for text in batch]
    made["shingle_count"] = counts
    made["id_size"] = [len(each) for each in ids]
    place = spool.seek(0, 2)
    made["shingle_place"] = place + _before(counts) * shingles.itemsize
    made["id_place"] = place + shingles.nbytes + _before(made["id_size"])
    spool.write(shingles.tobytes())
    spool.write(b"".join(ids))
    rows.append(made)


def _identity(text_id: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text_id, digest_size=8).digest(), "little")


def _ordinal(day: date | None, missing: int) -> int:
    return missing if day is None else day.toordinal()


def _before(sizes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Sum of the sizes before each."""
    ends: NDArray[np.uint64] = np.cumsum(sizes, dtype=np.uint64)
    return ends - sizes.astype(np.uint64)
