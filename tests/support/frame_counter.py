"""Many WebSocket clients in one cheap process: `python -m tests.support.frame_counter PORT CLIENTS PATH SECONDS`.

Frames are cut out of the bytes by hand, so that the clients cost a fraction of the server that is measured. Prints
"ready" when every client is connected, then reads one line: the last sequence number to wait for. Prints one JSON line.

Messages carry their moment of creation as `"at":<seconds since the epoch>` and, as their last number, `"seq":<n>`.
"""

import base64
import json
import os
import re
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

_AT = re.compile(rb'"at":([0-9.]+)')
_SEQ = re.compile(rb'"seq":([0-9]+)')
_SKIPPED = b'"skipped":'
_CLOSE, _PING = 0x8, 0x9


@dataclass
class Client:
    """One connection and what came over it."""

    socket: socket.socket
    buffer: bytes = b""
    seq: int = 0
    count: int = 0
    gaps: int = 0
    skipped: int = 0
    closed: int | None = None
    latencies: list[float] = field(default_factory=list)

    def receive(self) -> None:
        """Read what is there and count its frames."""
        try:
            chunk = self.socket.recv(1 << 18)
        except (ConnectionError, TimeoutError):
            chunk = b""
        if not chunk:
            self.closed = self.closed or 1006
            return
        now = time.time()
        content = self.buffer + chunk if self.buffer else chunk
        start, end = 0, len(content)
        while end - start >= 2:
            opcode, length, head = content[start] & 15, content[start + 1], 2
            if length == 126:
                length, head = int.from_bytes(content[start + 2 : start + 4], "big"), 4
            elif length == 127:
                length, head = int.from_bytes(content[start + 2 : start + 10], "big"), 10
            if end - start < head + length:
                break
            self._frame(opcode, content[start + head : start + head + length], now)
            start += head + length
        self.buffer = content[start:]

    def _frame(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == _PING:
            # masked with zeros, which changes nothing
            self.socket.send(bytes((0x8A, 0x80 | len(payload), 0, 0, 0, 0)) + payload)
        elif opcode == _CLOSE:
            self.closed = int.from_bytes(payload[:2], "big") if payload else 1005
        else:
            self.count += 1
            found = _SEQ.search(payload, max(0, len(payload) - 60))
            seq = int(found[1]) if found else 0
            if _SKIPPED in payload[-30:]:
                self.skipped += 1
            elif self.seq and seq != self.seq + 1:
                self.gaps += 1
            self.seq = seq
            moment = _AT.search(payload)
            if moment:
                self.latencies.append(now - float(moment[1]))


def connected(port: int, path: str, *, receive_bytes: int | None = None) -> socket.socket:
    """A WebSocket after its handshake, by hand.

    Args:
        port: Of the service on this machine.
        path: With its query.
        receive_bytes: Size of the receive buffer; a small one makes a client that does not read felt sooner.
    """
    connection = socket.socket()
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(60)
    connection.connect(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1)
    assert b" 101 " in answer, answer
    return connection


def count_frames(clients: list[Client], *, last_seq: Any, seconds: float) -> None:
    """Read until every client has the last number, or the time is up; `last_seq()` is None while it is not known."""
    poll = select.epoll()
    by_fd = {client.socket.fileno(): client for client in clients}
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        for fd, _ in poll.poll(0.05):
            client = by_fd[fd]
            client.receive()
            if client.closed is not None:
                poll.unregister(fd)
        last = last_seq()
        if last is not None and all(client.seq >= last or client.closed is not None for client in clients):
            break
    poll.close()


def main() -> int:
    port, number, path, seconds = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    clients = [Client(connected(port, path)) for _ in range(number)]
    _say("ready")
    known: list[int] = []

    def last_seq() -> int | None:
        if not known and select.select([sys.stdin], [], [], 0)[0]:
            known.append(int(sys.stdin.readline()))
        return known[0] if known else None

    count_frames(clients, last_seq=last_seq, seconds=seconds)
    latencies = sorted(latency for client in clients for latency in client.latencies)
    report = {
        "received": sum(client.count for client in clients),
        "fewest": min(client.count for client in clients),
        "gaps": sum(client.gaps for client in clients),
        "skipped": sum(client.skipped for client in clients),
        "closed": sum(client.closed is not None for client in clients),
        "latencies_ms": [round(latency * 1000, 1) for latency in latencies[:: max(1, len(latencies) // 5000)]],
        "cpu_s": round(time.process_time(), 2),
    }
    _say(json.dumps(report))
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
