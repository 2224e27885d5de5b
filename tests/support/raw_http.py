"""Requests byte by byte, as no client library would send them."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress


def raw_answer(port: int, parts: Iterator[bytes], *, timeout_s: float = 10.0) -> tuple[int, bytes, float]:
    """Send until the server answers or hangs up.

    Args:
        port: On this machine.
        parts: The request.
        timeout_s: Longest silence.

    Returns:
        Status (0 without one), everything that came back, and the seconds until its first byte.
    """
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        connection.settimeout(0.0)
        answer = _sent(connection, parts, timeout_s)
        seconds = time.monotonic() - started
        connection.settimeout(timeout_s)
        with suppress(OSError):
            while not _is_whole(answer) and (part := connection.recv(65_536)):
                answer += part
    words = answer.split(b" ", 2)
    return (int(words[1]) if len(words) > 1 and words[1].isdigit() else 0), answer, seconds


def _sent(connection: socket.socket, parts: Iterator[bytes], timeout_s: float) -> bytes:
    """Send while nothing has come back; returns its first bytes."""
    for part in parts:
        left = memoryview(part)
        while left:
            with suppress(BlockingIOError):
                return connection.recv(65_536)
            try:
                left = left[connection.send(left) :]
            except BlockingIOError:
                time.sleep(0.001)
            except OSError:
                return b""
    connection.settimeout(timeout_s)
    with suppress(OSError):
        return connection.recv(65_536)
    return b""


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False
