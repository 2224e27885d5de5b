"""Follow jobs over the WebSocket of the training service: every update once, in order, across lost connections."""

import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import ValidationError
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from frontend.client.errors import NotReachable, Problem, ServiceError, ServiceUnavailable, error_for
from frontend.client.models import JobUpdate
from frontend.client.services import is_loopback
from frontend.client.transport import Transport, problem

_REFUSED = {1008: 401, 3000: 401, 3003: 403, 4401: 401, 4403: 403, 4404: 404}
"""Close code -> the HTTP status that means the same: trying again would not help."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """How long a lost connection is sought again.

    Args:
        first_wait_s: Pause before the first new attempt; each further pause is twice as long.
        longest_wait_s: Upper bound of a pause.
        give_up_after_s: Time without any connection after which `NotReachable` is raised.
    """

    first_wait_s: float = 0.25
    longest_wait_s: float = 5.0
    give_up_after_s: float = 120.0


MissedUpdates = Callable[[int], Iterator[JobUpdate]]
"""Reads the updates with `seq >` its argument that exist already, in order."""


def watch(
    transport: Transport,
    job_id: str,
    *,
    missed: MissedUpdates,
    resume_from: int = 0,
    reconnect: Reconnect,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[JobUpdate]:
    """Updates of one job with `seq > resume_from` until it has ended, each once, in order, without gaps.

    A live update may overtake the replay of what came before it; what is missing then is read through `missed`.

    Raises:
        ServiceError: The service refuses the connection (token, role, unknown job).
        NotReachable: No connection for `reconnect.give_up_after_s`.
    """
    last_seq = resume_from
    missing_since = clock()
    wait_s = reconnect.first_wait_s
    while True:
        tried_at = clock()
        try:
            with closing(_received(transport, job_id, last_seq)) as received:
                for update in _ordered(received, last_seq, missed):
                    missing_since, wait_s = clock(), reconnect.first_wait_s
                    last_seq = update.seq
                    yield update
                    if update.status.is_terminal:
                        return
        except (_ConnectionLost, NotReachable, ServiceUnavailable) as exc:
            # a connection that held through silence counts; one that is cut at once does not
            if getattr(exc, "had_stood", False) and clock() - tried_at > reconnect.longest_wait_s:
                missing_since, wait_s = clock(), reconnect.first_wait_s
            if clock() - missing_since > reconnect.give_up_after_s:
                raise NotReachable(transport.service, transport.url, str(exc)) from exc
        sleep(wait_s)
        wait_s = min(2 * wait_s, reconnect.longest_wait_s)


class _ConnectionLost(Exception):
    """The connection ended or never stood, for a reason that may pass."""

    def __init__(self, reason: str, *, had_stood: bool) -> None:
        super().__init__(reason)
        self.had_stood = had_stood


def _ordered(received: Iterator[JobUpdate], last_seq: int, missed: MissedUpdates) -> Iterator[JobUpdate]:
    for update in received:
        if update.seq > last_seq + 1:
            for earlier in missed(last_seq):
                last_seq = earlier.seq
                yield earlier
        if update.seq > last_seq:
            last_seq = update.seq
            yield update


def _received(transport: Transport, job_id: str, last_seq: int) -> Generator[JobUpdate, None, None]:
    """Updates of one connection, from its replay to its end.

    Raises:
        _ConnectionLost: However it ended, unless the service refused for good.
        ServiceError: If it refused.
    """
    token = transport.token
    try:
        with _open(transport, job_id, token) as connection:
            connection.send(json.dumps({"resume_from": last_seq}))
            yield from _updates(connection, job_id)
        close = connection.close_code, connection.close_reason
    except InvalidStatus as exc:
        status = exc.response.status_code
        if status < 500 and status != 429:
            raise _refusal(transport, problem(status, exc.response.reason_phrase, exc.response.body)) from exc
        raise _ConnectionLost(f"HTTP {status}", had_stood=False) from exc
    except ConnectionClosed as exc:
        close = (exc.rcvd.code, exc.rcvd.reason) if exc.rcvd else (None, None)
    except (OSError, InvalidHandshake, EOFError) as exc:
        raise _ConnectionLost(str(exc) or type(exc).__name__, had_stood=False) from exc
    code, reason = close
    if code in _REFUSED:
        status = _REFUSED[code]
        if status == 401 and transport.token != token:
            # it ended on the way, and there is a new one
            raise _ConnectionLost("the token ended", had_stood=True)
        raise _refusal(transport, Problem(status, "", reason or f"Closed with code {code}.", (), {}))
    raise _ConnectionLost(f"closed with code {code}" if code else "the connection broke", had_stood=True)


def socket_url(url: str, job_id: str) -> str:
    """The WebSocket address that belongs to the HTTP address of the training service."""
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    path = f"{parts.path.rstrip('/')}/api/training/ws"
    return urlunsplit((scheme, parts.netloc, path, f"job_id={quote(job_id, safe='')}", ""))


def _open(transport: Transport, job_id: str, token: str | None) -> ClientConnection:
    options: dict[str, Any] = {}
    if transport.url.startswith("https") and transport.ssl_context is not None:
        options["ssl"] = transport.ssl_context
    if is_loopback(urlsplit(transport.url).hostname or ""):
        options["proxy"] = None
    connection: ClientConnection = connect(
        socket_url(transport.url, job_id),
        additional_headers={"Authorization": f"Bearer {token}"} if token else None,
        open_timeout=transport.timeouts.connect_s,
        close_timeout=1.0,
        **options,
    )
    return connection


def _updates(connection: ClientConnection, job_id: str) -> Iterator[JobUpdate]:
    """Job updates among the messages; `pong` and kinds that we do not know are passed over."""
    for message in connection:
        try:
            content = json.loads(message)
            if isinstance(content, dict) and content.get("type") == "job_update" and content.get("job_id") == job_id:
                yield JobUpdate.model_validate(content)
        except (ValueError, ValidationError):
            continue


def _refusal(transport: Transport, found: Problem) -> ServiceError:
    return error_for(transport.service, f"WS {transport.url}/api/training/ws", found)
