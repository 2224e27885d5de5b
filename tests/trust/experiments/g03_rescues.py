"""The job of a killed service runs again within 10 s, and no living worker ever loses its job.

Two services share database and folders, the lease is 5 s. They hold a job in turn and are killed with it; the clock
runs from the kill until the other has the job. Then each trains a job that lasts 20 leases, and watches that of the
other.
"""

import time
from collections.abc import Mapping
from typing import Any

import httpx

from shared.database.stores import Stores, open_stores
from shared.models.job import AttemptOutcome, JobStatus, TrainingJob
from tests.support.quick_service import QuickService, probe_order, quick_services
from tests.trust.place import Place

DATABASES = ("sqlite", "postgresql")
_JOBS = "/api/training/jobs"
_LEASE_S = 5.0
_BOUND_S = 10.0


def run(place: Place) -> Mapping[str, Any]:
    """Kill, wait for the rescue, kill again."""
    kills = place.scaled(full=30, fast=1)
    leases = place.scaled(full=20, fast=2)
    url = place.new_database_url()
    settings = {
        "CLARA_DATABASE_URL": url,
        "CLARA_LEASE_SECONDS": f"{_LEASE_S:g}",
        "CLARA_HEARTBEAT_SECONDS": "1",
        # kills come too soon for checkpoints in between; how many a job survives without one is another promise
        "CLARA_MAX_ATTEMPTS": "100",
        "CLARA_POLL_SECONDS": "0.5",
    }
    stores = open_stores(url)
    with quick_services(2, place.folder / "home", **settings) as services:
        times = _rescues(services, stores, kills)
        calm = [_submit(services[0], f"calm {number}", seconds=leases * _LEASE_S) for number in range(2)]
        ended = [_until(stores, job_id, lambda job: job.status.is_terminal) for job_id in calm]
    false_rescues = sum(_lost_leases(stores, job_id) for job_id in calm)
    stores.close()
    slow = [seconds for seconds in times if seconds > _BOUND_S]
    completed = sum(job.status is JobStatus.COMPLETED and job.claim_epoch == 1 for job in ended)
    return {
        "holds": len(times) == kills and not slow and not false_rescues and completed == len(calm),
        "kills": kills,
        "running_again_within_10_s": len(times) - len(slow),
        "slowest_s": round(max(times), 2),
        "median_s": round(sorted(times)[len(times) // 2], 2),
        "lease_s": _LEASE_S,
        "calm_jobs": len(calm),
        "calm_jobs_last_leases": leases,
        "false_rescues": false_rescues,
    }


def _rescues(services: list[QuickService], stores: Stores, kills: int) -> list[float]:
    job_id = _submit(services[0], "hunted", seconds=3600)
    times = []
    for _ in range(kills):
        job = _until(stores, job_id, lambda job: job.status is JobStatus.RUNNING)
        holder = next(service for service in services if f"-{service.pid}-" in (job.owner or ""))
        holder.kill()
        killed_at, epoch = time.monotonic(), job.claim_epoch
        _until(stores, job_id, lambda job, epoch=epoch: job.claim_epoch > epoch)  # type: ignore[misc]  # a default binds
        times.append(time.monotonic() - killed_at)
        holder.start()
        holder.wait_ready()
    with httpx.Client(trust_env=False) as client:
        client.delete(f"{services[0].url}{_JOBS}/{job_id}").raise_for_status()
    _until(stores, job_id, lambda job: job.status.is_terminal)
    return times


def _submit(service: QuickService, name: str, *, seconds: float) -> str:
    steps = max(1, round(seconds / 0.2))
    order = probe_order(name, config={"probe": {"steps": steps, "seconds_per_step": 0.2}})
    answer = httpx.post(f"{service.url}{_JOBS}", json=order, trust_env=False)
    job_id: str = answer.raise_for_status().json()["job_id"]
    return job_id


def _until(stores: Stores, job_id: str, reached: Any, timeout_s: float = 180.0) -> TrainingJob:
    give_up = time.monotonic() + timeout_s
    while not reached(job := stores.jobs.get(job_id)):
        if time.monotonic() > give_up:
            raise TimeoutError(f"{job_id} did not get there: {job}")
        time.sleep(0.02)
    return job


def _lost_leases(stores: Stores, job_id: str) -> int:
    outcomes = [attempt.outcome for attempt in stores.jobs.attempts(job_id)]
    return outcomes.count(AttemptOutcome.LEASE_EXPIRED)
