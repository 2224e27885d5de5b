"""A Chroma database through its own driver: a server within a time-out, or a folder that one process holds.

`chromadb.HttpClient` asks the server three times while it is made and waits for ever each time. What it is made of is
used instead: the driver's `ServerAPI` with an HTTP session of ours, which gives every call a deadline and turns every
refusal of the server into one error.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from shared.errors import Unavailable
from shared.file_lock import hold
from shared.outgoing import OWN_SERVERS
from shared.outgoing.transport import GuardedTransport
from shared.utils.heavy_imports import load

if TYPE_CHECKING:
    from chromadb.api import ServerAPI
    from chromadb.api.models.Collection import Collection

_LOCK_FILE = "clara.lock"
_LONGEST_REASON = 300


class ChromaFailed(Unavailable):
    """A Chroma database cannot be reached, read or written."""

    code = "chroma_failed"

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"The Chroma database {place} cannot serve: {reason}.", place=place, reason=reason)
        self.reason = reason


class NoSuchCollection(Exception):
    """The collection is not there (any more); for callers inside the adapters."""


@dataclass(frozen=True, slots=True)
class ChromaPlace:
    """Where a Chroma database is: a server, or a folder.

    Args:
        host: Of the server; with `folder` it is not looked at.
        headers: Sent with every request, e.g. `Authorization` for a proxy in front; never shown.
        folder: Of an embedded database; only one process may hold it.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    is_tls: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    tenant: str = "default_tenant"
    database: str = "default_database"

    def __str__(self) -> str:
        """As messages name it."""
        return f"in {self.folder}" if self.folder else f"at {self.host}:{self.port}"


class ChromaConnection:
    """Opened by its first call; safe to share between threads.

    Args:
        timeout_s: Of a call, unless `within` says otherwise.
    """

    def __init__(self, place: ChromaPlace, *, timeout_s: float) -> None:
        self.place = place
        self._timeout_s = timeout_s
        self._deadline = threading.local()
        self._lock = threading.Lock()
        self._api: ServerAPI | None = None
        self._held_folder: int | None = None

    @contextmanager
    def within(self, timeout_s: float | None = None) -> Iterator[None]:
        """Everything in the block ends by one deadline, and every failure is a `ChromaFailed`.

        Raises:
            ChromaFailed: Naming the place and the reason.
            NoSuchCollection: If a collection went away.
        """
        _load_driver()
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        self._deadline.at = time.monotonic() + limit_s
        try:
            yield
        except httpx.TimeoutException as exc:
            raise ChromaFailed(str(self.place), f"it did not answer within {limit_s:g} s") from exc
        except httpx.HTTPError as exc:
            raise ChromaFailed(str(self.place), f"it cannot be reached ({exc or type(exc).__name__})") from exc
        except _Refused as exc:
            raise self._refusal(exc) from exc

    def collection(self, name: str) -> "Collection":
        """A collection that is there.

        Raises:
            NoSuchCollection: If it is not.
        """
        with self._driver_errors():
            place = self.place
            model = self._opened().get_collection(name=name, tenant=place.tenant, database=place.database)
        return self._bound(model)

    def create(self, name: str, *, metadata: Mapping[str, Any], space: str) -> "Collection":
        """Make a collection for vectors that are given, never made by the server."""
        with self._driver_errors():
            model = self._opened().create_collection(
                name=name,
                metadata=dict(metadata),
                configuration={"hnsw": {"space": space}, "embedding_function": None},
                tenant=self.place.tenant,
                database=self.place.database,
            )
        return self._bound(model)

    def delete(self, name: str) -> None:
        """Remove a collection; one that is not there needs none."""
        with suppress(NoSuchCollection), self._driver_errors():
            self._opened().delete_collection(name=name, tenant=self.place.tenant, database=self.place.database)

    def require_database(self) -> None:
        """Refuse a tenant or a database that the server does not have, which it would call a missing collection."""
        place = self.place
        try:
            with self._driver_errors():
                self._opened().get_database(name=place.database, tenant=place.tenant)
        except NoSuchCollection as exc:
            reason = f"it has no database '{place.database}' of the tenant '{place.tenant}'; make it, or set another"
            raise ChromaFailed(str(place), reason) from exc

    def largest_batch(self) -> int:
        """Records that one write may carry."""
        with self._driver_errors():
            return int(self._opened().get_max_batch_size())

    @contextmanager
    def driver_errors(self) -> Iterator[None]:
        """For calls on a collection: errors of the embedded driver come out as those of a server do."""
        with self._driver_errors():
            yield

    def close(self) -> None:
        """Give connections and the folder back; the next call opens anew."""
        with self._lock:
            api, self._api = self._api, None
            if api is not None:
                session = getattr(api, "_session", None)
                if session is not None:
                    session.close()
                else:
                    api.stop()
            if self._held_folder is not None:
                os.close(self._held_folder)
                self._held_folder = None

    @contextmanager
    def _driver_errors(self) -> Iterator[None]:
        from chromadb.errors import ChromaError, NotFoundError

        try:
            yield
        except NotFoundError as exc:
            raise NoSuchCollection(str(exc)) from exc
        except _Refused as exc:
            if exc.status == httpx.codes.NOT_FOUND:
                raise NoSuchCollection(exc.reason) from exc
            raise
        except ChromaError as exc:
            raise ChromaFailed(str(self.place), str(exc)[:_LONGEST_REASON]) from exc

    def _refusal(self, refused: "_Refused") -> ChromaFailed:
        if refused.status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            reason = f"it refuses our credentials (status {refused.status}); check the configured key"
        else:
            reason = f"it answered {refused.status}: {refused.reason}"
        return ChromaFailed(str(self.place), reason)

    def _bound(self, model: Any) -> "Collection":
        from chromadb.api.models.Collection import Collection

        return Collection(client=self._opened(), model=model, embedding_function=None)

    def _opened(self) -> "ServerAPI":
        with self._lock:
            if self._api is None:
                self._api = self._in_folder(self.place.folder) if self.place.folder else self._at_server()
            return self._api

    def _at_server(self) -> "ServerAPI":
        from chromadb.api import ServerAPI
        from chromadb.config import Settings, System

        settings = Settings(
            _env_file=None,
            chroma_api_impl="chromadb.api.fastapi.FastAPI",
            chroma_server_host=self.place.host,
            chroma_server_http_port=self.place.port,
            chroma_server_ssl_enabled=self.place.is_tls,
            chroma_server_headers=dict(self.place.headers),
            anonymized_telemetry=False,
        )
        api = System(settings).instance(ServerAPI)
        theirs: httpx.Client = api._session
        api._session = httpx.Client(
            transport=_Bounded(self._deadline, is_tls=self.place.is_tls), headers=theirs.headers, trust_env=False
        )
        theirs.close()
        return api

    def _in_folder(self, folder: Path) -> "ServerAPI":
        from chromadb.api import ServerAPI
        from chromadb.config import Settings, System

        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._held_folder = hold(folder / _LOCK_FILE)
        except BlockingIOError as exc:
            reason = (
                "another process holds it, and two would destroy it without a word; stop the other one, or run a "
                "Chroma server and set its address"
            )
            raise ChromaFailed(str(self.place), reason) from exc
        except OSError as exc:
            raise ChromaFailed(str(self.place), exc.strerror or str(exc)) from exc
        except Unavailable as exc:
            raise ChromaFailed(str(self.place), exc.message.rstrip(".")) from exc
        settings = Settings(
            _env_file=None,
            chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
            is_persistent=True,
            persist_directory=str(folder),
            anonymized_telemetry=False,
        )
        system = System(settings)
        api = system.instance(ServerAPI)
        try:
            with self._driver_errors():
                system.start()
        except BaseException:
            os.close(self._held_folder)
            self._held_folder = None
            raise
        return api


