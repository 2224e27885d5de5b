"""Whatever is sent to any operation is answered as its description says, and never with a failure of ours.

Schemathesis makes the calls from the OpenAPI documents of two real services: the limits of every parameter, chance
within and outside of them, and chains of calls along the links. Documents, a dataset, a job and an adapter are there,
so that the chains lead somewhere. The services count calls and 5xx themselves.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from tests.support.dataset_service import an_order, markdown_parts
from tests.support.installation import Installation, installation
from tests.support.quick_service import probe_order
from tests.support.schemathesis_run import FuzzReport, fuzzed
from tests.trust.place import Place

_SEED = 20
_CALLS = 20_000
_EXAMPLES = {"training": 270, "datasets": 310}
_READY_S = 120.0
_GENEROUS = {"CLARA_RATE_LIMIT_PER_USER": "0", "CLARA_RATE_LIMIT_PER_ADDRESS": "0"}


def run(place: Place) -> Mapping[str, Any]:
    """One run for each service."""
    home = place.folder / "home"
    security = security_from(DevelopmentConfig(security_mode="testing", home=home))
    with installation(home, CLARA_SECURITY_MODE="testing", **_GENEROUS) as it:
        token = issue_test_token(security, lifetime_s=6 * 3600)
        _furnish(it, token)
        examples = place.scaled(full=_EXAMPLES, fast={"training": 1, "datasets": 1})
        # both at once: half of the time is theirs, half the generator's
        with ThreadPoolExecutor() as pool:
            runs = {
                name: pool.submit(fuzzed, it.url(name), token, place.folder / name, examples=examples[name], seed=_SEED)
                for name in examples
            }
            reports = {name: run.result() for name, run in runs.items()}
        alive = [name for name, process in it.processes.items() if process.poll() is None]
    return _figures(place, reports, alive)


def _figures(place: Place, reports: Mapping[str, FuzzReport], alive: list[str]) -> Mapping[str, Any]:
    calls = sum(report.calls for report in reports.values())
    failures = [f"{name}: {line}" for name, report in reports.items() for line in report.failures]
    server_errors = sum(report.server_errors for report in reports.values())
    return {
        "holds": not failures
        and not server_errors
        and sorted(alive) == sorted(reports)
        and all(report.is_complete for report in reports.values())
        and calls >= place.scaled(full=_CALLS, fast=1_000),
        "calls": calls,
        "calls_by_service": {name: report.calls for name, report in reports.items()},
        "operations": sum(report.operations for report in reports.values()),
        "failures": len(failures),
        "failed": failures[:20],
        "server_errors": server_errors,
        "services_alive": sorted(alive),
    }


def _furnish(it: Installation, token: str) -> None:
    """Something for the chains to find."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(headers=headers, trust_env=False, timeout=60) as client:
        datasets, jobs = f"{it.url('datasets')}/api/datasets", f"{it.url('training')}/api/training/jobs"
        parts = {"files": markdown_parts(3), "data": {"source": "amt"}}
        client.post(f"{datasets}/upload", **parts).raise_for_status()
        # the search stores take documents in after the upload was answered
        _until(
            client, "POST", f"{datasets}/search", {"query_text": "Satzung"}, lambda answer: answer.get("total_count")
        )
        dataset_id = client.post(datasets, json=an_order()).raise_for_status().json()["dataset_id"]
        job_id = client.post(jobs, json=probe_order("to be found")).raise_for_status().json()["job_id"]
        ended = ("completed", "failed")
        _until(client, "GET", f"{datasets}/{dataset_id}", None, lambda answer: answer["status"] in ended)
        _until(client, "GET", f"{jobs}/{job_id}", None, lambda answer: answer["status"] in ended)


def _until(client: httpx.Client, method: str, url: str, body: object, reached: Any) -> None:
    give_up = time.monotonic() + _READY_S
    while time.monotonic() < give_up:
        response = client.request(method, url, json=body)
        if response.status_code == httpx.codes.OK and reached(response.json()):
            return
        time.sleep(0.2)
    raise RuntimeError(f"{url} did not come to what was expected: {response.text[:500]}")
