"""Listeners that count who comes, and a look at every `connect` of this process."""

import errno
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Listener:
    """A TCP port that answers every request with a redirect, or not at all.

    Args:
        location: Where it sends its callers; empty: it hangs up.
        accepted: Connections so far.
    """

    location: str = ""
    accepted: int = 0
    port: int = 0

    def serve(self, listening: socket.socket) -> None:
        """Answer until the socket is closed."""
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                self.accepted += 1
                with connection, suppress(OSError):
                    connection.settimeout(2)
                    connection.recv(65_536)
                    if self.location:
                        head = f"HTTP/1.1 302 Found\r\nLocation: {self.location}\r\n"
                        connection.sendall(f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())


@contextmanager
def listening(*hosts: str, port: int = 0) -> Iterator[Listener]:
    """A listener on these addresses, on one port."""
    listener = Listener(port=port)
    sockets = []
    try:
        for host in hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            one = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(one)
            try:
                one.bind((host, listener.port))
            except OSError as error:
                # machines without IPv6: nobody can be led there
                if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and ":" in host:
                    continue
                raise
            one.listen(64)
            listener.port = one.getsockname()[1]
            threading.Thread(target=listener.serve, args=(one,), daemon=True).start()
        yield listener
    finally:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@dataclass
class Connects:
    """Addresses that this process tried to connect to while `watching`."""

    tried: list[str] = field(default_factory=list)
    is_on: bool = False


_CONNECTS = Connects()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _CONNECTS.is_on and isinstance(arguments[1], tuple):
        _CONNECTS.tried.append(str(arguments[1][0]))


@contextmanager
def watching() -> Iterator[Connects]:
    """Note every attempt; hooks cannot be taken back, so there is one for all."""
    if not getattr(_hook, "is_added", False):
        sys.addaudithook(_hook)
        _hook.is_added = True  # type: ignore[attr-defined]  # a function carries what belongs to it
    _CONNECTS.tried.clear()
    _CONNECTS.is_on = True
    try:
        yield _CONNECTS
    finally:
        _CONNECTS.is_on = False
