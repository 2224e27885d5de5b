"""Live updates go to those who may have them, for as long as they may, each once and without a gap.

One real service with tokens of its test issuer. Bad handshakes of every kind must be refused and good ones accepted;
connections whose token expires on the way (idle, busy with a replay, not reading, server-sent events) must end in time.
Then clients follow jobs of real trainer processes, drop their connection at random moments, resume (in the address or
by message) and compare what they got with GET …/events.
"""

import asyncio
import random
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from shared.auth.models import SecurityConfig
from tests.support.installation import Installation, installation
from tests.support.quick_service import probe_order
from tests.support.socket_callers import accepted, ends_of_expiring, handshakes
from tests.support.socket_watchers import Watcher
from tests.trust.place import Place

_JOBS = "/api/training/jobs"
_WATCHERS = 8
_LONG = {"probe": {"steps": 100_000, "seconds_per_step": 0.02}, "training": {"logging_steps": 1}}


def run(place: Place) -> Mapping[str, Any]:
    """Handshakes, expiry, cuts."""
    home = place.folder / "home"
    cuts_each = place.scaled(full=125, fast=5)
    with installation(home, services=("training",), CLARA_SECURITY_MODE="testing", CLARA_MAX_CONCURRENT_JOBS="2") as it:
        token_for = partial(issue_test_token, _security_of(home))
        bad, good = handshakes(token_for, it.ports["training"])
        wrongly_accepted = [name for name, handshake in bad.items() if accepted(handshake)]
        wrongly_refused = [name for name, handshake in good.items() if not accepted(handshake)]
        with httpx.Client(
            base_url=it.url("training"), headers={"Authorization": f"Bearer {token_for()}"}, trust_env=False
        ) as client:
            jobs = [_submit(client, number) for number in range(2)]
            ends_s = ends_of_expiring(token_for, it.ports["training"], jobs[0], lifetime_s=3)
            watchers = asyncio.run(_watch(client, it, jobs, token_for(), cuts_each))
            told = {job_id: _events(client, job_id) for job_id in jobs}
        leaked = sum(secret in _log(home) for secret in ("eyJ", "bearer."))
    cuts = sum(watcher.cuts for watcher in watchers)
    gaps = sum(watcher.gaps + len(set(told[watcher.job_id]) - set(watcher.got)) for watcher in watchers)
    duplicates = sum(watcher.duplicates for watcher in watchers)
    is_same = all(watcher.got == told[watcher.job_id] for watcher in watchers)
    return {
        "holds": not (wrongly_accepted or wrongly_refused or gaps or duplicates or leaked)
        and is_same
        and cuts == _WATCHERS * cuts_each
        and max(ends_s.values()) <= 5.0
        and min(ends_s.values()) >= -0.1,
        "bad_handshakes": len(bad),
        "wrongly_accepted": wrongly_accepted,
        "good_handshakes": len(good),
        "wrongly_refused": wrongly_refused,
        "seconds_from_expiry_to_end": {name: round(seconds, 2) for name, seconds in ends_s.items()},
        "cuts": cuts,
        "connections": sum(watcher.connections for watcher in watchers),
        "resumed_by_message": sum(watcher.resumed_by_message for watcher in watchers),
        "events": {job_id: len(events) for job_id, events in told.items()},
        "updates_received": sum(len(watcher.got) for watcher in watchers),
        "gaps": gaps,
        "duplicates": duplicates,
        "equal_to_get_events": is_same,
        "tokens_in_the_log": leaked,
    }


async def _watch(client: httpx.Client, it: Installation, jobs: list[str], token: str, cuts_each: int) -> list[Watcher]:
    """Let watchers be cut, then end the jobs, so that the watchers end."""
    uri = f"ws://127.0.0.1:{it.ports['training']}/api/training/ws"
    watchers = [
        Watcher(uri, token, jobs[number % len(jobs)], cuts_each, random.Random(number)) for number in range(_WATCHERS)
    ]
    async with asyncio.timeout(600), asyncio.TaskGroup() as group:
        for watcher in watchers:
            group.create_task(watcher.follow())
        while any(watcher.cuts < cuts_each for watcher in watchers):
            await asyncio.sleep(0.1)
        for job_id in jobs:
            await asyncio.to_thread(client.post, f"{_JOBS}/{job_id}/cancel")
    return watchers


def _submit(client: httpx.Client, number: int) -> str:
    order = probe_order(f"watched {number}", config=_LONG)
    job_id: str = client.post(_JOBS, json=order).raise_for_status().json()["job_id"]
    return job_id


def _events(client: httpx.Client, job_id: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    while True:
        query = {"after": found[-1][0] if found else 0, "limit": 500}
        page = client.get(f"{_JOBS}/{job_id}/events", params=query).raise_for_status().json()["events"]
        if not page:
            return found
        found += [(event["seq"], event["type"]) for event in page]


def _security_of(home: Path) -> SecurityConfig:
    """The security of a service in mode `testing` at this home."""
    return security_from(DevelopmentConfig(security_mode="testing", home=home))


def _log(home: Path) -> str:
    return (home / "training.out").read_text(encoding="utf-8", errors="replace")
