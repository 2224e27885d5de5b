"""A small real server that speaks OpenAI's `/v1/embeddings`; its vectors are those of `tests.support.search`."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.search import vector_of

KEY = "sk-streng-geheim"


@dataclass
class EmbeddingServer:
    """How it behaves, and what it was sent.

    Args:
        failures: Statuses with which the next requests are answered.
        retry_after: Sent with a failure.
        delay_s: Before every answer.
        change: Made to every answer before it is sent.
    """

    url: str = ""
    failures: list[int] = field(default_factory=list)
    retry_after: str = ""
    delay_s: float = 0.0
    change: Callable[[dict[str, Any]], object] = lambda answer: answer
    inputs: list[list[str]] = field(default_factory=list)

    def answer(self, body: dict[str, Any], key: str) -> tuple[int, object]:
        """Status and content."""
        time.sleep(self.delay_s)
        if key != f"Bearer {KEY}":
            return 401, {"error": {"message": "wrong key"}}
        self.inputs.append(body["input"])
        if self.failures:
            return self.failures.pop(0), {"error": {"message": "not now"}}
        rows = [
            {"object": "embedding", "index": index, "embedding": (3 * vector_of(text)).tolist()}
            for index, text in enumerate(body["input"])
        ]
        # servers may answer in any order
        return 200, self.change({"object": "list", "data": rows[::-1], "model": f"{body['model']}-2026"})


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """A server on a free port of this machine."""
    behaviour = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = behaviour.answer(body, self.headers.get("Authorization", ""))
            if self.path != "/v1/embeddings":
                status, content = 404, {"error": "unknown path"}
            raw = json.dumps(content).encode()
            self.send_response(status)
            if behaviour.retry_after and status != 200:
                self.send_header("Retry-After", behaviour.retry_after)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            try:
                self.wfile.write(raw)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    behaviour.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
