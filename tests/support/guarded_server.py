"""A service's own server, with limits of choice, on a free port of this machine for as long as a `with` block."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from backend.common.connections import Connections
from backend.common.limits import ConnectionLimits
from backend.common.listening import listening_sockets
from backend.common.server import Address, Serving, _Server, _server_config
from backend.common.tls import TlsFiles


@dataclass(frozen=True)
class GuardedServer:
    """Where it is, and whom it counts."""

    port: int
    connections: Connections


@contextmanager
def guarded_server(
    app: FastAPI, limits: ConnectionLimits, *, tls: TlsFiles | None = None, loop: str = "auto"
) -> Iterator[GuardedServer]:
    """Serve an application.

    Args:
        app: From `small_app`.
        limits: What the listener takes.
        tls: Serve https.
        loop: `asyncio` for the loop that Windows has, too.
    """
    listeners = listening_sockets("127.0.0.1", 0, "CLARA_TEST_PORT")
    port = int(listeners[0].getsockname()[1])
    config = _server_config(Serving(app, Address("127.0.0.1", port, "X"), tls, grace_s=1, limits=limits))
    config.loop = loop
    server = _Server(config, [])
    thread = threading.Thread(target=server.run, args=(listeners,), daemon=True)
    thread.start()
    try:
        assert comes_true(lambda: server.started)
        yield GuardedServer(port, config.connections)
    finally:
        server.should_exit = True
        thread.join(10)


def comes_true(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    """Whether a condition holds before the time is over."""
    ends_at = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > ends_at:
            return False
        time.sleep(0.01)
    return True
