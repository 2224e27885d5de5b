"""A process that was forked for us: its pipes are ours, its end is told by the parent that forked it."""

import asyncio
import os
from typing import IO, Any, cast

from backend.common.child_process import LINE_LIMIT, UNKNOWN_EXIT_CODE

_WORD_S = 1.0


class ForkedEnd:
    """How one forked process ends, from the handle on it and from what its parent tells.

    Args:
        pid: Its process id.
        handle: A pidfd; closed here once it has told the end.
    """

    def __init__(self, pid: int, handle: int) -> None:
        self.pid = pid
        self.exit_code: int | None = None
        self._handle = handle
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(handle, self._seen)

    def told(self, exit_code: int) -> None:
        """Somebody says how it ended; the first word counts."""
        if self.exit_code is None:
            self.exit_code = exit_code

    def _seen(self) -> None:
        self._loop.remove_reader(self._handle)
        os.close(self._handle)
        # its parent says how, if that is still there
        self._loop.call_later(_WORD_S, self.told, UNKNOWN_EXIT_CODE)


class ForkedProcess:
    """Implements `RunningProcess`."""

    def __init__(self, end: ForkedEnd, stdin: "PipeWriter", stdout: asyncio.StreamReader, heard: Any) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self._end = end
        self._heard: asyncio.ReadTransport = heard

    @classmethod
    async def connect(cls, end: ForkedEnd, order: IO[bytes], messages: IO[bytes]) -> "ForkedProcess":
        """The process with our ends of its pipes, which belong to the event loop from now on."""
        loop = asyncio.get_running_loop()
        stdin, stdout = PipeWriter(), asyncio.StreamReader(limit=LINE_LIMIT)
        await loop.connect_write_pipe(lambda: stdin, order)
        heard, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), messages)
        return cls(end, stdin, stdout, heard)

    @property
    def pid(self) -> int:
        """Process id, also the id of its process group."""
        return self._end.pid

    @property
    def returncode(self) -> int | None:
        """The exit code once it has ended."""
        return self._end.exit_code

    def close(self) -> None:
        """Let go of the pipes."""
        self.stdin.close()
        self._heard.close()


class PipeWriter(asyncio.BaseProtocol):
    """Our end of a pipe; what is written to a pipe that nobody reads any more is dropped."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._has_room = asyncio.Event()
        self._has_room.set()

    def write(self, data: bytes, /) -> None:
        """Send this."""
        if self._transport is not None:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until there is room for more."""
        await self._has_room.wait()

    def close(self) -> None:
        """Say that nothing more comes."""
        if self._transport is not None:
            # what is still to be written would keep it open while a grandchild holds the other end
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self._transport = None
        self._has_room.set()

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._has_room.clear()

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._has_room.set()
