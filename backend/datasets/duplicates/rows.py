"""What is kept of every text: rows of one size in a file of the caller, so that memory does not grow with them."""

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.signatures import BANDS

ROW = np.dtype(
    [
        ("bands", "<u8", (BANDS,)),
        ("body", "<u8", (2,)),
        ("valid_from", "<i4"),
        ("valid_to", "<i4"),
        ("quality", "<f8"),
        ("rank", "u1"),
        ("length", "<u4"),
        ("shingle_count", "<u4"),
        ("shingle_place", "<u8"),
        ("id_size", "<u4"),
        ("id_place", "<u8"),
    ]
)
"""`bands` mean nothing where `shingle_count` is 0; dates are ordinals; `length` is in characters; places are byte
offsets in the spool of shingles and ids."""


class Rows:
    """Rows in the order in which they came.

    Args:
        file: Empty, open for reading and writing; nobody else uses it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._count = 0

    def __len__(self) -> int:
        """Rows so far."""
        return self._count

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def append(self, rows: NDArray[np.void]) -> None:
        """Keep rows of dtype `ROW`."""
        self._file.seek(self._count * ROW.itemsize)
        self._file.write(rows.tobytes())
        self._count += len(rows)

    def take(self, numbers: NDArray[np.int64]) -> NDArray[np.void]:
        """Some rows."""
        return np.frombuffer(b"".join(map(self._read, numbers.tolist())), dtype=ROW)

    def _read(self, number: int) -> bytes:
        self._file.seek(number * ROW.itemsize)
        return self._file.read(ROW.itemsize)
