"""Where one file of a split ends and the next one begins: before the rows exceed a number of bytes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHARD_BYTES = 500_000_000
"""Largest file of an export; only a single record of that size could exceed it."""


class ShardedRecords:
    """Records of a canonical file, cut into shards while they are read.

    Args:
        path: Canonical JSON lines.
        limit_bytes: Most bytes of the lines of one shard.
    """

    def __init__(self, path: Path, *, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._lines = _lines(path)
        self._next = next(self._lines, None)
        self.size_bytes = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether no further shard follows."""
        return self._next is None

    def shard(self) -> Iterator[dict[str, Any]]:
        """The records of the next shard; to be read to its end before another one is asked for."""
        used = 0
        while (line := self._next) is not None:
            if used and used + len(line) > self._limit:
                return
            used += len(line)
            self.size_bytes += len(line)
            self._next = next(self._lines, None)
            yield json.loads(line)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from stream
