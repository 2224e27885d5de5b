"""Run one application in this process until it is told to stop."""

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import uvicorn
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from backend.common.connections import Connections
from backend.common.guarded_config import GuardedConfig
from backend.common.http_protocol import HttpProtocol
from backend.common.limits import NORMAL_LIMITS, ConnectionLimits
from backend.common.listening import listening_sockets
from backend.common.open_files import within_open_files
from backend.common.tls import FollowedTls, TlsFiles
from backend.common.tls_listener import TlsListener
from backend.common.websocket_protocol import WebSocketProtocol
from shared.errors import ClaraError

logger = logging.getLogger(__name__)

EXIT_START_REFUSED, EXIT_START_FAILED, EXIT_STOP_CUT_SHORT = 2, 3, 4
_CUT_SHORT_AFTER_GRACE_S = 1.5
_NOT_FOR_OTHERS = 0o027
_MAX_WEBSOCKET_MESSAGE_BYTES = 64 * 1024
_OBJECTS_PER_COLLECTION = 20_000
_STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)  # SIGBREAK is Windows'


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen.

    Args:
        host: Name or address.
        port: Port.
        port_setting: Environment variable that changes it.
    """

    host: str
    port: int
    port_setting: str


@dataclass(frozen=True, slots=True)
class Serving:
    """An application and how it is served.

    Args:
        app: From `build_app`.
        address: Where to listen.
        tls: Serve https.
        grace_s: Seconds that open requests and WebSockets get to finish on their own.
        limits: What the listener takes.
    """

    app: FastAPI
    address: Address
    tls: TlsFiles | None = None
    grace_s: int = 30
    limits: ConnectionLimits = NORMAL_LIMITS


def start_service(title: str, compose: Callable[[], Serving], *, wrong_settings: type[Exception]) -> int:
    """Put a service together and run it; what keeps it from starting is told in one line.

    Args:
        title: Name for people.
        compose: Reads the settings and builds the application.
        wrong_settings: What it raises if they make no sense; its text names them.

    Returns:
        Exit code: see `run_service`; 2 for wrong settings too.
    """
    keep_from_others()
    try:
        serving = compose()
    except ClaraError as error:
        return _refuse_start(title, error.message)
    except wrong_settings as error:
        return _refuse_start(title, str(error))
    return run_service(serving)


def keep_from_others() -> None:
    """From now on what this process and its children make is for its user and group alone: documents lie in it.

    On Windows the folder decides.
    """
    os.umask(os.umask(_NOT_FOR_OTHERS) | _NOT_FOR_OTHERS)


def run_service(serving: Serving) -> int:
    """Serve until SIGTERM or Ctrl+C, then end open requests and close the lifespan.

    Returns:
        Exit code: 0 after a graceful stop, 2 if the start was refused for a reason (one line on standard error), 3 if
        it failed for an unknown one (traceback in the log). A stop that takes longer than the grace (a thread that
        hangs in a database or on a disk) is cut short with 4, since whatever runs us would kill us next.
    """
    app, address = serving.app, serving.address
    serving = replace(serving, limits=within_open_files(serving.limits))
    try:
        server = _Server(_server_config(serving), app.state.on_stop)
        sockets = listening_sockets(address.host, address.port, address.port_setting)
    except ClaraError as exc:
        return _refuse_start(app.title, exc.message)
    with _stopping_on_signals(server), _few_collections():
        try:
            server.run(sockets)
        except SystemExit:
            # uvicorn's way of saying that the lifespan failed
            error = app.state.start_error
            return _refuse_start(app.title, error.message) if error else EXIT_START_FAILED
    return 0


def _refuse_start(title: str, reason: str) -> int:
    sys.stderr.write(f"{title} cannot start: {reason}\n")
    return EXIT_START_REFUSED


def _server_config(serving: Serving) -> GuardedConfig:
    config = GuardedConfig(
        _PlainStart(serving.app),
        # "auto" takes uvloop where it is installed; Windows has none
        loop="auto",
        http=HttpProtocol,
        # whoever connects could claim any address by a header, were it not for this list
        proxy_headers=bool(serving.limits.trusted_proxies),
        forwarded_allow_ips=list(serving.limits.trusted_proxies),
        ws=WebSocketProtocol,
        ws_max_size=_MAX_WEBSOCKET_MESSAGE_BYTES,
        # updates are short and go to many: compressing each for each client costs more than sending it
        ws_per_message_deflate=False,
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        workers=1,
        timeout_graceful_shutdown=serving.grace_s,
        **_tls_arguments(serving.tls),
    )
    config.connections = Connections(serving.limits)
    config.load()
    return config


def _tls_arguments(tls: TlsFiles | None) -> dict[str, Any]:
    if tls is None:
        return {}
    followed = FollowedTls(tls)
    return {"ssl_context_factory": lambda *_: followed.context}


class _Server(uvicorn.Server):
    """Tells the application that it stops, before it waits for open answers to end; counts before TLS handshakes."""

    config: GuardedConfig

    def __init__(self, config: GuardedConfig, on_stop: Sequence[Callable[[], None]]) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._tls_listeners: list[TlsListener] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the lifespan and listen."""
        context = self.config.ssl
        if context is None:
            await super().startup(sockets)
            return
        await super().startup([])
        self._tls_listeners = [
            TlsListener(each, context, self.config.connections, self._new_protocol) for each in sockets or []
        ]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        if threading.current_thread() is threading.main_thread():
            self._bound_stop()
        for stop in self._on_stop:
            stop()
        for listener in self._tls_listeners:
            listener.close()
        for listener in self._tls_listeners:
            await listener.wait_closed()
        await super().shutdown(sockets)

    def _new_protocol(self) -> HttpProtocol:
        return HttpProtocol(self.config, self.server_state, self.lifespan.state)

    def _bound_stop(self) -> None:
        # not even the end of the interpreter comes while a thread hangs: it waits for all of them
        grace_s = (self.config.timeout_graceful_shutdown or 0) + _CUT_SHORT_AFTER_GRACE_S
        timer = threading.Timer(grace_s, _cut_short)
        timer.daemon = True
        timer.start()


def _cut_short() -> NoReturn:
    """What a SIGKILL would do, which every part of us has to survive anyway."""
    logger.error("service.stop_cut_short")
    os._exit(EXIT_STOP_CUT_SHORT)


class _PlainStart:
    """Keeps the traceback of a deliberate refusal to start out of the log: its one line says it all."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, self._without_traceback(send) if scope["type"] == "lifespan" else send)

    def _without_traceback(self, send: Send) -> Send:
        async def send_plain(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed" and self._app.state.start_error:
                message = {"type": message["type"], "message": ""}
            await send(message)

        return send_plain


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for garbage rarely, and never among what is there before the first request.

    Reference counts free nearly everything at once. A full collection finds next to nothing and, with a thousand
    clients connected, makes all of them wait for 0.2 s; by default there is one every few seconds.
    """
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_COLLECTION, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@contextmanager
def _stopping_on_signals(server: uvicorn.Server) -> Iterator[None]:
    """Make a signal a request to stop from the first moment on, and an exit code of 0 at the end.

    uvicorn listens for signals only while it serves and raises them again afterwards, which would end the process as
    killed; and before it serves, the default action would leave no time to stop.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        server.should_exit = True

    earlier = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
