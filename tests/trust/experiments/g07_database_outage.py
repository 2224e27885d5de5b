"""The database goes away and comes back, and nothing is lost and nothing has to be restarted.

PostgreSQL is stopped in mode "immediate" (as by a power cut) for up to 3 s, again and again, while two services train.
/readyz is asked all the time: how soon it says 503, and how soon 200 again.
"""

import random
import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx

from shared.database.stores import open_stores
from shared.models.job import JobStatus
from tests.support.quick_service import QuickService, probe_order, quick_services
from tests.trust.lives import all_jobs, violations
from tests.trust.place import Place

DATABASES = ("postgresql",)
_JOBS = "/api/training/jobs"
_NOTICED_S = 2.0
_BACK_S = 5.0


class ReadyWatch(threading.Thread):
    """Asks /readyz all the time and notes every answer with its moment."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._ended = threading.Event()
        self.answers: list[tuple[float, int]] = []

    def run(self) -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._ended.wait(0.03):
                asked = time.monotonic()
                try:
                    status = client.get(f"{self._url}/readyz").status_code
                except httpx.TransportError:
                    status = 0
                # the moment of the answer counts: a caller waits for it
                self.answers.append((max(asked, time.monotonic()), status))

    def first(self, status: int, since: float) -> float | None:
        """Seconds after `since` of the first such answer."""
        return next((moment - since for moment, found in self.answers if moment >= since and found == status), None)

    def end(self) -> None:
        self._ended.set()
        self.join()


def run(place: Place) -> Mapping[str, Any]:
    """Stop and start the server while jobs run."""
    assert place.server is not None
    jobs = place.scaled(full=100, fast=4)
    outages = place.scaled(full=10, fast=1)
    url = place.new_database_url()
    settings = {"CLARA_DATABASE_URL": url, "CLARA_MAX_CONCURRENT_JOBS": "2", "CLARA_LEASE_SECONDS": "10"}
    chance = random.Random(7)
    noticed: list[float] = []
    back: list[float] = []
    unnoticed = 0
    with quick_services(2, place.folder / "home", **settings) as services:
        for number in range(jobs):
            _submit(services[number % 2])
        watch = ReadyWatch(services[0].url)
        watch.start()
        pids = [service.pid for service in services]
        for number in range(outages):
            time.sleep(chance.uniform(2, 6))
            # some are longer than the time in which it has to be noticed
            outage_s = 3.0 if number % 2 == 0 else chance.uniform(0, 3)
            stopped = time.monotonic()
            place.server.stop("immediate")
            time.sleep(outage_s)
            place.server.start()
            started = time.monotonic()
            time.sleep(_BACK_S)
            if outage_s >= _NOTICED_S:
                first = watch.first(503, stopped)
                unnoticed += first is None
                noticed += [] if first is None else [first]
            back.append(watch.first(200, started) or float("inf"))
        stores = open_stores(url)
        give_up = time.monotonic() + 600
        while stores.jobs.counts().active and time.monotonic() < give_up:
            time.sleep(0.2)
        watch.end()
        ended = list(all_jobs(stores))
        broken = violations(stores)
        stores.close()
        same_processes = pids == [service.pid for service in services]
    completed = sum(job.status is JobStatus.COMPLETED for job in ended)
    return {
        "holds": completed == len(ended) == jobs
        and not broken
        and same_processes
        and not unnoticed
        and max(noticed) <= _NOTICED_S
        and max(back) <= _BACK_S,
        "outages": outages,
        "jobs": jobs,
        "completed": completed,
        "claims": sum(job.claim_epoch for job in ended),
        "slowest_503_s": round(max(noticed), 2) if noticed else None,
        "slowest_200_s": round(max(back), 2),
        "unnoticed": unnoticed,
        "restarted_services": 0 if same_processes else 1,
        "violations": len(broken),
    }


def _submit(service: QuickService) -> None:
    order = probe_order("outage", config={"probe": {"steps": 10, "seconds_per_step": 0.1}})
    httpx.post(f"{service.url}{_JOBS}", json=order, trust_env=False).raise_for_status()
