"""Keys of texts in a file of the caller, given back a part at a time, so that memory does not grow with them."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_ENTRY = np.dtype([("key", "<u8"), ("text", "<u4")])
_PARTS = 256
_PART_SHIFT = np.uint64(56)
_BLOCK = 1 << 16


class KeySpool:
    """Takes keys in any order; equal ones come back together.

    A part is the keys with the same leading byte: a 256th of all of them, as they are hashes. They are written in
    blocks that are sorted by part, and a part is read from each block.

    Args:
        file: Empty, open for reading and writing; nobody else uses it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting = np.empty(_BLOCK, dtype=_ENTRY)
        self._waiting_count = 0
        # of each block, where in the file its parts begin and the last one ends
        self._bounds: list[NDArray[np.int64]] = []

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def append(self, keys: NDArray[np.uint64], texts: NDArray[np.uint32]) -> None:
        """Keep keys.

        Args:
            keys: Hashes of 64 bits, shape (keys,).
            texts: Numbers of the texts that have them, shape (keys,).
        """
        start = 0
        while start < len(keys):
            taken = min(len(keys) - start, _BLOCK - self._waiting_count)
            room = self._waiting[self._waiting_count : self._waiting_count + taken]
            room["key"] = keys[start : start + taken]
            room["text"] = texts[start : start + taken]
            self._waiting_count += taken
            start += taken
            if self._waiting_count == _BLOCK:
                self._write()

    def parts(self) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint32]]]:
        """Keys and the texts that have them, part after part; no key is in two parts."""
        self._write()
        for part in range(_PARTS):
            entries = np.frombuffer(b"".join(self._read(part)), dtype=_ENTRY)
            yield np.ascontiguousarray(entries["key"]), np.ascontiguousarray(entries["text"])

    def _write(self) -> None:
        if not self._waiting_count:
            return
        entries = self._waiting[: self._waiting_count]
        parts = (entries["key"] >> _PART_SHIFT).astype(np.uint8)
        place = self._file.seek(0, 2)
        # a stable sort of bytes counts them, which is quicker than comparing
        self._file.write(entries[np.argsort(parts, kind="stable")].tobytes())
        ends = np.cumsum(np.bincount(parts, minlength=_PARTS))
        self._bounds.append(place + np.append(0, ends) * _ENTRY.itemsize)
        self._waiting_count = 0

    def _read(self, part: int) -> Iterator[bytes]:
        for bounds in self._bounds:
            start, end = bounds[part : part + 2].tolist()
            if end > start:
                self._file.seek(start)
                yield self._file.read(end - start)
