"""Bodies made to break a server are refused at once, and clients that take their time take nobody else's.

Every body is a request of its own, byte by byte, at two real services; their memory is looked at all the while. Then
clients come that say nothing, or send a head or a body a byte at a time, while /health is asked by others. Archives
that unpack to more than they may, and markup that grows, are sent as uploads: nothing of them is taken in.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from tests.support.bombs import bombs
from tests.support.hostile_bodies import JOBS, SEARCH, hostile_requests, hostile_uploads
from tests.support.installation import Installation, installation
from tests.support.raw_http import raw_answer
from tests.support.slow_callers import SlowCallers
from tests.trust.place import Place

_SLOW_HEAD_S = 3.0
_WITHIN_S = 2.0
_GROWTH_MIB = 200.0
_HEALTH_S = 0.2


def run(place: Place) -> Mapping[str, Any]:
    """Bodies, bombs, slow callers."""
    home = place.folder / "home"
    callers = place.scaled(full=200, fast=60)
    settings = {"CLARA_SECURITY_MODE": "testing", "CLARA_HEADER_SECONDS": str(_SLOW_HEAD_S)}
    security = security_from(DevelopmentConfig(security_mode="testing", home=home))
    with installation(home, **settings) as it:
        token = issue_test_token(security)
        with MemoryWatch([process.pid for process in it.processes.values()]) as memory:
            answers = _bodies(it, token)
            unpacked = _bombs(it, token)
        slow = _slow(it, token, callers, for_s=place.scaled(full=30.0, fast=5.0))
        alive = all(process.poll() is None for process in it.processes.values())
        tracebacks = sum(it_log.read_text(errors="replace").count("Traceback") for it_log in home.glob("*.out"))
    wrong = {name: status for name, (status, _) in answers.items() if not 400 <= status < 500}
    slowest_s = max(seconds for _, seconds in answers.values())
    return {
        "holds": not wrong
        and slowest_s <= _WITHIN_S
        and memory.growth_mib <= _GROWTH_MIB
        and not unpacked["taken_in"]
        and slow["health_p95_s"] <= _HEALTH_S
        and slow["longest_head_s"] <= _SLOW_HEAD_S + 2.0
        and slow["health_failures"] == 0
        and alive
        and not tracebacks,
        "bodies": len(answers),
        "refused_with_4xx": len(answers) - len(wrong),
        "not_refused": wrong,
        "slowest_s": round(slowest_s, 2),
        "memory_growth_mib": memory.growth_mib,
        "bombs": unpacked,
        "slow_callers": slow,
        "tracebacks": tracebacks,
        "services_alive": alive,
    }


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


def _bombs(it: Installation, token: str) -> Mapping[str, Any]:
    """Files that an upload must name as failed, with a reason."""
    files = bombs()
    taken, slowest_s = [], 0.0
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=120) as client:
        for name, content in files.items():
            started = time.monotonic()
            response = client.post(f"{it.url('datasets')}/api/datasets/upload", files={"files": (name, content)})
            slowest_s = max(slowest_s, time.monotonic() - started)
            found = response.json().get("data", {}) if response.status_code == httpx.codes.OK else {"failed": [0]}
            if found.get("ingested") or found.get("new_versions") or not found.get("failed"):
                taken.append(name)
    return {"files": len(files), "taken_in": taken, "slowest_s": round(slowest_s, 2)}


def _slow(it: Installation, token: str, callers: int, *, for_s: float) -> Mapping[str, Any]:
    crowd = SlowCallers(it.ports["training"], f"Authorization: Bearer {token}\r\n".encode())
    with HealthWatch(it.url("training")) as health:
        asyncio.run(crowd.come(callers, for_s=for_s))
    return {
        "callers": callers,
        "answers": {str(status): number for status, number in sorted(crowd.statuses.items())},
        "longest_head_s": round(crowd.longest_s, 2),
        "health_calls": len(health.seconds),
        "health_failures": health.failures,
        "health_p95_s": round(sorted(health.seconds)[int(0.95 * len(health.seconds))], 4),
    }


class HealthWatch(threading.Thread):
    """Asks /health all the time."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._is_over = threading.Event()
        self.seconds: list[float] = []
        self.failures = 0

    def run(self) -> None:
        while not self._is_over.wait(0.05):
            started = time.monotonic()
            try:
                # a new connection each time: it has to find a place
                self.failures += httpx.get(f"{self._url}/health", trust_env=False, timeout=5).status_code != 200
            except httpx.TransportError:
                self.failures += 1
            self.seconds.append(time.monotonic() - started)

    def __enter__(self) -> "HealthWatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


class MemoryWatch(threading.Thread):
    """Looks at the resident memory of processes; `growth_mib` is the most that one of them grew by."""

    def __init__(self, pids: list[int]) -> None:
        super().__init__(daemon=True)
        self._before = {pid: _resident_mib(pid) for pid in pids}
        self._is_over = threading.Event()
        self.growth_mib = 0.0

    def run(self) -> None:
        while not self._is_over.wait(0.02):
            for pid, before in self._before.items():
                self.growth_mib = max(self.growth_mib, round(_resident_mib(pid) - before, 1))

    def __enter__(self) -> "MemoryWatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


def _resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
