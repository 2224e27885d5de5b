"""After installation nothing asks for a network: work and tests go on where there is none, and try to reach nobody.

Everything runs in a network namespace that has the loopback device and nothing else, where the kernel counts every
attempt to reach another machine, at no cost. First such attempts are made on purpose, in every way there is: each must
be counted. The full form then runs the whole quick start and, as `make test` does, all tests; the short form goes from
documents to a finished job on embedded stores, with every call of every process traced as a second opinion.

Outputs of the full form are kept in build/air-gapped; it says on stderr how far it is and which tests failed.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.installation import ROOT, free_port
from tests.trust.air_gap.running import AirGapped, missing, missing_trace, run_air_gapped
from tests.trust.air_gap.witness import Account, account, switched_on
from tests.trust.place import Place

KEPT = ROOT / "build" / "air-gapped"
_LONGEST_S = 5400
_NAMED = 20


def MISSING() -> str:  # noqa: N802 - the name by which experiments say it
    """Why this machine cannot; a trace is needed by the short form alone, and strace comes with `make test`."""
    return missing() or missing_trace()


def run(place: Place) -> Mapping[str, Any]:
    """Attempts on purpose, then the work."""
    seen = _run(place.folder, "control", "-m", "tests.trust.air_gap.on_purpose")
    told = json.loads(seen.output.splitlines()[-1])
    is_sound = min(told["to_others"].values()) >= 1 and not any(told["to_ourselves"].values())
    control = {
        "ways_tried_on_purpose": len(told["to_others"]),
        "of_them_counted": sum(counted >= 1 for counted in told["to_others"].values()),
        "counted_of_calls_to_ourselves": sum(told["to_ourselves"].values()),
    }
    figures = place.scaled(full=_in_full, fast=_in_short)(place)
    holds = is_sound and seen.attempts == sum(told["to_others"].values()) and figures.pop("holds")
    return {"holds": holds, **control, **figures}


def _in_short(place: Place) -> dict[str, Any]:
    command = ("-m", "tests.trust.air_gap.journey", str(place.folder / "documents"))
    journey = _run(place.folder, "journey", *command, is_traced=True)
    return {
        "holds": journey.code == 0 and journey.attempts == 0 and not journey.addresses,
        "journey_exit_code": journey.code,
        "journey_says": _last_words(journey),
        "calls_looked_at": journey.calls,
        "outgoing_attempts": journey.attempts,
        "addresses": dict(list(journey.addresses.items())[:_NAMED]),
    }


def _in_full(place: Place) -> dict[str, Any]:
    shutil.rmtree(KEPT, ignore_errors=True)
    # `make trust` may run beside somebody's services
    ports = {"CLARA_TRAINING_PORT": str(free_port()), "CLARA_DATASET_PORT": str(free_port())}
    command = ("-m", "admin.quickstart", "--state", str(place.folder / "quick"), "--stop-after")
    quick = _run(KEPT, "quick_start", *command, settings=ports)
    witness = KEPT / "tests.jsonl"
    tests = _run(KEPT, "tests", "-m", "admin.scripts.run_tests", settings=switched_on(witness), witness=witness)
    seen = account(witness)
    passed, skipped = _total(tests, "passed"), _total(tests, "skipped")
    attempts = [quick.attempts, tests.attempts]
    if quick.code:
        _say(f"the quick start ended with {quick.code}: {_last_words(quick)}")
    _tell_what_went_wrong(tests, seen)
    return {
        "holds": quick.code == tests.code == 0 and attempts == [0, 0] and not seen.failed and passed > 0,
        "quick_start_exit_code": quick.code,
        "quick_start_says": _last_words(quick),
        "quick_start_seconds": round(quick.seconds),
        "tests_exit_code": tests.code,
        "tests_passed": passed,
        "tests_skipped": skipped,
        "tests_failed": len(seen.failed),
        "tests_seconds": round(tests.seconds),
        # -1: somebody ended the run, and nobody counted
        "outgoing_attempts": -1 if min(attempts) < 0 else sum(attempts),
        **({"failed": list(seen.failed[:_NAMED])} if seen.failed else {}),
        **({"suspects": dict(list(seen.suspects.items())[:_NAMED])} if seen.suspects else {}),
    }


def _run(
    folder: Path,
    name: str,
    *arguments: str,
    settings: Mapping[str, str] | None = None,
    is_traced: bool = False,
    witness: Path | None = None,
) -> AirGapped:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLARA_")}
    kept = {name: os.environ[name] for name in ("CLARA_SHARED_DATA",) if name in os.environ}

    def tick(seconds: float) -> None:
        done = f", {_said(account(witness))}" if witness else ""
        _say(f"{name.replace('_', ' ')}: {seconds / 60:.1f} minutes{done}")

    return run_air_gapped(
        (sys.executable, *arguments),
        folder / name,
        environment={**inherited, **kept, **(settings or {})},
        timeout_s=_LONGEST_S,
        is_traced=is_traced,
        tick=tick,
    )


def _said(seen: Account) -> str:
    # two tests run side by side, and both are suspected of what was tried meanwhile
    return f"{seen.tests} tests done, {len(seen.failed)} failed, {len(seen.suspects)} suspected of outgoing attempts"


def _tell_what_went_wrong(tests: AirGapped, seen: Account) -> None:
    for line in re.findall(r"^(?:FAILED|ERROR) .*$", tests.output, re.MULTILINE):
        _say(line[:300])
    for test, attempts in seen.suspects.items():
        _say(f"{attempts} attempts to reach another machine while this ran: {test}")
        _say(f"  which one: python -m tests.trust.air_gap --trace python -m pytest '{test}'")
    _say(f"all output: {KEPT}")


def _total(tests: AirGapped, word: str) -> int:
    """Of the last lines of all runs of pytest."""
    summaries = re.findall(r"^=*\s*\d+ .* in [\d.]+s.*$", tests.output, re.MULTILINE)
    return sum(int(number) for line in summaries for number in re.findall(rf"(\d+) {word}", line))


def _last_words(done: AirGapped) -> str:
    lines = [line for line in done.output.splitlines() if line.strip()]
    text = (lines or [""])[-1][:300]
    try:
        return " ".join(f"{name}={value}" for name, value in json.loads(text).items())
    except (ValueError, AttributeError):
        return text


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
