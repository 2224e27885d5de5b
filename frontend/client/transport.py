"""One HTTP connection to one service: JSON in, JSON out, problems as errors, explicit time limits."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from frontend.client.errors import BadAddress, NotReachable, Problem, UnexpectedAnswer, error_for
from frontend.client.models import Answer
from frontend.client.services import Service, is_loopback

A = TypeVar("A", bound=Answer)
TokenSource = Callable[[], str | None]

_PROBLEM_MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "code", "errors", "error"})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Longest waits, all in seconds.

    Args:
        connect_s: Until the connection stands.
        read_s: Between two pieces of an ordinary answer.
        transfer_s: The same while files are uploaded, downloaded or checked (the service reads them meanwhile).
    """

    connect_s: float = 5.0
    read_s: float = 60.0
    transfer_s: float = 600.0


class Transport:
    """Speaks to one service; opened on first use.

    Args:
        service: Whom it speaks to.
        url: Base address without a trailing slash.
        token: Bearer token, or what gives one for each call; None where the service asks for none.
        http: Another httpx transport, for tests and for clients inside a process.
    """

    def __init__(
        self,
        service: Service,
        url: str,
        token: str | TokenSource | None,
        *,
        timeouts: Timeouts,
        ssl_context: ssl.SSLContext | None = None,
        http: httpx.BaseTransport | None = None,
    ) -> None:
        self.service = service
        self.url = _checked(service, url)
        self._token = token
        self.timeouts = timeouts
        self.ssl_context = ssl_context
        self._http = http
        self._opened: list[httpx.Client] = []

    @property
    def token(self) -> str | None:
        """The bearer token for a call that is made now.

        Raises:
            ClaraError: If it has ended and there is no new one to be had.
        """
        return self._token() if callable(self._token) else self._token

    @cached_property
    def _client(self) -> httpx.Client:
        # on first use: loading the certificate store takes longer than most requests
        client = httpx.Client(
            base_url=self.url,
            auth=self._authorized,
            timeout=self._timeout(self.timeouts.read_s),
            verify=self.ssl_context if self.ssl_context is not None else True,
            trust_env=not is_loopback(urlsplit(self.url).hostname or ""),
            transport=self._http,
        )
        self._opened.append(client)
        return client

    def _authorized(self, request: httpx.Request) -> httpx.Request:
        if token := self.token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    def close(self) -> None:
        """Close its connections."""
        for client in self._opened:
            client.close()

    def get(self, path: str, model: type[A], *, params: Mapping[str, Any] | None = None, is_slow: bool = False) -> A:
        """`GET path` as `model`; None among `params` means absent, slow is what reads whole files before it answers."""
        return self.call("GET", path, model, params=params, is_slow=is_slow)

    def get_json(self, path: str, *, params: Mapping[str, Any] | None = None) -> Any:
        """`GET path` as plain JSON values."""
        return self._json(self._send("GET", path, attempts=2, params=_present(params)))

    def call(
        self,
        method: str,
        path: str,
        model: type[A],
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        conflict_on: int | None = None,
        is_slow: bool = False,
        is_repeatable: bool = False,
    ) -> A:
        """Any JSON call; only `GET`, and what does no harm twice, is repeated when a connection breaks.

        Raises:
            ServiceError: The service answered with a problem.
            NotReachable: No answer.
            UnexpectedAnswer: An answer of another shape.
        """
        attempts = 2 if method == "GET" or is_repeatable else 1
        arguments: dict[str, Any] = {"params": _present(params), "headers": headers}
        if body is not None:
            arguments["json"] = body
        if is_slow:
            arguments["timeout"] = self._timeout(self.timeouts.transfer_s)
        response = self._send(method, path, attempts=attempts, conflict_on=conflict_on, **arguments)
        return self._as(model, self._json(response), f"{method} {response.url}")

    def upload(
        self, path: str, model: type[A], *, files: Sequence[tuple[str, Any]], fields: Mapping[str, str], attempts: int
    ) -> A:
        """A multipart POST; `attempts` > 1 only where repeating does no harm."""
        response = self._send(
            "POST",
            path,
            attempts=attempts,
            files=files,
            data=dict(fields),
            timeout=self._timeout(self.timeouts.transfer_s),
        )
        return self._as(model, self._json(response), f"POST {response.url}")

    @contextmanager
    def stream(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """An answer read piece by piece; bytes arrive as they were stored, never re-encoded."""
        arguments: dict[str, Any] = {} if body is None else {"json": body}
        request = f"{method} {self.url}{path}"
        timeout = self._timeout(self.timeouts.transfer_s)
        sent = {"Accept-Encoding": "identity", **(headers or {})}
        try:
            with self._client.stream(method, path, headers=sent, timeout=timeout, **arguments) as response:
                if response.is_error:
                    response.read()
                    raise error_for(self.service, request, _problem(response))
                yield response
        except httpx.TransportError as exc:
            raise NotReachable(self.service, self.url, _reason(exc)) from exc

    def parse(self, model: type[A], content: object, request: str) -> A:
        """`content` as `model`.

        Raises:
            UnexpectedAnswer: If it has another shape.
        """
        return self._as(model, content, request)

    def _send(
        self, method: str, path: str, *, attempts: int, conflict_on: int | None = None, **arguments: Any
    ) -> httpx.Response:
        for attempt in range(1, attempts + 1):
            try:
                response = self._client.request(method, path, **arguments)
                break
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                raise NotReachable(self.service, self.url, _reason(exc)) from exc
            except httpx.TransportError as exc:
                if attempt == attempts:
                    raise NotReachable(self.service, self.url, _reason(exc), may_have_arrived=True) from exc
                _rewind(arguments.get("files", ()))
        if response.is_error:
            raise error_for(self.service, f"{method} {response.url}", _problem(response), conflict_on=conflict_on)
        return response

    def _json(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError as exc:
            found = f"HTTP {response.status_code} with {response.headers.get('content-type', 'no content type')}"
            raise UnexpectedAnswer(self.service, f"{response.request.method} {response.url}", found) from exc

    def _as(self, model: type[A], content: object, request: str) -> A:
        try:
            return model.model_validate(content)
        except ValidationError as exc:
            error = exc.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in error["loc"]) or "the answer"
            raise UnexpectedAnswer(self.service, request, f"{where}: {error['msg']}") from exc

    def _timeout(self, read_s: float) -> httpx.Timeout:
        return httpx.Timeout(connect=self.timeouts.connect_s, read=read_s, write=read_s, pool=self.timeouts.connect_s)


def _checked(service: Service, url: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise BadAddress(service, url)
    return url.rstrip("/")


def _present(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}


def _rewind(files: Sequence[tuple[str, Any]]) -> None:
    for _, (_, content, *_) in files:
        content.seek(0)


def _reason(exc: httpx.TransportError) -> str:
    if isinstance(exc, httpx.TimeoutException):
        return "no answer in time"
    return str(exc) or type(exc).__name__


def _problem(response: httpx.Response) -> Problem:
    retry_after = response.headers.get("Retry-After", "")
    # the other form of the header, a date, depends on two clocks that agree; our services do not use it
    retry_after_s = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
    return problem(response.status_code, response.reason_phrase, response.content, retry_after_s=retry_after_s)


def problem(
    status: int, phrase: str, content: bytes | bytearray | None, *, retry_after_s: float | None = None
) -> Problem:
    """The problem document in the body of an error answer; any other body still gives a readable one."""
    try:
        body = json.loads(content or b"")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Problem(status, "", f"HTTP {status} {phrase}".strip(), (), {}, retry_after_s)
    errors = body.get("errors")
    detail = body.get("detail") or body.get("title") or phrase
    return Problem(
        status=status,
        code=str(body.get("code") or ""),
        detail=str(detail),
        errors=tuple(e for e in errors if isinstance(e, dict)) if isinstance(errors, list) else (),
        members={name: value for name, value in body.items() if name not in _PROBLEM_MEMBERS},
        retry_after_s=retry_after_s,
    )
