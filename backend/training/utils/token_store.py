"""Tokenised records in memory-mapped files: any corpus, flat memory.

ids.bin      int32   token ids of all records, one after the other
mask.bin     uint8   1 where the token is trained, same length
offsets.bin  int64   n + 1 positions where records begin
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from shared.storage import disk_errors

Ids = npt.NDArray[np.int32]
Mask = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


class TokenWriter:
    """Appends records to the three files; `close` makes them readable.

    Args:
        folder: Existing private folder.
        name: Distinguishes several stores in one folder (train, validation …).
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._paths = _paths(folder, name)
        with disk_errors(folder):
            self._ids, self._mask, self._offsets = (path.open("wb") for path in self._paths)
            self._offsets.write(np.zeros(1, dtype=np.int64).tobytes())
        self._folder = folder
        self._end = 0

    def add(self, token_ids: Sequence[int], mask: Sequence[int]) -> None:
        """Append one record; `mask` has a value per token, 1 where it is trained."""
        ids = np.asarray(token_ids, dtype=np.int32)
        flags = np.asarray(mask, dtype=np.uint8)
        # nothing precedes the first token, so no model can be trained to predict it
        flags[:1] = 0
        self._end += len(ids)
        with disk_errors(self._folder):
            self._ids.write(ids.tobytes())
            self._mask.write(flags.tobytes())
            self._offsets.write(np.asarray([self._end], dtype=np.int64).tobytes())

    def close(self) -> None:
        """Flush all three files."""
        with disk_errors(self._folder):
            for stream in (self._ids, self._mask, self._offsets):
                stream.close()

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        """Close, whatever happened."""
        self.close()


@dataclass(frozen=True, slots=True)
class TokenRecords:
    """Records of a token store, cut to `max_length` when they are read.

    Args:
        ids: All token ids, shape (tokens,), memory-mapped.
        mask: All loss masks, shape (tokens,), memory-mapped.
        starts: First position of each record, shape (n,).
        full_lengths: Tokens of each record before truncation, shape (n,).
        max_length: Tokens kept of a record; None keeps all.
    """

    ids: Ids
    mask: Mask
    starts: Numbers
    full_lengths: Numbers
    max_length: int | None = None

    def __len__(self) -> int:
        """Number of records."""
        return len(self.starts)

    def __getitem__(self, index: int) -> tuple[Ids, Mask]:
        """Token ids and mask of one record, each of shape (length,)."""
        start = int(self.starts[index])
        stop = start + int(self.lengths[index])
        return self.ids[start:stop], self.mask[start:stop]

    @property
    def lengths(self) -> Numbers:
        """Tokens of each record after truncation, shape (n,)."""
        return self.full_lengths if self.max_length is None else np.minimum(self.full_lengths, self.max_length)

    @property
    def truncated(self) -> int:
        """Number of records that lose tokens."""
        return 0 if self.max_length is None else int((self.full_lengths > self.max_length).sum())

    @property
    def tokens(self) -> int:
        """Tokens of all records after truncation."""
        return int(self.lengths.sum())

    def trained_tokens(self) -> Numbers:
        """Tokens that each record trains after truncation, shape (n,)."""
        return np.asarray([int(self[index][1].sum()) for index in range(len(self))], dtype=np.int64)

    def first_trained(self) -> Numbers:
        """Length that each record needs at least to train one token, shape (n,); 0 where none is ever trained."""
        whole = replace(self, max_length=None)
        found = (np.flatnonzero(whole[index][1]) for index in range(len(self)))
        return np.asarray([flags[0] + 1 if len(flags) else 0 for flags in found], dtype=np.int64)

    def truncate(self, max_length: int | None) -> "TokenRecords":
        """The same records read with another limit."""
        return replace(self, max_length=max_length)

    def select(self, indices: Numbers) -> "TokenRecords":
        """Some of the records, in the given order."""
        return replace(self, starts=self.starts[indices], full_lengths=self.full_lengths[indices])


def open_tokens(folder: Path, name: str) -> TokenRecords:
    """Map what a `TokenWriter` closed."""
    ids_path, mask_path, offsets_path = _paths(folder, name)
    offsets = np.fromfile(offsets_path, dtype=np.int64)
    if offsets[-1] == 0:  # an empty file cannot be mapped
        return TokenRecords(np.zeros(0, np.int32), np.zeros(0, np.uint8), offsets[:-1], np.diff(offsets))
    ids: Ids = np.memmap(ids_path, dtype=np.int32, mode="r")
    mask: Mask = np.memmap(mask_path, dtype=np.uint8, mode="r")
    return TokenRecords(ids, mask, offsets[:-1], np.diff(offsets))


def _paths(folder: Path, name: str) -> tuple[Path, Path, Path]:
    return folder / f"{name}.ids.bin", folder / f"{name}.mask.bin", folder / f"{name}.offsets.bin"
