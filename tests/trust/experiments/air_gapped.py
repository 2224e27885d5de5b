"""After installation nothing asks for a network: work and tests go on where there is none, and try to reach nobody.

Everything runs in a network namespace that has the loopback device and nothing else, and every call of every process
that carries an address is traced. The short form goes from documents to a finished job on embedded stores; the full
form runs the whole quick start and the tests. First a call to another machine is made on purpose: it must be seen.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.air_gap import AirGapped, missing, run_air_gapped
from tests.support.installation import free_port
from tests.trust.place import Place

MISSING = missing
_ON_PURPOSE = "import socket; socket.socket().connect_ex(('192.0.2.1', 80))"
_SUITES = ("tests/unit", "tests/integration", "tests/e2e")
# it would run this very experiment in itself, where nothing can be traced a second time
_NOT_INSIDE = "tests/e2e/test_trust.py"
_LONGEST_S = 5400


def run(place: Place) -> Mapping[str, Any]:
    """A call on purpose, then the work."""
    seen = _run(place, "control", "-c", _ON_PURPOSE)
    works = place.scaled(full=(_quick_start, _tests), fast=(_journey,))
    runs = {work.__name__.removeprefix("_"): work(place) for work in works}
    attempts = {address: n for one in runs.values() for address, n in one.attempts.items()}
    return {
        "holds": seen.attempts == {"192.0.2.1:80": 1} and not attempts and all(one.code == 0 for one in runs.values()),
        "attempt_on_purpose_seen": sum(seen.attempts.values()),
        **{f"{name}_exit_code": one.code for name, one in runs.items()},
        **{f"{name}_says": _last_words(one) for name, one in runs.items()},
        "calls_looked_at": sum(one.calls for one in runs.values()),
        "outgoing_attempts": sum(attempts.values()),
        "addresses": dict(sorted(attempts.items())[:20]),
    }


def _journey(place: Place) -> AirGapped:
    return _run(place, "journey", "-m", "tests.support.air_gapped_journey", str(place.folder / "journey"))


def _quick_start(place: Place) -> AirGapped:
    return _run(place, "quick", "-m", "admin.quickstart", "--state", str(place.folder / "quick"), "--stop-after")


def _tests(place: Place) -> AirGapped:
    quiet = ("-q", "-p", "no:cacheprovider", f"--ignore={_NOT_INSIDE}")
    return _run(place, "suite", "-m", "pytest", *_SUITES, *quiet)


def _run(place: Place, name: str, *arguments: str) -> AirGapped:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLARA_")}
    # `make trust` may run beside somebody's services
    ports = {"CLARA_TRAINING_PORT": str(free_port()), "CLARA_DATASET_PORT": str(free_port())} if name == "quick" else {}
    kept = {name: os.environ[name] for name in ("CLARA_SHARED_DATA",) if name in os.environ}
    trace = Path(place.folder, f"{name}.trace")
    command = (sys.executable, *arguments)
    return run_air_gapped(command, trace, environment={**inherited, **ports, **kept}, timeout_s=_LONGEST_S)


def _last_words(done: AirGapped) -> str:
    lines = [line for line in done.output.splitlines() if line.strip()]
    summary = [line for line in lines if re.search(r"\d+ passed", line)]
    text = (summary or lines or [""])[-1][:300]
    try:
        return " ".join(f"{name}={value}" for name, value in json.loads(text).items())
    except (ValueError, AttributeError):
        return text
