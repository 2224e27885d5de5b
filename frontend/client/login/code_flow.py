"""Log in with a browser on this machine: authorization code, PKCE, and a listener on the loopback address.

Source: RFC 8252 (native apps), RFC 7636 (PKCE, S256), RFC 9207 (issuer of the answer).
"""

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from frontend.client.login.provider import LoginRefused, Provider
from frontend.client.login.tokens import Tokens
from shared.errors import Unavailable

SCOPE = "openid email profile"
_PATH = "/callback"
_LONGEST_QUERY = 8192


class NobodyCame(Unavailable):
    """The browser did not come back in time."""

    code = "login_timed_out"

    def __init__(self, timeout_s: float) -> None:
        super().__init__(
            f"Nobody logged in within {timeout_s:.0f} seconds. Try again, or `clara login --device` on a machine "
            "without a browser."
        )


@dataclass(frozen=True, slots=True)
class _Secrets:
    """What ties the answer of the browser to this login; new for each."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def log_in_with_browser(
    provider: Provider, show: Callable[[str], None], *, timeout_s: float, page: str = "OK"
) -> Tokens:
    """Tokens for the person who logs in with a browser on this machine.

    Args:
        provider: Where.
        show: Gets the address that the browser has to open.
        timeout_s: How long to wait for it.
        page: Sentence that the browser shows at the end.

    Raises:
        NobodyCame: If nobody logs in in time.
        LoginRefused: If the provider or the person says no.
        ProviderUnreachable: If the provider does not answer.
    """
    own = _Secrets()
    authorization = provider.endpoints.authorization
    with _Listener(own.state, provider.issuer, page) as listener:
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": listener.redirect_uri,
            "scope": SCOPE,
            "state": own.state,
            "code_challenge": own.challenge,
            "code_challenge_method": "S256",
        }
        show(f"{authorization}{'&' if '?' in authorization else '?'}{urlencode(query)}")
        code = listener.wait(timeout_s)
        return provider.tokens(
            grant_type="authorization_code",
            code=code,
            redirect_uri=listener.redirect_uri,
            code_verifier=own.verifier,
        )


class _Listener:
    """Waits on a free loopback port for the one request that carries our state; all others change nothing."""

    def __init__(self, state: str, issuer: str, page: str) -> None:
        self._state, self._issuer, self._page = state, issuer, page
        self._answered = threading.Event()
        self._answer: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{_PATH}"

    def wait(self, timeout_s: float) -> str:
        """The authorization code."""
        if not self._answered.wait(timeout_s):
            raise NobodyCame(timeout_s)
        if "error" in self._answer:
            raise LoginRefused(self._answer["error"], self._answer.get("error_description", ""))
        return self._answer["code"]

    def __enter__(self) -> "_Listener":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, target: str) -> bool:
        """Whether a request is the answer to our login."""
        parts = urlsplit(target)
        fields = {name: values[0] for name, values in parse_qs(parts.query).items() if len(values) == 1}
        is_ours = (
            parts.path == _PATH
            and hmac.compare_digest(fields.get("state", "").encode(), self._state.encode())
            and fields.get("iss", self._issuer) == self._issuer
            and ("code" in fields) != ("error" in fields)
        )
        if is_ours and not self._answered.is_set():
            self._answer = fields
            self._answered.set()
        return is_ours

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10
            server_version, sys_version = "clara", ""

            def do_GET(self) -> None:
                is_ours = len(self.path) <= _LONGEST_QUERY and listener._take(self.path)
                body = (listener._page if is_ours else "").encode("utf-8")
                self.send_response(200 if is_ours else 404)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """The address holds the code: it goes into no log."""

        return Handler
