"""The figures of a run as it went in the end: what was trained again after a crash replaces what was lost.

An attempt that goes on from a checkpoint logs the steps behind it once more. The figures wait in a file without a name
until all have come, since the last ones decide which of the earlier ones count.
"""

import json
import tempfile
from array import array
from collections.abc import Iterable, Iterator

from backend.training.exports.protocol import Figure


class LastCourse:
    """Takes figures in the order in which they were logged; `close` removes the file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - see close
        self._steps = array("q")
        self._kinds: list[int] = []
        self._names: dict[str, int] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def add(self, figures: Iterable[Figure]) -> None:
        """Take a page of them."""
        for figure in figures:
            self._steps.append(figure[2])
            self._kinds.append(self._names.setdefault(figure[1], len(self._names)))
            self._file.write(json.dumps(figure) + "\n")

    def figures(self) -> Iterator[Figure]:
        """Those that count, in order: no later one of the same kind is of the same or an earlier step."""
        counts = self._counting()
        self._file.seek(0)
        for line, counts_too in zip(self._file, counts, strict=True):
            if counts_too:
                milliseconds, kind, step, values = json.loads(line)
                yield milliseconds, kind, step, values

    def _counting(self) -> bytearray:
        """1 for each figure that counts, found from the end."""
        found = bytearray(len(self._steps))
        lowest: dict[int, int] = {}
        for number in range(len(self._steps) - 1, -1, -1):
            step, kind = self._steps[number], self._kinds[number]
            if kind not in lowest or step < lowest[kind]:
                found[number], lowest[kind] = 1, step
        return found
