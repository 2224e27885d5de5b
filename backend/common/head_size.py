"""How large the head of a request is, counted as it comes: in one burst with its body or byte by byte."""

import re

_BLANK = b"\r\n"
_END = re.compile(rb"\n\r?\n")


class HeadSize:
    """Counts one head at a time."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The head is over; what comes next is counted from its own beginning."""
        self._bytes = 0
        self._last = b""

    def take(self, data: bytes) -> int:
        """Take in what came.

        Args:
            data: The next bytes of the connection; the body may have begun in them.

        Returns:
            Size of the head so far, without what follows its end (unit: bytes).
        """
        if not self._bytes:
            # parsers skip blank lines before a request, which therefore do not end a head
            data = data.lstrip(_BLANK)
        found = _END.search(self._last + data)
        size = self._bytes + (len(data) if found is None else found.end() - len(self._last))
        self._bytes += len(data)
        self._last = (self._last + data[-3:])[-3:]
        return size
