"""An idempotency key makes one job, however many requests carry it.

Two services on one database get the same request 64 times at once for every key, half of it each, and then the request
with one thing altered. Both services are killed after half of the keys, for some keys while the 64 are under way: who
gets no answer repeats, as a client would. After the restart every key is sent once more, as it was and altered.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.quick_service import QuickService, probe_order, quick_services
from tests.trust.place import Place

DATABASES = ("sqlite", "postgresql")
_AT_ONCE = 64
_JOBS = "/api/training/jobs"


def run(place: Place) -> Mapping[str, Any]:
    """Many at once for every key, a restart in between, and one more of each."""
    keys = [f"key {number}" for number in range(place.scaled(full=100, fast=6))]
    half = len(keys) // 2
    settings = {"CLARA_DATABASE_URL": place.new_database_url(), "CLARA_LEASE_SECONDS": "3600"}
    with quick_services(2, place.folder / "home", **settings) as services:
        crowd = _Crowd([service.url for service in services])
        crowd.send(keys[:half])
        _restart(services)
        crowd.send(keys[half:-1])
        # the last key's crowd is on its way while the services die and come back
        crowd.send(keys[-1:], meanwhile=lambda: _restart(services))
        crowd.send_once_more(keys)
        total = httpx.get(f"{services[0].url}{_JOBS}", trust_env=False).json()["total_count"]
    one_job_each = sum(len(jobs) == 1 for jobs in crowd.jobs.values())
    return {
        "holds": one_job_each == total == len(keys)
        and crowd.altered == {422: 2 * len(keys)}
        and crowd.replayed_after_restart == len(keys)
        and crowd.first_answers <= len(keys),
        "keys": len(keys),
        "requests_at_once": _AT_ONCE,
        "jobs": total,
        "keys_with_one_job": one_job_each,
        "answers": sum(crowd.answers.values()),
        "answers_not_marked_as_replayed": crowd.first_answers,
        "requests_repeated_after_a_kill": crowd.repeated,
        "same_job_after_restart": crowd.replayed_after_restart,
        "altered_refused_422": crowd.altered[422],
        "altered_sent": sum(crowd.altered.values()),
    }


def _restart(services: Sequence[QuickService]) -> None:
    for service in services:
        service.kill()
    for service in services:
        service.start()
        service.wait_ready()


@dataclass
class _Crowd:
    """Clients of all services, and what they were answered."""

    urls: Sequence[str]
    jobs: dict[str, set[str]] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    altered: Counter[int] = field(default_factory=Counter)
    first_answers: int = 0
    repeated: int = 0
    replayed_after_restart: int = 0

    def send(self, keys: Sequence[str], *, meanwhile: Any = None) -> None:
        """Each key many times at once, then altered."""
        asyncio.run(self._send(keys, meanwhile))

    def send_once_more(self, keys: Sequence[str]) -> None:
        """Each key once as it was and once altered."""
        asyncio.run(self._send_once_more(keys))

    async def _send(self, keys: Sequence[str], meanwhile: Any) -> None:
        async with _client() as client:
            for key in keys:
                posts = asyncio.gather(*(self._post(client, key, number) for number in range(_AT_ONCE)))
                if meanwhile is not None:
                    await asyncio.sleep(0.02)
                    await asyncio.to_thread(meanwhile)
                for answer in await posts:
                    self._note(key, answer)
                await self._send_altered(client, key)

    async def _send_once_more(self, keys: Sequence[str]) -> None:
        async with _client() as client:
            for number, key in enumerate(keys):
                answer = await self._post(client, key, number)
                known = self.jobs[key]
                self._note(key, answer)
                self.replayed_after_restart += (
                    answer.json()["job_id"] in known and "Idempotency-Replayed" in answer.headers
                )
                await self._send_altered(client, key)

    async def _send_altered(self, client: httpx.AsyncClient, key: str) -> None:
        answer = await self._post(client, key, 0, priority=2)
        is_mismatch = answer.json().get("code") == "idempotency_mismatch"
        self.altered[answer.status_code if is_mismatch else 0] += 1

    async def _post(self, client: httpx.AsyncClient, key: str, number: int, **changes: Any) -> httpx.Response:
        """The answer of one service; of whichever comes back first if that one dies."""
        while True:
            url = self.urls[number % len(self.urls)]
            try:
                return await client.post(
                    f"{url}{_JOBS}", json=probe_order(key, **changes), headers={"Idempotency-Key": key}
                )
            except httpx.TransportError:
                self.repeated += 1
                number += 1
                await asyncio.sleep(0.05)

    def _note(self, key: str, answer: httpx.Response) -> None:
        self.answers[answer.status_code] += 1
        self.jobs.setdefault(key, set()).add(answer.raise_for_status().json()["job_id"])
        self.first_answers += "Idempotency-Replayed" not in answer.headers


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=120, limits=httpx.Limits(max_connections=_AT_ONCE))
