"""Run services as child processes in the foreground: start, wait until ready, stop all cleanly."""

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from config import BaseConfig
from frontend.cli.service_ports import ServiceNotInstalled, is_installed, require_free_port
from frontend.cli.texts import text
from frontend.client.services import Service, service_url
from frontend.client.tls import client_context
from shared.errors import Unavailable

_POLL_S = 0.1


class ServiceEnded(Unavailable):
    """A service ended although nobody asked it to."""

    code = "service_ended"

    def __init__(self, service: Service, code: int, log: Path | None) -> None:
        message = text("serve.died", name=service.name, code=code, path=log or "stderr", tail=_tail(log))
        super().__init__(message, service=service.name, process_exit_code=code)


class ServiceNotReady(Unavailable):
    """A service runs, but did not become ready in time."""

    code = "service_not_ready"

    def __init__(self, service: Service, timeout_s: float, reason: str, log: Path | None) -> None:
        message = text(
            "serve.not_ready", name=service.name, seconds=f"{timeout_s:g}", reason=reason, path=log or "stderr"
        )
        super().__init__(message, service=service.name)


@dataclass(frozen=True, slots=True)
class RunningService:
    """A child process that serves.

    Args:
        log: File that its output goes to; None: our own stderr.
        tls: Trust and certificate for calls to it; None: the machine's own.
    """

    service: Service
    url: str
    process: "subprocess.Popen[bytes]"
    log: Path | None
    tls: ssl.SSLContext | None = None


@contextmanager
def running(
    services: Sequence[Service],
    settings: BaseConfig,
    *,
    show_logs: bool = False,
    grace_s: float = 35.0,
    environment: Mapping[str, str] | None = None,
) -> Iterator[list[RunningService]]:
    """Start services as children; when the block ends all of them are stopped, within `grace_s`.

    Raises:
        ServiceNotInstalled: Before anything starts.
        PortInUse: Before anything starts.
    """
    for service in services:
        if not is_installed(service):
            raise ServiceNotInstalled(service)
        require_free_port(service, settings)
    children: list[RunningService] = []
    try:
        for service in services:
            child = _start(service, settings, show_logs=show_logs, environment=environment or os.environ)
            children.append(child)  # at once: if the next one fails to start, this one must be stopped
        yield children
    finally:
        _stop(children, grace_s)


def wait_ready(child: RunningService, *, timeout_s: float, is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Wait for `/readyz` to answer 200; False if `is_stopping` became true meanwhile.

    Raises:
        ServiceEnded: If the process ended.
        ServiceNotReady: After `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    reason = "no answer"
    with httpx.Client(trust_env=False, timeout=2.0, verify=child.tls or True) as http:
        while not is_stopping():
            code = child.process.poll()
            if code is not None:
                raise ServiceEnded(child.service, code, child.log)
            try:
                response = http.get(f"{child.url}/readyz")
                if response.is_success:
                    return True
                reason = f"HTTP {response.status_code}: {response.text[:300]}"
            except httpx.TransportError as exc:
                reason = str(exc) or type(exc).__name__
            if time.monotonic() > deadline:
                raise ServiceNotReady(child.service, timeout_s, reason, child.log)
            time.sleep(_POLL_S)
    return False


def wait_for_end(children: Sequence[RunningService], is_stopping: Callable[[], bool]) -> None:
    """Stay until somebody asks to stop.

    Raises:
        ServiceEnded: If a service ends before that.
    """
    while not is_stopping():
        for child in children:
            code = child.process.poll()
            if code is not None and not is_stopping():
                raise ServiceEnded(child.service, code, child.log)
        time.sleep(_POLL_S)


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """While the block runs, Ctrl-C and SIGTERM only set a flag; yields the function that reads it."""
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(
    service: Service, settings: BaseConfig, *, show_logs: bool, environment: Mapping[str, str]
) -> RunningService:
    # a session of its own: Ctrl-C reaches us alone, and we stop the children in order
    own_group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    command = [sys.executable, "-m", service.module]
    url, tls = service_url(service, settings), client_context(settings)
    if show_logs:
        process = subprocess.Popen(command, env=dict(environment), stdout=sys.stderr, **own_group)  # noqa: S603 - our module
        return RunningService(service, url, process, None, tls)
    log = settings.logs_dir / f"{service.name}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        output = log.open("ab")
    except OSError as exc:
        raise Unavailable(f"The log {log} cannot be written: {exc.strerror}.", path=str(log)) from exc
    with output:
        process = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
            command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT, **own_group
        )
    return RunningService(service, url, process, log, tls)


def _stop(children: Sequence[RunningService], grace_s: float) -> None:
    for child in children:
        if child.process.poll() is None:
            _ask_to_end(child.process)
    deadline = time.monotonic() + grace_s
    for child in children:
        try:
            child.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            # the grace is over, or a second Ctrl-C says that it is
            child.process.kill()
            child.process.wait()


def _ask_to_end(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":
        process.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        process.terminate()


def _tail(log: Path | None, lines: int = 15) -> str:
    if log is None:
        return ""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - 8192))
            return "\n".join(stream.read().decode("utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
