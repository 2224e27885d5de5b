"""Clients that take their time, to keep a server's places for themselves."""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

_BODY = b"POST /api/training/jobs HTTP/1.1\r\nHost: clara\r\nContent-Type: application/json\r\nContent-Length: 900\r\n"


@dataclass
class SlowCallers:
    """A crowd on one port: some say nothing, some send a head, some a body, a byte at a time.

    Args:
        port: On this machine.
        authorization: Line of the head for those who send a body.
        statuses: What they were answered.
        longest_s: Life of the connection that lived longest, those with a body aside.
    """

    port: int
    authorization: bytes
    statuses: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0
    ended: int = 0

    async def come(self, callers: int, *, for_s: float) -> None:
        """Hold on for so long, or until the server ends it."""
        await asyncio.gather(*(self._one(number, for_s) for number in range(callers)))

    async def _one(self, number: int, for_s: float) -> None:
        kind = number % 3
        started = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        dripping = asyncio.create_task(self._drip(writer, kind))
        answer = b""
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(for_s):
                answer = await reader.read()
                self.ended += 1
        dripping.cancel()
        writer.close()
        words = answer.split(b" ", 2)
        self.statuses[int(words[1]) if len(words) > 1 else 0] += 1
        if kind != 2:
            self.longest_s = max(self.longest_s, time.monotonic() - started)

    async def _drip(self, writer: asyncio.StreamWriter, kind: int) -> None:
        with suppress(OSError):
            if kind == 1:
                writer.write(b"GET /health HTTP/1.1\r\nX-Slow: ")
            elif kind == 2:
                writer.write(_BODY + self.authorization + b"\r\n{")
            while kind:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.5)