def _load_driver() -> None:
    """Import all that a call needs, before its time begins: it takes seconds on a busy machine, once."""
    load("chromadb.config", "chromadb.errors", "chromadb.api.fastapi", "chromadb.api.models.Collection")


class _Refused(Exception):
    """The server answered with an error."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class _Bounded(httpx.BaseTransport):
    """Sends requests; each must be answered to its end by the deadline of the thread that asks.

    Args:
        deadline: With `at`, by the monotonic clock.
        is_tls: Whether servers show a certificate.
    """

    def __init__(self, deadline: threading.local, *, is_tls: bool) -> None:
        self._deadline = deadline
        # without TLS there is nothing to verify, and certificates take a while to load
        self._transport = GuardedTransport(OWN_SERVERS, verify=is_tls, limits=httpx.Limits(keepalive_expiry=20))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer.

        Raises:
            httpx.TimeoutException: If it is not there in time.
            _Refused: If it is an error.
        """
        request.extensions["timeout"] = self._left()
        answer = self._transport.handle_request(request)
        try:
            # read by the connection when the body begins
            request.extensions["timeout"].update(self._left())
            content = b"".join(self._chunks(answer))
        finally:
            answer.close()
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise _Refused(answer.status_code, _reason(content))
        # what the wire did to the content is undone by the caller, by these headers
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)

    def close(self) -> None:
        """Close what is kept open."""
        self._transport.close()

    def _chunks(self, answer: httpx.Response) -> Iterator[bytes]:
        for chunk in answer.stream:  # type: ignore[union-attr] # a synchronous transport gives a synchronous stream
            yield chunk
            self._left()

    def _left(self) -> dict[str, float]:
        left_s = self._deadline.at - time.monotonic()
        if left_s <= 0:
            raise httpx.ReadTimeout("the deadline has passed")
        return dict.fromkeys(("connect", "read", "write", "pool"), left_s)


def _reason(content: bytes) -> str:
    """What an error says in words; a page of a proxy in front is cut short."""
    import json

    with suppress(ValueError):
        told = json.loads(content)
        if isinstance(told, dict):
            return str(told.get("message") or told.get("error") or told.get("detail") or told)[:_LONGEST_REASON]
    return content.decode("utf-8", "replace").strip()[:_LONGEST_REASON] or "without a word"
