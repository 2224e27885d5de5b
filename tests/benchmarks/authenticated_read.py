"""An authenticated read at 500 requests per second on one core, and the cost of the token's check beside bare FastAPI.

The training service reads a job from its database for a caller with a token, and a bare FastAPI application answers a
constant, both at the same pace from an open-loop client (latency from the moment a request was due), in turn. Where the
machine has several cores the server has one of them to itself. What the check costs is processor time of the server
process per request: the same bare application with and without our dependency. A token that was not seen before costs
more, once: its signature is checked. A candidate that does not answer 200 ends the run, with what it said instead.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.authenticators import authenticator_for
from shared.auth.local_issuer import issue_test_token
from shared.auth.models import SecurityConfig
from tests.support.installation import ROOT, free_port

PER_S = 500
SECONDS = float(os.environ.get("BENCHMARK_SECONDS", "10"))
ROUNDS = 3
BOUND_P99_MS = 10.0
NEW_TOKENS = 100
_START_S = 60.0
_LAST_LINES = 20

BARE = """
import os, sys, uvicorn
from pathlib import Path
from typing import Annotated
from fastapi import Depends, FastAPI
app = FastAPI()

@app.get("/bare")
async def bare(): return {"status": "healthy"}

if len(sys.argv) > 2:
    from shared.auth.authenticators import authenticator_for
    from shared.auth.models import SecurityConfig, SecurityMode
    from shared.auth.policies import CurrentPrincipal
    from shared.utils.token_buckets import TokenBuckets

    app.state.calls_per_user = TokenBuckets(1000.0, 2000.0)
    app.state.authenticator = authenticator_for(SecurityConfig(
        mode=SecurityMode.TESTING, environment="testing", issuer=sys.argv[2], audience="clara-training-system",
        test_key_dir=Path(sys.argv[3])))

    @app.get("/checked")
    async def checked(principal: CurrentPrincipal): return {"status": "healthy"}

uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
"""


class CandidateFailed(RuntimeError):
    """A server does not answer as it should: there is nothing to compare."""

    def __init__(self, name: str, answer: str, log: Path) -> None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:] if log.exists() else []
        super().__init__("\n".join([f"{name} answered {answer}; its log ends with:", *lines]))


def measure() -> dict[str, Any]:
    """Rounds in turn; the median of each figure."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        security = security_from(DevelopmentConfig(security_mode="testing", home=home))
        token = issue_test_token(security, lifetime_s=3600)
        key_dir = str(security.test_key_dir)
        with _training(home) as (service_pid, service), _bare(home, security.issuer, key_dir) as (bare_pid, bare):
            path = f"/api/training/jobs/{_job(service, token)}"
            candidates = {
                "authenticated_read": (service_pid, service, path, token),
                "bare_fastapi": (bare_pid, bare, "/bare", ""),
                "bare_fastapi_with_token": (bare_pid, bare, "/checked", token),
            }
            rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in candidates}
            for _ in range(ROUNDS):
                for name, (pid, port, where, shown) in candidates.items():
                    _require_answer(name, port, where, shown, log=_log(home, port))
                    rounds[name].append(_driven(pid, port, where, shown))
    figures = {name: _summary(each) for name, each in rounds.items()}
    bare_us, checked_us = (figures[name]["cpu_us"] for name in ("bare_fastapi", "bare_fastapi_with_token"))
    read = figures["authenticated_read"]
    return {
        "requests_per_s": PER_S,
        "seconds": SECONDS,
        "rounds": ROUNDS,
        **figures,
        "verification_us_per_request": round(checked_us - bare_us, 1),
        "verification_ratio_to_bare": round(checked_us / bare_us, 2),
        "verification_us_of_a_new_token": _first_sight_us(security),
        "bound_p99_ms": BOUND_P99_MS,
        "holds": read["p99_ms"] <= BOUND_P99_MS and all(each["unanswered_or_failed"] == 0 for each in figures.values()),
    }


