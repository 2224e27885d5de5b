"""Schemathesis against a running service: every operation of its OpenAPI document, all checks, all phases."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.installation import ROOT

_CHECKS = ROOT / "tests" / "support" / "schemathesis_checks.py"
# What a request that is formally right may be answered with beside success: it asks for something that is not there or
# not ready, or whose content cannot be; a body within all the limits of the schema may be too large as a whole.
_REFUSALS = (400, 413, 422)
_SETTINGS = """
continue-on-failure = true
warnings = false
hooks = {hooks}

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 429, {refusals}]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 422, 429]

# a form has no types: the number that stands in it for a text is a text
[[operations]]
include-path = "/api/datasets/upload"

[operations.checks.negative_data_rejection]
expected-statuses = [200, 400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 422, 429]
"""
_COUNT = re.compile(r'^clara_http_requests_total\{.*status="(\d+)"\} ([\d.e+]+)$', re.MULTILINE)


@dataclass(frozen=True)
class FuzzReport:
    """What one run came to.

    Args:
        calls: Requests that the service itself counted.
        server_errors: Those that it answered with 5xx.
        cases: What Schemathesis made.
        operations: Of the OpenAPI document, all of them called.
        failures: One line each.
        is_complete: Whether every phase ran to its end.
    """

    calls: int
    server_errors: int
    cases: int
    operations: int
    failures: list[str]
    is_complete: bool


def fuzzed(url: str, token: str, folder: Path, *, examples: int, seed: int) -> FuzzReport:
    """Run all phases against a service.

    Args:
        url: Base address.
        token: Access token of an admin.
        folder: For settings and reports; made if it is not there.
        examples: Cases of each operation in the fuzzing phase, and stateful scenarios.
        seed: Of all chance.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = _SETTINGS.format(hooks=json.dumps(str(_CHECKS)), refusals=", ".join(map(str, _REFUSALS)))
    (folder / "schemathesis.toml").write_text(settings, encoding="utf-8")
    before = _answered(url)
    arguments = ["run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {token}"]
    arguments += ["--checks", "all", "--max-examples", str(examples), "--seed", str(seed), "--no-shrink"]
    arguments += ["--report", "json", "--report-json-path", str(folder / "report.json"), "--request-timeout", "30"]
    arguments += ["--generation-database", "none", "--suppress-health-check", "all"]
    run = subprocess.run(
        [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    (folder / "output.txt").write_text(run.stdout + run.stderr, encoding="utf-8")
    after = _answered(url)
    counted = {status: after[status] - before.get(status, 0) for status in after}
    return _report(folder, counted, run.returncode)


def _report(folder: Path, counted: dict[int, int], exit_code: int) -> FuzzReport:
    file = folder / "report.json"
    if not file.is_file():
        raise RuntimeError(f"Schemathesis made no report: {(folder / 'output.txt').read_text()[-2000:]}")
    report = json.loads(file.read_text(encoding="utf-8"))
    operations = report["operations"]
    failures = [_line(failure) for failure in report["failures"]]
    if exit_code and not failures:
        failures.append(f"exit code {exit_code}: {(folder / 'output.txt').read_text()[-500:]}")
    phases = {name: phase["status"] for name, phase in report["phases"].items()}
    return FuzzReport(
        calls=sum(counted.values()),
        server_errors=sum(number for status, number in counted.items() if status >= 500),
        cases=report["test_cases"]["generated"],
        operations=operations["tested"],
        failures=failures,
        # without an example in the document there is nothing to do in that phase
        is_complete=report["complete"]
        and operations["tested"] == operations["total"]
        and all(phases[name] != "skip" for name in ("coverage", "fuzzing", "stateful")),
    )


def _line(failure: dict[str, Any]) -> str:
    return f"{failure['type']}: {failure['title']} {json.dumps(failure.get('operations'))[:300]}"


def _answered(url: str) -> dict[int, int]:
    """Status -> answers since the start, by the service's own count."""
    found: dict[int, int] = {}
    text = httpx.get(f"{url}/metrics", trust_env=False).text
    for status, number in _COUNT.findall(text):
        found[int(status)] = found.get(int(status), 0) + int(float(number))
    return found
