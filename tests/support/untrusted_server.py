"""A server that speaks TLS with a certificate for which nobody vouches."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.certificates import self_signed


class UntrustedServer(ThreadingHTTPServer):
    """Counts the requests that reach it: each is one of a client that verified nothing."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests = 0
        shown = self_signed(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shown.cert, shown.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def place(self) -> str:
        """Address and port."""
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: UntrustedServer

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_error(500)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def untrusted_server(folder: Path) -> Iterator[UntrustedServer]:
    """One on a free port of this machine."""
    with UntrustedServer(folder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
