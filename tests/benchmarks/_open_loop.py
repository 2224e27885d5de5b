"""Send requests at a fixed pace, whether answers come or not: `python -m tests.benchmarks._open_loop PORT PATH …`.

Latency counts from the moment at which a request was due: a server that falls behind cannot make the client wait with
it and look better than it is (coordinated omission).
"""

import argparse
import asyncio
import json
import math
import time
from collections import deque


class Connection(asyncio.Protocol):
    """One kept-alive connection; requests on it are answered in order."""

    is_open = False
    sent = 0

    def __init__(self, took_s: list[float], statuses: dict[str, int]) -> None:
        self._took_s = took_s
        self._statuses = statuses
        self._due: deque[float] = deque()
        self._buffer = b""
        self.transport: asyncio.Transport | None = None

    @property
    def waiting(self) -> int:
        """Requests without an answer."""
        return len(self._due)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False

    def send(self, request: bytes, due_at: float) -> None:
        """Send a request that was due at a moment of the monotonic clock."""
        assert self.transport is not None
        self._due.append(due_at)
        self.sent += 1
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            _, _, rest = head.partition(b"content-length: ")
            length = int(rest.partition(b"\r\n")[0] or 0)
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            if not self._due:
                return  # a farewell to a connection that nobody used: no answer of ours
            self._took_s.append(time.perf_counter() - self._due.popleft())
            status = head[9:12].decode()
            self._statuses[status] = self._statuses.get(status, 0) + 1


async def drive(
    port: int,
    request: bytes,
    *,
    per_s: float,
    seconds: float,
    connections: int,
    settle_s: float = 0.0,
) -> dict[str, object]:
    """Latencies in milliseconds and what was answered.

    Args:
        port: Of the server.
        request: Sent again and again.
        per_s: Requests per second.
        seconds: How long.
        connections: Opened before, and used in turn.
        settle_s: Pause between the opening and the first request.
    """
    loop, took_s, statuses = asyncio.get_running_loop(), list[float](), dict[str, int]()
    made = [
        await loop.create_connection(lambda: Connection(took_s, statuses), "127.0.0.1", port)
        for _ in range(connections)
    ]
    pool = [protocol for _, protocol in made]
    await asyncio.sleep(settle_s)
    started, count = time.perf_counter(), int(per_s * seconds)
    for number in range(count):
        due_at = started + number / per_s
        if (pause_s := due_at - time.perf_counter()) > 0:
            await asyncio.sleep(pause_s)
        _next(pool).send(request, due_at)
    give_up = time.perf_counter() + 10
    while len(took_s) < count and time.perf_counter() < give_up:
        await asyncio.sleep(0.01)
    for connection in pool:
        if connection.transport is not None:
            connection.transport.close()
    return {"sent": count, "statuses": statuses, **_percentiles(took_s)}


def _next(pool: list[Connection]) -> Connection:
    """The open connection with the fewest requests before it; of several the least used.

    A server closes connections that nobody uses for seconds. Were there any, a request would now and then be sent into
    one that is about to end, which says nothing about the server.
    """
    return min(pool, key=lambda each: (not each.is_open, each.waiting, each.sent))


def _percentiles(took_s: list[float]) -> dict[str, float]:
    ordered = sorted(took_s)
    if not ordered:
        return {}
    return {
        f"p{percent}_ms": round(ordered[min(len(ordered) - 1, math.ceil(len(ordered) * percent / 100))] * 1000, 2)
        for percent in (50, 99)
    }


def main() -> None:
    """Drive one address and print one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--token", default="")
    parser.add_argument("--per-s", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    token = f"Authorization: Bearer {options.token}\r\n" if options.token else ""
    request = f"GET {options.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}\r\n".encode()
    figures = drive(
        options.port, request, per_s=options.per_s, seconds=options.seconds, connections=options.connections
    )
    print(json.dumps(asyncio.run(figures)))


if __name__ == "__main__":
    main()
