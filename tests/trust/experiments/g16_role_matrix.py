"""Every route answers every kind of caller as the table of access says, over HTTP and WebSocket, in each mode.

The routes are those that the running services describe themselves, and they must be the ones of the table that the
services enforce. Seven callers try each: without a token, with a forged one, an expired one, one without a role, and
one of each role. What demands no role (who the caller is) answers whoever has a good token. Where the description
limits a role to what is its own, an analyst must not change what another one made, under the same address or not.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from admin.scripts.access_guide import service_apps
from config.development import DevelopmentConfig
from tests.support.guarded_routes import DescribedRoute, described_routes
from tests.support.issuer import IssuerKey
from tests.support.secured_services import MODES, SERVICES, Answer, SecuredServices, secured_services
from tests.trust.place import Place

_DATASET, _ORDER = "{dataset_id}", {"name": "Satzungen", "search_query": {"query_text": "Gebühr"}}
_ROLES = ("analyst", "trainer", "admin")
Identity = Callable[[], str | None]


def run(place: Place) -> Mapping[str, Any]:
    """All modes; the short form leaves out the one for developers, which differs from production by TLS alone."""
    modes = place.scaled(full=MODES, fast=MODES[1:])
    table = _table()
    figures: dict[str, Any] = {}
    wrong: list[str] = []
    for mode in modes:
        with secured_services(mode, place.folder / mode) as running:
            routes = [route for name in SERVICES for route in described_routes(name, running.document(name))]
            answers, found = _try_all(running, routes)
            limited = [route for route in routes if route.own_roles]
            found += _ownership(running, limited)
        described = {(route.service, route.name): None if route.is_open else route.roles for route in routes}
        found += [f"described otherwise than enforced: {name}" for name in sorted(_differing(described, table))]
        wrong += [f"{mode}: {what}" for what in found]
        figures[mode] = {"calls": answers.total(), **{str(status): count for status, count in sorted(answers.items())}}
    return {
        "holds": not wrong and bool(routes) and bool(limited),
        "modes": list(modes),
        "routes": len(routes),
        "websockets": sum(route.method == "WS" for route in routes),
        "open_routes": sum(route.is_open for route in routes),
        "routes_limited_to_own": sorted(route.name for route in limited),
        "identities": len(_identities(None)),
        "answers": figures,
        "not_as_the_table_says": wrong,
    }


def _table() -> dict[tuple[str, str], frozenset[str] | None]:
    """(service, route) -> roles, as the applications enforce them; None: open."""
    with tempfile.TemporaryDirectory() as home:
        apps = service_apps(DevelopmentConfig(home=Path(home), security_mode="debug"))
    return {
        (service, line.name): None if line.is_open else frozenset(line.roles | line.own)
        for service, app in apps.items()
        for line in app.state.access
    }


def _differing(described: Mapping[Any, Any], table: Mapping[Any, Any]) -> set[str]:
    """Routes that one of the two lacks, or that they tell differently; pages that OpenAPI leaves out must be open."""
    differing = {str(name) for name, roles in described.items() if table.get(name, "unknown") != roles}
    return differing | {str(name) for name, roles in table.items() if name not in described and roles is not None}


def _identities(running: SecuredServices | None) -> Mapping[str, Identity]:
    def token(**claims: Any) -> Identity:
        return lambda: running.issue(**claims) if running else None

    def forged() -> str | None:
        stranger = IssuerKey.make("key-1")
        return stranger.token(iss=running.issuer, realm_access={"roles": ["admin"]}) if running else None

    now = int(time.time())
    return {
        "none": lambda: None,
        "forged": forged,
        "expired": token(roles=["admin"], iat=now - 600, exp=now - 300),
        "no role": token(roles=["offline_access", "Admin"]),
        **{role: token(roles=[role]) for role in _ROLES},
    }


def _try_all(running: SecuredServices, routes: Sequence[DescribedRoute]) -> tuple[Counter[int], list[str]]:
    """How often each status was answered, and what was not as it should be."""
    answers: Counter[int] = Counter()
    wrong: list[str] = []
    tokens = {identity: make() for identity, make in _identities(running).items()}
    for service in SERVICES:
        with running.client(service) as client:
            for route in (each for each in routes if each.service == service):
                for identity, token in tokens.items():
                    answer = route.call(running, client, token)
                    answers[answer.status] += 1
                    if not _is_right(route, identity, answer):
                        wrong.append(f"{identity} on {route.name}: {answer.status}")
    return answers, wrong


def _is_right(route: DescribedRoute, identity: str, answer: Answer) -> bool:
    if route.is_open:
        return answer.status == 200
    if identity in {"none", "forged", "expired"}:
        return answer.status == 401
    if identity in route.roles or not route.roles:
        # past the door: found, unknown or refused for what was asked, never for who asks
        return answer.status < 500 and answer.status not in {401, 403}
    # an answer to HEAD has no body
    return answer.status == 403 and (route.method == "HEAD" or b'"role_missing"' in answer.body)


def _ownership(running: SecuredServices, routes: Sequence[DescribedRoute]) -> list[str]:
    """Routes of datasets that limit analysts to their own: who made it may, a second analyst not, a trainer may."""
    wrong = [f"nobody here knows how to make what {route.name} needs" for route in routes if _DATASET not in route.path]
    with running.client("datasets") as client:
        for route in (each for each in routes if _DATASET in each.path):
            for caller, role, is_admitted in (
                ("bert", "analyst", False),
                ("anna", "analyst", True),
                ("carl", "trainer", True),
            ):
                created = client.post("/api/datasets", json=_ORDER, headers=_as(running, "anna", "analyst"))
                path = route.path.replace(_DATASET, created.raise_for_status().json()["dataset_id"])
                headers = _as(running, caller, role)
                answer = client.request(route.method, path, json={"reason": "to see who may"}, headers=headers)
                # past the door it may be too early or too late, as it is being built just now
                is_through = answer.status_code < 500 and answer.status_code not in {401, 403}
                if is_through is not is_admitted or (not is_admitted and answer.json()["code"] != "not_the_owner"):
                    wrong.append(f"{role} {caller} on {route.name} of anna: {answer.status_code}")
    return wrong


def _as(running: SecuredServices, subject: str, role: str) -> dict[str, str]:
    # the same address: it says nothing about who somebody is
    token = running.issue(roles=[role], sub=subject, email="team@stadt.example")
    return {"Authorization": f"Bearer {token}"}
