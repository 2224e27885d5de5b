"""A TCP proxy in front of a real server that can be told to fail: refuse, hang, be slow, cut what is open."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

_CHUNK = 1 << 16


class Fault(StrEnum):
    """What the proxy does."""

    NONE = "none"
    REFUSE = "refuse"  # connections are reset, as when no server listens
    HANG = "hang"  # connections are taken and nothing ever comes back
    SLOW = "slow"  # every chunk of an answer waits `delay_s`


class FaultProxy:
    """Forwards to `host:port` from a port of its own; close it when done.

    Args:
        delay_s: What each chunk of an answer waits while the fault is SLOW.
    """

    def __init__(self, host: str, port: int, *, delay_s: float = 0.5) -> None:
        self._target = (host, port)
        self._delay_s = delay_s
        self._fault = Fault.NONE
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()[:2]
        threading.Thread(target=self._accept, name="fault-proxy", daemon=True).start()

    def fail(self, fault: Fault) -> None:
        """Behave so from now on; open connections are cut unless they go on under NONE or SLOW."""
        self._fault = fault
        if fault is Fault.REFUSE:
            self.cut()

    def heal(self) -> None:
        """Forward again; connections that hung are cut, since their peers gave them up."""
        was, self._fault = self._fault, Fault.NONE
        if was is Fault.HANG:
            self.cut()

    def cut(self) -> None:
        """Reset every open connection."""
        with self._lock:
            connections, self._open = list(self._open), set()
        for connection in connections:
            _reset(connection)

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Fail inside the block and heal after it."""
        self.fail(fault)
        try:
            yield
        finally:
            self.heal()

    def close(self) -> None:
        """Stop for good."""
        self._is_closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._fault is Fault.REFUSE:
                _reset(client)
                continue
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target, timeout=10)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        with self._lock:
            self._open.add(server)
        threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
        self._pump(server, client, True)

    def _pump(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                while self._fault is Fault.HANG and not self._is_closed:
                    time.sleep(0.02)
                if is_answer and self._fault is Fault.SLOW:
                    time.sleep(self._delay_s)
                sink.sendall(chunk)
        for end in (source, sink):
            with self._lock:
                self._open.discard(end)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _reset(connection: socket.socket) -> None:
    """Close with a reset and not with a farewell."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
