"""A user with thousands of waiting jobs holds up nobody else.

User A fills the whole quota of a real service, then B and C submit. The service's only worker is held by A's first job,
so nothing else starts until the experiment itself takes jobs from the queue, one slot after the other, and notes whose
they are. It begins as soon as the jobs of B and C are checked, whatever of A's is still to be. Whoever asks for more
than the quota is sent away with 429 and a time to wait.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from shared.database.stores import open_stores
from shared.models.job import JobStatus
from shared.models.users import Role
from tests.support.quick_service import QuickService, probe_order, quick_services
from tests.trust.place import Place

DATABASES = ("sqlite", "postgresql")
_JOBS = "/api/training/jobs"
_AT_ONCE = 16
_HELD_S = 86_400


def run(place: Place) -> Mapping[str, Any]:
    """Fill the queue, ask for more, and look whose jobs start."""
    many, few = place.scaled(full=(9_900, 50), fast=(190, 10))
    home, url = place.folder / "home", place.new_database_url()
    settings = {
        "CLARA_DATABASE_URL": url,
        "CLARA_SECURITY_MODE": "testing",
        "CLARA_MAX_QUEUED_JOBS": str(many + 2 * few),
        "CLARA_MAX_JOBS_PER_USER": str(many),
        # what the experiment takes from the queue is nobody's to rescue
        "CLARA_LEASE_SECONDS": "3600",
    }
    with quick_services(1, home, **settings) as (service,):
        a, b, c = (_Caller(service, home, name) for name in "abc")
        a.submit(1, seconds_per_step=_HELD_S)
        a.wait_until_running()
        started = time.monotonic()
        a.submit(many - 1)
        accepted_per_s = (many - 1) / (time.monotonic() - started)
        refused = [a.ask()]
        b.submit(few)
        c.submit(few)
        refused += [b.ask(), c.ask()]
        checked_s = a.wait_until_checked("b", "c")
        starts = _starts(url, 3 * few)
    before = {name: starts.index(name) for name in ("b", "c")}
    shares = Counter(starts)
    return {
        "holds": max(before.values()) <= 2
        and all(answer.status_code == 429 and int(answer.headers.get("Retry-After", 0)) > 0 for answer in refused)
        and max(shares.values()) - min(shares.values()) <= 1,
        "jobs_of_a": many,
        "jobs_of_b_and_c": few,
        "slots_before_b_starts": before["b"],
        "slots_before_c_starts": before["c"],
        f"starts_of_a_b_c_in_{len(starts)}_slots": [shares[name] for name in "abc"],
        "refused_past_the_quota": [answer.status_code for answer in refused],
        "retry_after_s": [answer.headers.get("Retry-After") for answer in refused],
        "accepted_per_s": round(accepted_per_s, 1),
        "b_and_c_checked_s_after_the_last_submit": round(checked_s, 1),
    }


class _Caller:
    """A user with a token of the service's own test issuer."""

    def __init__(self, service: QuickService, home: Path, name: str) -> None:
        self._name = name
        self._url = f"{service.url}{_JOBS}"
        security = security_from(DevelopmentConfig(home=home, security_mode="testing"))
        token = issue_test_token(security, roles=[Role.TRAINER], subject=name, email=f"{name}@amt.example")
        self._options: dict[str, Any] = {
            "headers": {"Authorization": f"Bearer {token}"},
            "trust_env": False,
            "timeout": 120,
        }

    def submit(self, count: int, **probe: Any) -> None:
        """So many jobs, several at once; every one must be accepted."""
        asyncio.run(self._submit(count, probe))

    def ask(self) -> httpx.Response:
        """The answer to one more job."""
        return httpx.post(self._url, json=probe_order(self._name), **self._options)

    def wait_until_running(self) -> None:
        """Until a worker has one of the jobs."""
        self._wait(lambda: bool(self._page(JobStatus.RUNNING)))

    def wait_until_checked(self, *names: str) -> float:
        """Until no job of these users waits for its pre-flight check; returns the seconds."""
        started = time.monotonic()
        # they are the newest ones, so they are on the first page
        self._wait(lambda: not {_user(job["created_by"]) for job in self._page(JobStatus.PENDING)} & set(names))
        return time.monotonic() - started

    async def _submit(self, count: int, probe: Mapping[str, Any]) -> None:
        left = iter(range(count))
        order = probe_order(self._name)
        order["config"]["probe"] |= probe

        async def one_after_the_other(client: httpx.AsyncClient) -> None:
            for _ in left:
                (await client.post(self._url, json=order)).raise_for_status()

        async with httpx.AsyncClient(**self._options) as client:
            await asyncio.gather(*(one_after_the_other(client) for _ in range(_AT_ONCE)))

    def _page(self, status: JobStatus) -> Sequence[Mapping[str, Any]]:
        answer = httpx.get(self._url, params={"status": status.value, "limit": 200}, **self._options)
        jobs: Sequence[Mapping[str, Any]] = answer.raise_for_status().json()["jobs"]
        return jobs

    def _wait(self, is_over: Any) -> None:
        give_up = time.monotonic() + 240
        while not is_over():
            if time.monotonic() > give_up:
                raise TimeoutError(f"{self._name} has waited too long")
            time.sleep(0.2)


def _starts(url: str, slots: int) -> list[str]:
    """Whose job starts in each slot, in order."""
    stores = open_stores(url)
    try:
        claimed = [stores.jobs.claim("observer", lease_s=3600) for _ in range(slots)]
        return [_user(claim[0].created_by) for claim in claimed if claim is not None]
    finally:
        stores.close()


def _user(email: str) -> str:
    return email.partition("@")[0]
