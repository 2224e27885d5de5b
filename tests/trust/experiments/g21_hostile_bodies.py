"""Bodies made to break a server are refused at once, and clients that take their time take nobody else's.

Every body is a request of its own, byte by byte, at two real services. Archives that unpack to more than they may, and
markup that grows, are sent as uploads: nothing of them is taken in. Then clients come that say nothing, or send a head
or a body a byte at a time. All the while others ask /health of both services, and the memory of both is looked at, with
that of the processes which read uploads for them.
"""

import asyncio
import contextlib
import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from tests.support.bombs import bombs
from tests.support.dataset_service import markdown_parts
from tests.support.hostile_bodies import JOBS, SEARCH, hostile_requests, hostile_uploads
from tests.support.installation import Installation, installation
from tests.support.raw_http import raw_answer
from tests.support.slow_callers import SlowCallers
from tests.support.tree_memory import tree_of
from tests.trust.place import Place

_SLOW_HEAD_S = 3.0
_WITHIN_S = 2.0
_GROWTH_MIB = 200.0
_HEALTH_S = 0.2
_HEALTH = b"GET /health HTTP/1.1\r\nHost: clara\r\nConnection: close\r\n\r\n"
_GOOD = 1


def run(place: Place) -> Mapping[str, Any]:
    """Bodies, bombs, slow callers."""
    home = place.folder / "home"
    callers = place.scaled(full=200, fast=60)
    settings = {"CLARA_SECURITY_MODE": "testing", "CLARA_HEADER_SECONDS": str(_SLOW_HEAD_S)}
    security = security_from(DevelopmentConfig(security_mode="testing", home=home))
    with installation(home, **settings) as it:
        token = issue_test_token(security)
        _start_readers(it, token)
        pids = [process.pid for process in it.processes.values()]
        ports = [it.ports[name] for name in it.processes]
        with MemoryWatch(pids) as memory, HealthWatch(ports) as health:
            answers = _bodies(it, token) | _bombs(it, token)
            slow = _slow(it, token, callers, for_s=place.scaled(full=30.0, fast=5.0))
        taken_in = _documents(it, token) - _GOOD
        alive = all(process.poll() is None for process in it.processes.values())
        tracebacks = sum(it_log.read_text(errors="replace").count("Traceback") for it_log in home.glob("*.out"))
    wrong = {name: status for name, (status, _) in answers.items() if not 400 <= status < 500}
    slowest_s = max(seconds for _, seconds in answers.values())
    return {
        "holds": not wrong
        and slowest_s <= _WITHIN_S
        and memory.growth_mib <= _GROWTH_MIB
        and not taken_in
        and health.p95_s <= _HEALTH_S
        and health.failures == 0
        and slow["longest_head_s"] <= _SLOW_HEAD_S + 2.0
        and alive
        and not tracebacks,
        "bodies": len(answers),
        "refused_with_4xx": len(answers) - len(wrong),
        "not_refused": wrong,
        "slowest_s": round(slowest_s, 2),
        "documents_taken_in": taken_in,
        "slow_callers": slow,
        "memory_growth_mib": memory.growth_mib,
        "health_calls": len(health.seconds),
        "health_failures": health.failures,
        "health_p95_s": health.p95_s,
        "tracebacks": tracebacks,
        "services_alive": alive,
    }


def _start_readers(it: Installation, token: str) -> None:
    """Have a good document read, so that the process which reads them is there before its memory is looked at."""
    with _client(it, token) as client:
        client.post("/api/datasets/upload", files=markdown_parts(_GOOD)).raise_for_status()


def _documents(it: Installation, token: str) -> int:
    with _client(it, token) as client:
        return int(client.get("/api/datasets/documents").raise_for_status().json()["total_count"])


def _client(it: Installation, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=it.url("datasets"), headers=headers, trust_env=False, timeout=120)


def _bodies(it: Installation, token: str) -> dict[str, tuple[int, float]]:
    """Name -> status and seconds."""
    asked = {f"jobs: {name}": ("training", parts) for name, parts in hostile_requests(JOBS, token).items()}
    asked |= {f"search: {name}": ("datasets", parts) for name, parts in hostile_requests(SEARCH, token).items()}
    asked |= {f"upload: {name}": ("datasets", parts) for name, parts in hostile_uploads(token).items()}
    answers = {}
    for name, (service, parts) in asked.items():
        status, _, seconds = raw_answer(it.ports[service], parts())
        answers[name] = (status, seconds)
    return answers


def _bombs(it: Installation, token: str) -> dict[str, tuple[int, float]]:
    """The same for files that an upload must not unpack."""
    answers = {}
    with _client(it, token) as client:
        for name, content in bombs().items():
            started = time.monotonic()
            status = client.post("/api/datasets/upload", files={"files": (name, content)}).status_code
            answers[f"file: {name}"] = (status, time.monotonic() - started)
    return answers


def _slow(it: Installation, token: str, callers: int, *, for_s: float) -> Mapping[str, Any]:
    crowd = SlowCallers(it.ports["training"], f"Authorization: Bearer {token}\r\n".encode())
    asyncio.run(crowd.come(callers, for_s=for_s))
    return {
        "callers": callers,
        "answers": {str(status): number for status, number in sorted(crowd.statuses.items())},
        "longest_head_s": round(crowd.longest_s, 2),
    }


class HealthWatch(threading.Thread):
    """Asks /health of services all the time, by turns."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self._ports = itertools.cycle(ports)
        self._is_over = threading.Event()
        self.seconds: list[float] = []
        self.failures = 0

    @property
    def p95_s(self) -> float:
        """How long all but the slowest twentieth of the calls took at most."""
        return round(sorted(self.seconds)[int(0.95 * len(self.seconds))], 4)

    def run(self) -> None:
        while not self._is_over.wait(0.05):
            started = time.monotonic()
            status = 0
            # a new connection each time: it has to find a place
            with contextlib.suppress(OSError):
                status, _, _ = raw_answer(next(self._ports), iter([_HEALTH]), timeout_s=5)
            self.failures += status != httpx.codes.OK
            self.seconds.append(time.monotonic() - started)

    def __enter__(self) -> "HealthWatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


class MemoryWatch(threading.Thread):
    """Looks at the resident memory of processes and all they started; `growth_mib` is the most that one grew by."""

    def __init__(self, pids: list[int]) -> None:
        super().__init__(daemon=True)
        self._before = {pid: _of_tree_mib(pid) for pid in pids}
        self._is_over = threading.Event()
        self.growth_mib = 0.0

    def run(self) -> None:
        while not self._is_over.wait(0.02):
            for pid, before in self._before.items():
                self.growth_mib = max(self.growth_mib, round(_of_tree_mib(pid) - before, 1))

    def __enter__(self) -> "MemoryWatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


def _of_tree_mib(pid: int) -> float:
    return sum(map(_resident_mib, tree_of(pid)))


def _resident_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    # it has ended
    return 0.0
