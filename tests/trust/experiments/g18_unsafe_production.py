"""A production service with an unsafe setting does not start: it says which one, at once.

First the same settings without the fault: this service starts, and answers a caller with a certificate. Then each fault
by itself, as a process of its own: exit code 2, one line that names the setting, no traceback, nobody listening, and no
value of a secret in what it says. What takes too long by the clock is tried again, as something else may have had the
machine, and figures tell how often; the short form runs beside other tests and looks at the processor time instead.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.installation import ROOT, free_port
from tests.support.production import ProductionSite
from tests.trust.place import Place

_PORTS = {"training": "CLARA_TRAINING_PORT", "datasets": "CLARA_DATASET_PORT"}
_LIMIT_S = 3.0
_START_S = 60.0
_TRIES = 4
_SECRET = "geheim-8d1f"


@dataclass(frozen=True)
class Fault:
    """One unsafe production configuration: what is changed, and what the refusal has to name."""

    name: str
    changes: Mapping[str, str | None]
    names: str


def run(place: Place) -> Mapping[str, Any]:
    """The good configuration, then every fault, of both services; in the short form a third of the faults, of one."""
    site = ProductionSite.make(place.folder)
    faults = _faults(site, place.folder)[:: place.scaled(full=1, fast=3)]
    services = place.scaled(full=tuple(_PORTS), fast=("training",))
    starts = {service: _starts(site, service) for service in services}
    tries = place.scaled(full=_TRIES, fast=1)
    outcomes = [_quickest(tries, site, service, fault) for service in services for fault in faults]
    seconds = [outcome["seconds"] for outcome in outcomes]
    busy = [outcome["cpu_seconds"] for outcome in outcomes]
    wrong = [outcome for outcome in outcomes if outcome["wrong"]]
    return {
        "holds": all(starts.values()) and not wrong and max(place.scaled(full=seconds, fast=busy)) <= _LIMIT_S,
        "good_configuration_starts": starts,
        "unsafe_configurations": len(faults),
        "services": list(services),
        "refused_with_the_reason": len(outcomes) - len(wrong),
        "of": len(outcomes),
        "wrong": wrong,
        "tried_again": sum(outcome["tries"] - 1 for outcome in outcomes),
        "slowest_s": max(seconds),
        "median_s": sorted(seconds)[len(seconds) // 2],
        "most_processor_time_s": max(busy),
    }


def _faults(site: ProductionSite, folder: Path) -> Sequence[Fault]:
    exposed = folder / "exposed.key"
    exposed.write_bytes(site.server.key.read_bytes())
    exposed.chmod(0o644)
    return (
        Fault("no login at all", {"CLARA_SECURITY_MODE": "debug"}, "CLARA_SECURITY_MODE"),
        Fault("tokens of the test key", {"CLARA_SECURITY_MODE": "testing"}, "CLARA_SECURITY_MODE"),
        Fault("mode for developers", {"CLARA_SECURITY_MODE": "development"}, "CLARA_SECURITY_MODE"),
        Fault("tokens switched off", {"CLARA_JWT_ENABLED": "false"}, "CLARA_JWT_ENABLED"),
        Fault("client certificates switched off", {"CLARA_MTLS_ENABLED": "false"}, "CLARA_MTLS_ENABLED"),
        Fault("no certificate", {"CLARA_TLS_CERT_FILE": None}, "TLS certificate"),
        Fault("key file missing", {"CLARA_TLS_KEY_FILE": str(folder / "nowhere.key")}, "TLS key"),
        Fault("key open to others", {"CLARA_TLS_KEY_FILE": str(exposed)}, "CLARA_TLS_KEY_FILE"),
        Fault("key of another certificate", {"CLARA_TLS_KEY_FILE": str(site.client.key)}, "CLARA_TLS_KEY_FILE"),
        Fault("no authority of clients", {"CLARA_TLS_CLIENT_CA_FILE": None}, "client CA"),
        Fault("authority that is none", {"CLARA_TLS_CLIENT_CA_FILE": str(site.client.key)}, "CLARA_TLS_CLIENT_CA_FILE"),
        Fault("nobody can be revoked", {"CLARA_TLS_CLIENT_CRL_FILE": None}, "CLARA_TLS_CLIENT_CRL_FILE"),
        Fault("revocations gone", {"CLARA_TLS_CLIENT_CRL_FILE": str(folder / "no.crl")}, "CLARA_TLS_CLIENT_CRL_FILE"),
        Fault(
            "revocations that are none",
            {"CLARA_TLS_CLIENT_CRL_FILE": str(site.client.key)},
            "CLARA_TLS_CLIENT_CRL_FILE",
        ),
        Fault(
            "a certificate for revocations",
            {"CLARA_TLS_CLIENT_CRL_FILE": str(site.client.cert)},
            "CLARA_TLS_CLIENT_CRL_FILE",
        ),
        Fault("identity provider over http", {"KEYCLOAK_URL": "http://login.stadt.example"}, "CLARA_KEYCLOAK_URL"),
        Fault("http in capitals", {"KEYCLOAK_URL": "HTTP://login.stadt.example"}, "CLARA_KEYCLOAK_URL"),
        Fault("no identity provider", {"KEYCLOAK_URL": "login.stadt.example"}, "CLARA_KEYCLOAK_URL"),
        Fault(
            "password in an address", {"KEYCLOAK_URL": f"https://a:{_SECRET}@login.stadt.example"}, "CLARA_KEYCLOAK_URL"
        ),
        Fault("no realm", {"KEYCLOAK_REALM": ""}, "CLARA_KEYCLOAK_REALM"),
        Fault("no audience", {"KEYCLOAK_CLIENT_ID": " "}, "CLARA_KEYCLOAK_CLIENT_ID"),
        Fault("every web page", {"CLARA_CORS_ORIGINS": "*"}, "CLARA_CORS_ORIGINS"),
        Fault("web pages by pattern", {"CLARA_CORS_ORIGINS": "https://*.stadt.example"}, "CLARA_CORS_ORIGINS"),
        Fault("web pages over http", {"CLARA_CORS_ORIGINS": "http://clara.stadt.example"}, "CLARA_CORS_ORIGINS"),
        Fault("web pages of no origin", {"CLARA_CORS_ORIGINS": "null"}, "CLARA_CORS_ORIGINS"),
        Fault("web pages as no browser writes them", {"CLARA_CORS_ORIGINS": "https://A.Example"}, "CLARA_CORS_ORIGINS"),
        Fault("web pages of no port", {"CLARA_CORS_ORIGINS": "https://a.example:99999"}, "CLARA_CORS_ORIGINS"),
        Fault("symmetric signatures", {"CLARA_JWT_ALGORITHM": "HS256"}, "CLARA_JWT_ALGORITHM"),
        Fault("no signatures", {"CLARA_JWT_ALGORITHM": "none"}, "CLARA_JWT_ALGORITHM"),
        Fault("internals in errors", {"CLARA_DEBUG": "true"}, "CLARA_DEBUG"),
        Fault("calls to everywhere", {"CLARA_OUTGOING_ALLOWED": "0.0.0.0/0"}, "CLARA_OUTGOING_ALLOWED"),
        Fault("calls to metadata services", {"CLARA_OUTGOING_ALLOWED": "169.254.169.254"}, "CLARA_OUTGOING_ALLOWED"),
        Fault("any proxy believed", {"CLARA_TRUSTED_PROXIES": "*"}, "CLARA_TRUSTED_PROXIES"),
        Fault("every address a proxy", {"CLARA_TRUSTED_PROXIES": "0.0.0.0/0"}, "CLARA_TRUSTED_PROXIES"),
        Fault(
            "production by its mode alone",
            {"CLARA_ENVIRONMENT": "development", "CLARA_SECURITY_MODE": "production", "CLARA_JWT_ENABLED": "false"},
            "CLARA_JWT_ENABLED",
        ),
    )


def _quickest(tries: int, site: ProductionSite, service: str, fault: Fault) -> Mapping[str, Any]:
    """The first outcome that is wrong or in time, else the quickest of all tries."""
    outcomes: list[Mapping[str, Any]] = []
    while len(outcomes) < tries:
        outcomes.append(_refusal(site, service, fault))
        if outcomes[-1]["wrong"] or outcomes[-1]["seconds"] <= _LIMIT_S:
            return {**outcomes[-1], "tries": len(outcomes)}
    return {**min(outcomes, key=lambda outcome: float(outcome["seconds"])), "tries": tries}


def _refusal(site: ProductionSite, service: str, fault: Fault) -> Mapping[str, Any]:
    """How a start with the fault ended; `wrong` is empty if it ended as it should."""
    environment = site.environment(**{_PORTS[service]: str(free_port()), **fault.changes})
    started, busy = time.monotonic(), _cpu_s()
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"backend.{service}.app"],
            env=environment, capture_output=True, text=True, timeout=_START_S, check=False, cwd=site.home.parent,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {
            "fault": fault.name,
            "service": service,
            "seconds": _START_S,
            "cpu_seconds": _START_S,
            "wrong": "it runs",
        }
    seconds = round(time.monotonic() - started, 2)
    lines = done.stderr.strip().splitlines()
    told = {
        "exit code": done.returncode == 2,
        "one line": len(lines) == 1 and "cannot start" in lines[0],
        "the setting": bool(lines) and fault.names in lines[0],
        "no secret": _SECRET not in done.stderr + done.stdout,
    }
    wrong = "; ".join(f"not as it should: {what}" for what, is_right in told.items() if not is_right)
    return {
        "fault": fault.name,
        "service": service,
        "seconds": seconds,
        "cpu_seconds": round(_cpu_s() - busy, 2),
        "wrong": f"{wrong}: {done.stderr[-300:]}" if wrong else "",
    }


def _cpu_s() -> float:
    """Processor time of all ended children."""
    times = os.times()
    return times.children_user + times.children_system


def _starts(site: ProductionSite, service: str) -> bool:
    """Whether the configuration without a fault serves a caller with a certificate."""
    port = free_port()
    with (site.home.parent / f"{service}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", f"backend.{service}.app"],
            env=site.environment(**{_PORTS[service]: str(port)}), stdout=log, stderr=log, cwd=ROOT,
        )  # fmt: skip
    try:
        with site.caller(f"https://127.0.0.1:{port}") as client:
            give_up = time.monotonic() + _START_S
            while time.monotonic() < give_up and process.poll() is None:
                try:
                    return client.get("/readyz").status_code == httpx.codes.OK
                except httpx.TransportError:
                    time.sleep(0.05)
        return False
    finally:
        process.terminate()
        process.wait(timeout=60)
