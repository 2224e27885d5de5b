"""Jobs that kill their trainer end after three attempts with the reason named, and hold up nobody.

Ten of forty jobs fault, leave, are killed, eat memory or hang before their first checkpoint, on one service with a
memory limit for trainers and a short progress deadline.
"""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx

from shared.database.stores import open_stores
from shared.models.job import AttemptOutcome, JobStatus, TrainingJob
from tests.support.quick_service import QuickService, probe_order, quick_services
from tests.trust.lives import all_jobs, violations
from tests.trust.place import Place

_JOBS = "/api/training/jobs"
_MEMORY_MB = 400
_POISON: Mapping[str, tuple[Mapping[str, Any], AttemptOutcome, str]] = {
    # what the probe is told to do, the reason that the job must give, and a word of its message
    "faults": ({"crash_at": 1, "crash_how": "segv"}, AttemptOutcome.CRASH, "SIGSEGV"),
    "leaves": ({"crash_at": 1, "crash_how": "exit", "exit_code": 7}, AttemptOutcome.CRASH, "exit code 7"),
    "is killed": ({"crash_at": 1, "crash_how": "kill"}, AttemptOutcome.CRASH, "SIGKILL"),
    "eats memory": ({"allocate_at": 1, "allocate_mb": 4 * _MEMORY_MB}, AttemptOutcome.OUT_OF_MEMORY, "Memory"),
    "hangs": ({"hang_at": 1}, AttemptOutcome.STALLED, "CLARA_STALL_SECONDS"),
}


def run(place: Place) -> Mapping[str, Any]:
    """Submit good and bad ones mixed, wait, read the reasons."""
    of_each = place.scaled(full=2, fast=1)
    good = place.scaled(full=30, fast=3)
    url = place.new_database_url()
    settings = {
        "CLARA_DATABASE_URL": url,
        "CLARA_MAX_CONCURRENT_JOBS": "4",
        "CLARA_TRAINER_MEMORY_MB": str(_MEMORY_MB),
        "CLARA_STALL_SECONDS": "4",
        "CLARA_RETRY_SECONDS": "0.1",
        "CLARA_GRACE_SECONDS": "2",
    }
    with quick_services(1, place.folder / "home", **settings) as (service,):
        wanted = {_submit(service, config): what for what, (config, _, _) in _POISON.items() for _ in range(of_each)}
        for _ in range(good):
            _submit(service, {"steps": 3})
        stores = open_stores(url)
        _wait(stores.jobs.counts, timeout_s=600)
        jobs = list(all_jobs(stores))
        broken = violations(stores)
        stores.close()
    bad = [job for job in jobs if job.job_id in wanted]
    named = sum(_is_named(job, wanted[job.job_id]) for job in bad)
    three = sum(job.attempt == 3 for job in bad)
    completed = sum(job.status is JobStatus.COMPLETED for job in jobs if job.job_id not in wanted)
    return {
        "holds": named == three == len(bad) == len(wanted) and completed == good and not broken,
        "poison_jobs": len(bad),
        "three_attempts": three,
        "reason_named": named,
        "reasons": dict(Counter(str(job.failure_reason) for job in bad)),
        "good_jobs": good,
        "good_completed": completed,
        "violations": len(broken),
    }


def _submit(service: QuickService, probe: Mapping[str, Any]) -> str:
    order = probe_order("poison", config={"probe": {"steps": 3, "seconds_per_step": 0, **probe}})
    answer = httpx.post(f"{service.url}{_JOBS}", json=order, trust_env=False)
    job_id: str = answer.raise_for_status().json()["job_id"]
    return job_id


def _wait(counts: Any, *, timeout_s: float) -> None:
    give_up = time.monotonic() + timeout_s
    while counts().active and time.monotonic() < give_up:
        time.sleep(0.1)


def _is_named(job: TrainingJob, what: str) -> bool:
    _, outcome, word = _POISON[what]
    return job.status is JobStatus.FAILED and job.failure_reason is outcome and word in (job.error_message or "")
