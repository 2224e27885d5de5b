"""Services and trainers are killed at random, again and again, and every job still ends once.

Two services with two workers each share a database and a home. While they train, a random one of them or of their
trainers gets SIGKILL every 0.5 to 2 s; a killed service is started again at once. Afterwards every life is read from
database and disk; what the last kill left has the grace of the services to be swept.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx

from backend.common.process_mark import MARK_VARIABLE
from shared.database.stores import Stores, open_stores
from tests.support.processes import children_of, environment_values
from tests.support.quick_service import QuickService, quick_services
from tests.trust.lives import all_jobs, violations
from tests.trust.place import Place

DATABASES = ("sqlite", "postgresql")
_JOBS = "/api/training/jobs"
_LONGEST_S = 900.0
_GRACE_S = 5


def run(place: Place) -> Mapping[str, Any]:
    """Submit, storm, count."""
    jobs = place.scaled(full=300, fast=6)
    least_kills = place.scaled(full=100, fast=3)
    url = place.new_database_url()
    settings = {
        "CLARA_DATABASE_URL": url,
        "CLARA_MAX_CONCURRENT_JOBS": "2",
        "CLARA_LEASE_SECONDS": "2",
        "CLARA_HEARTBEAT_SECONDS": "0.5",
        "CLARA_GRACE_SECONDS": str(_GRACE_S),
        "CLARA_SAVE_EVERY": "1",
        "CLARA_RETRY_SECONDS": "0.2",
    }
    with quick_services(2, place.folder / "home", **settings) as services:
        accepted = _submit(services, jobs)
        stores = open_stores(url)
        kills = _storm(services, stores, random.Random(1), least_kills)
        broken = _after_the_grace(lambda: violations(stores))
        ended = list(all_jobs(stores))
        stores.close()
    reasons = Counter(str(job.failure_reason or job.status) for job in ended)
    lost = accepted - {job.job_id for job in ended}
    alive = _after_the_grace(lambda: _processes_of(accepted))
    is_over = all(job.status.is_terminal for job in ended)
    return {
        "holds": is_over and not lost and not broken and not alive and sum(kills.values()) >= least_kills,
        "jobs": len(ended),
        "kills": dict(kills),
        "terminal": sum(job.status.is_terminal for job in ended),
        "ended_as": dict(reasons),
        "lost": len(lost),
        "claims": sum(job.claim_epoch for job in ended),
        "violations": len(broken),
        "first_violations": broken[:3],
        "processes_left": len(alive),
    }


def _after_the_grace(look: Callable[[], list[str]]) -> list[str]:
    """What is still wrong then; returns as soon as nothing is."""
    give_up = time.monotonic() + _GRACE_S
    while (found := look()) and time.monotonic() < give_up:
        time.sleep(0.1)
    return found


def _processes_of(jobs: set[str]) -> list[str]:
    return [mark for mark in environment_values(MARK_VARIABLE).values() if mark.partition(".")[0] in jobs]


def _submit(services: list[QuickService], jobs: int) -> set[str]:
    config = {"probe": {"steps": 6, "seconds_per_step": 0.15}}
    with httpx.Client(trust_env=False) as client:
        return {
            client.post(f"{services[number % 2].url}{_JOBS}", json={"trainer_type": "probe", "config": config})
            .raise_for_status()
            .json()["job_id"]
            for number in range(jobs)
        }


def _storm(services: list[QuickService], stores: Stores, chance: random.Random, least_kills: int) -> Counter[str]:
    kills: Counter[str] = Counter()
    give_up = time.monotonic() + _LONGEST_S
    while time.monotonic() < give_up:
        counts = stores.jobs.counts()
        if counts.active == 0:
            break
        time.sleep(chance.uniform(0.5, 2.0))
        service = chance.choice(services)
        trainers = children_of(service.pid)
        # half of the kills go to services, half to trainers
        if trainers and chance.random() < 0.5:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(trainers), signal.SIGKILL)
                kills["trainers"] += 1
        else:
            service.kill()
            kills["services"] += 1
            service.start()
    for service in services:
        service.wait_ready()
    return kills
