"""A job that was accepted is there after a crash of the service.

Several services share one database. In turn each is sent one job and, 0 to 20 ms after its answer, SIGKILL; while it
starts again the others take their turns. Once it is back it is asked for the job that it had accepted, and in the end
every job is read once more and counted.
"""

import random
import time
from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any

import httpx

from shared.models.job import JobStatus
from tests.support.quick_service import QuickService, probe_order, quick_services
from tests.trust.place import Place

DATABASES = ("sqlite", "postgresql")
_JOBS = "/api/training/jobs"
_LATEST_KILL_S = 0.020


def run(place: Place) -> Mapping[str, Any]:
    """Submit, kill, look; again and again."""
    kills = place.scaled(full=200, fast=10)
    chance = random.Random(2)
    accepted: dict[str, str] = {}
    present_at_once = 0
    settings = {
        "CLARA_DATABASE_URL": place.new_database_url(),
        # nobody rescues what a killed service was training: this is about being there, not about being done
        "CLARA_LEASE_SECONDS": "3600",
        "CLARA_MAX_JOBS_PER_USER": "10000",
    }
    with quick_services(3, place.folder / "home", **settings) as services, httpx.Client(trust_env=False) as client:
        last: dict[int, str] = {}
        for number, service in enumerate(islice(cycle(services), kills)):
            present_at_once += _is_back_with_its_job(client, service, last, accepted)
            name = f"accepted {number}"
            answer = client.post(f"{service.url}{_JOBS}", json=probe_order(name))
            time.sleep(chance.uniform(0, _LATEST_KILL_S))
            service.kill()
            last[service.port] = answer.raise_for_status().json()["job_id"]
            accepted[last[service.port]] = name
            service.start()
        present_at_once += sum(_is_back_with_its_job(client, service, last, accepted) for service in services)
        present = sum(_is_there(client, services[0], job_id, name) for job_id, name in accepted.items())
        total = client.get(f"{services[0].url}{_JOBS}").json()["total_count"]
    return {
        "holds": present == present_at_once == len(accepted) == total == kills,
        "accepted": len(accepted),
        "kills": kills,
        "present_at_first_look": present_at_once,
        "present_at_the_end": present,
        "jobs_in_all": total,
    }


def _is_back_with_its_job(
    client: httpx.Client, service: QuickService, last: dict[int, str], accepted: Mapping[str, str]
) -> bool:
    service.wait_ready()
    job_id = last.pop(service.port, None)
    return job_id is not None and _is_there(client, service, job_id, accepted[job_id])


def _is_there(client: httpx.Client, service: QuickService, job_id: str, name: str) -> bool:
    answer = client.get(f"{service.url}{_JOBS}/{job_id}")
    if answer.status_code != httpx.codes.OK:
        return False
    job = answer.json()
    return job["job_name"] == name and JobStatus(job["status"]) not in {JobStatus.FAILED, JobStatus.CANCELLED}
