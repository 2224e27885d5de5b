"""Services are stopped and started in turn, and running jobs lose neither an attempt nor a step.

Two services with two workers each train four jobs. In turn each gets SIGTERM, has to be gone within the grace and 2 s,
and is started again; a client watches its events all the while. Every other time its trainers get the signal too, as a
service manager that stops all processes of a service does. No checkpoint is due but those of the hand-backs.
"""

import os
import signal
import time
from collections.abc import Mapping
from typing import Any

import httpx

from shared.database.stores import Stores, open_stores
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, JobStatus
from tests.support.processes import children_of
from tests.support.quick_service import QuickService, probe_order, quick_services
from tests.trust.lives import all_events, all_jobs, violations
from tests.trust.place import Place

_JOBS = "/api/training/jobs"
_GRACE_S = 10.0


def run(place: Place) -> Mapping[str, Any]:
    """Restart in turn while four jobs run."""
    restarts = place.scaled(full=20, fast=3)
    url = place.new_database_url()
    settings = {
        "CLARA_DATABASE_URL": url,
        "CLARA_MAX_CONCURRENT_JOBS": "2",
        "CLARA_GRACE_SECONDS": f"{_GRACE_S:g}",
        "CLARA_SAVE_EVERY": "1000000",
    }
    with quick_services(2, place.folder / "home", **settings) as services:
        steps = place.scaled(full=900, fast=120)
        job_ids = [_submit(service, steps) for service in services for _ in range(2)]
        stores = open_stores(url)
        exits, told = [], 0
        for number in range(restarts):
            _until_all_run(stores, job_ids)
            service = services[number % 2]
            with httpx.stream("GET", f"{service.url}{_JOBS}/{job_ids[0]}/events/stream", trust_env=False):
                if number % 4 >= 2:
                    told += _tell_trainers(service)
                exits.append(service.end(within_s=_GRACE_S + 20))
            service.start()
            service.wait_ready()
        _until(lambda: stores.jobs.counts().active == 0)
        jobs = list(all_jobs(stores))
        lost_steps = sum(_lost_steps(stores, job_id) for job_id in job_ids)
        handed_back = sum(_hand_backs(stores, job_id) for job_id in job_ids)
        broken = violations(stores)
        stores.close()
    slowest_s = max(seconds for seconds, _ in exits)
    clean = sum(code == 0 for _, code in exits)
    burned = sum(job.attempt - 1 for job in jobs)
    completed = sum(job.status is JobStatus.COMPLETED for job in jobs)
    return {
        "holds": burned == lost_steps == len(broken) == 0
        and completed == len(job_ids)
        and clean == restarts
        and slowest_s <= _GRACE_S + 2
        and handed_back >= restarts,
        "restarts": restarts,
        "trainers_told_too": told,
        "clean_exits": clean,
        "slowest_exit_s": round(slowest_s, 2),
        "grace_s": _GRACE_S,
        "hand_backs": handed_back,
        "attempts_burned": burned,
        "steps_lost": lost_steps,
        "completed": completed,
        "violations": len(broken),
    }


def _tell_trainers(service: QuickService) -> int:
    trainers = children_of(service.pid)
    for pid in trainers:
        os.kill(pid, signal.SIGTERM)
    return len(trainers)


def _submit(service: QuickService, steps: int) -> str:
    order = probe_order("rolling", config={"probe": {"steps": steps, "seconds_per_step": 0.1}})
    answer = httpx.post(f"{service.url}{_JOBS}", json=order, trust_env=False)
    job_id: str = answer.raise_for_status().json()["job_id"]
    return job_id


def _until_all_run(stores: Stores, job_ids: list[str]) -> None:
    """Every job is with a worker and has made a step under its present claim (or has ended)."""

    def is_under_way(job_id: str) -> bool:
        job = stores.jobs.get(job_id)
        if job.status.is_terminal:
            return True
        events = stores.jobs.events(job_id, after=max(0, job.event_seq - 1))
        return job.status is JobStatus.RUNNING and bool(events) and events[-1].type is EventType.STEP

    _until(lambda: all(is_under_way(job_id) for job_id in job_ids))


def _until(reached: Any, timeout_s: float = 300.0) -> None:
    give_up = time.monotonic() + timeout_s
    while not reached():
        if time.monotonic() > give_up:
            raise TimeoutError("the jobs did not get there")
        time.sleep(0.05)


def _lost_steps(stores: Stores, job_id: str) -> int:
    """Steps that were reported once and done again."""
    lost, furthest = 0, 0
    for event in all_events(stores, job_id):
        step = event.payload["current_step"]
        if "plan" in event.payload:
            lost += max(0, furthest - step)
        furthest = max(furthest, step)
    return lost


def _hand_backs(stores: Stores, job_id: str) -> int:
    return [attempt.outcome for attempt in stores.jobs.attempts(job_id)].count(AttemptOutcome.HANDED_BACK)