def _require_answer(name: str, port: int, path: str, token: str, *, log: Path) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, trust_env=False, timeout=60)
    if answer.status_code != httpx.codes.OK:
        raise CandidateFailed(name, f"{answer.status_code} {answer.text}", log)


def _first_sight_us(security: SecurityConfig) -> float:
    """Processor time of checking a token that was not seen before (median)."""
    authenticator = authenticator_for(security)
    tokens = [issue_test_token(security, subject=f"user-{number}") for number in range(NEW_TOKENS + 1)]

    async def each() -> list[float]:
        took_s = []
        for token in tokens:
            started = time.process_time()
            await authenticator.identify(token)
            took_s.append(time.process_time() - started)
        return took_s[1:]  # the first one loads the cryptography

    return round(statistics.median(asyncio.run(each())) * 1e6, 1)


def _driven(pid: int, port: int, path: str, token: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks._open_loop", str(port), path]
    options = [f"--token={token}", f"--per-s={PER_S}", f"--seconds={SECONDS}"]
    cpu_s = _cpu_s(pid)
    with _on_core(-1):
        done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    answered = figures["statuses"].get("200", 0)
    if not answered:
        raise CandidateFailed(path, f"{figures['statuses']} to {figures['sent']} requests", Path(os.devnull))
    return {
        "p50_ms": figures["p50_ms"],
        "p99_ms": figures["p99_ms"],
        "cpu_us": (_cpu_s(pid) - cpu_s) / max(answered, 1) * 1e6,
        "unanswered_or_failed": figures["sent"] - answered,
    }


def _summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    middle = {
        name: round(statistics.median(each[name] for each in rounds), 2) for name in ("p50_ms", "p99_ms", "cpu_us")
    }
    return {
        **middle,
        "p99_ms_of_each_round": [each["p99_ms"] for each in rounds],
        "unanswered_or_failed": sum(each["unanswered_or_failed"] for each in rounds),
    }


def _job(port: int, token: str) -> str:
    """A job that can be read, and that nobody works on while it is."""
    order = {"trainer_type": "probe", "config": {"probe": {"steps": 1, "seconds_per_step": 0}}}
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=60) as client:
        job_id: str = client.post("/api/training/jobs", json=order).raise_for_status().json()["job_id"]
        give_up = time.monotonic() + _START_S
        while client.get(f"/api/training/jobs/{job_id}").json()["status"] != "completed" and time.monotonic() < give_up:
            time.sleep(0.1)
        return job_id


@contextmanager
def _training(home: Path) -> Iterator[tuple[int, int]]:
    port = free_port()
    settings = {
        "CLARA_HOME": str(home),
        "CLARA_ENVIRONMENT": "development",
        "CLARA_SECURITY_MODE": "testing",
        "CLARA_WARM_TRAINER": "off",
        "CLARA_LOG_LEVEL": "WARNING",
        "CLARA_TRAINING_PORT": str(port),
    }
    with _server([sys.executable, "-m", "backend.training.app"], settings, port, home) as pid:
        yield pid, port


@contextmanager
def _bare(home: Path, issuer: str, key_dir: str) -> Iterator[tuple[int, int]]:
    port = free_port()
    with _server([sys.executable, "-c", BARE, str(port), issuer, key_dir], {}, port, home) as pid:
        yield pid, port


@contextmanager
def _server(command: list[str], settings: Mapping[str, str], port: int, home: Path) -> Iterator[int]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLARA_")}
    environment = {**kept, "PYTHONPATH": str(ROOT), **settings}
    with _log(home, port).open("ab") as log, _on_core(0):
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT)
    try:
        _wait(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def _log(home: Path, port: int) -> Path:
    return home / f"{port}.log"


@contextmanager
def _on_core(number: int) -> Iterator[None]:
    """Processes started meanwhile stay on one core, where there are several and the system lets us choose."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        yield
        return
    os.sched_setaffinity(0, {cores[number]})  # a child has the cores of who started it
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _wait(port: int) -> None:
    give_up = time.monotonic() + _START_S
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        while time.monotonic() < give_up:
            try:
                client.get("/livez")
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
    raise TimeoutError(port)


def _cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
