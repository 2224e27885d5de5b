"""The service seen from its child process: what comes over stdin, what goes over stdout, and its end.

The end of either pipe means that the service is gone. Its claim will be given to another, and whatever the child still
did could only be in the way: it ends itself at once, with everything it started.
"""

import io
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NoReturn

from backend.common.json_lines import decode, encode

ORPHANED_EXIT_CODE = 75


class ParentPipe:
    """Both directions.

    Args:
        connection: What leads to the service; None: stdin and stdout. Then, from its making on, whatever a library
            prints goes to stderr, the log.
    """

    def __init__(self, connection: socket.socket | None = None) -> None:
        if connection is None:
            private = os.dup(1)
            os.dup2(2, 1)
            # unbuffered: a thread that waits inside a buffer makes the interpreter abort at its own end
            self._input: io.RawIOBase = io.FileIO(sys.stdin.fileno(), closefd=False)
            self._output: BinaryIO = os.fdopen(private, "wb")
        else:
            self._input = connection.makefile("rb", buffering=0)
            self._output = connection.makefile("wb")
        self._lock = threading.Lock()

    def order(self) -> dict[str, Any]:
        """The first line.

        Raises:
            ValueError: If it is not a JSON object.
        """
        return decode(self._input.readline())

    def listen(self, take: Callable[[Mapping[str, Any]], None] = lambda _: None) -> None:
        """Hand further lines to `take`, in a thread of its own, until the service is gone."""

        def follow() -> None:
            for line in self._input:
                take(decode(line))
            end_process_group()

        threading.Thread(target=follow, daemon=True, name="parent-pipe").start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one message."""
        try:
            with self._lock:
                self._output.write(encode(message))
                self._output.flush()
        except (BrokenPipeError, ConnectionResetError):
            end_process_group()


def end_process_group() -> NoReturn:
    """Leave at once, and take children (data loaders, ranks of a distributed run) along."""
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(ORPHANED_EXIT_CODE)
