"""A small real server that speaks OpenAI's `/v1/chat/completions` and asks about the texts that it is sent."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-streng-geheim"
_TEXT = re.compile(r"<text>\s*(.*?)\s*</text>", re.DOTALL)
_REFERENCE = re.compile(r"Das ist (.*?):")


def supported_reply(prompt: str) -> str:
    """What a good model says: the first sentence of the text as answer and quotation."""
    shown, reference = _TEXT.search(prompt), _REFERENCE.search(prompt)
    assert shown is not None
    assert reference is not None
    sentence = re.split(r"(?<=[.])\s", re.sub(r"^\(\d+\)\s*", "", shown[1]))[0]
    content = {"question": f"Was bestimmt {reference[1]} zuerst?", "answer": sentence, "quote": sentence}
    return f"Gern:\n```json\n{json.dumps(content, ensure_ascii=False)}\n```"


@dataclass
class ChatServer:
    """How it behaves, and what it was sent.

    Args:
        failures: Statuses with which the next requests are answered; 0 cuts the connection.
        retry_after: Sent with a failure.
        delay_s: Before every answer.
        reply: What the model says to a prompt.
        prompts: Those that were answered, in order.
        requests: How many came.
        most_at_once: Highest number of requests under way.
    """

    url: str = ""
    failures: list[int] = field(default_factory=list)
    retry_after: str = ""
    delay_s: float = 0.0
    reply: Callable[[str], Any] = supported_reply
    prompts: list[str] = field(default_factory=list)
    requests: int = 0
    most_at_once: int = 0
    under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, body: dict[str, Any], key: str) -> tuple[int, object]:
        """Status and content; status 0 gives no answer at all."""
        with self.lock:
            self.requests += 1
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            time.sleep(self.delay_s)
            return self._answer(body, key)
        finally:
            with self.lock:
                self.under_way -= 1

    def _answer(self, body: dict[str, Any], key: str) -> tuple[int, object]:
        if key != f"Bearer {KEY}":
            return 401, {"error": {"message": f"wrong key {key}"}}
        with self.lock:
            if self.failures:
                return self.failures.pop(0), {"error": {"message": "not now"}}
            prompt = body["messages"][-1]["content"]
            self.prompts.append(prompt)
        choice = {"index": 0, "message": {"role": "assistant", "content": self.reply(prompt)}, "finish_reason": "stop"}
        return 200, {"object": "chat.completion", "model": body["model"], "choices": [choice]}


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """A server on a free port of this machine."""
    behaviour = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = behaviour.answer(body, self.headers.get("Authorization", ""))
            if self.path != "/v1/chat/completions":
                status, content = 404, {"error": "unknown path"}
            if status == 0:
                self.close_connection = True
                return
            raw = json.dumps(content).encode()
            try:
                self.send_response(status)
                if behaviour.retry_after and status != 200:
                    self.send_header("Retry-After", behaviour.retry_after)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    behaviour.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
