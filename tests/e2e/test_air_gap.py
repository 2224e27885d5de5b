"""The counting behind `make air-gapped` is sound: every way to reach another machine is counted, and named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.installation import ROOT
from tests.trust.air_gap.running import AirGapped, missing, missing_trace, run_air_gapped
from tests.trust.air_gap.witness import account, switched_on

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")
_LONGEST_S = 120
_TESTS = """
import socket

def test_that_tries_to_reach_somebody():
    socket.socket().connect_ex(("192.0.2.1", 80))

def test_that_fails():
    raise AssertionError

def test_that_stays_at_home():
    socket.socket().connect_ex(("127.0.0.1", 9))
"""


def run(folder: Path, *arguments: str, **options: bool) -> AirGapped:
    return run_air_gapped((sys.executable, *arguments), folder, timeout_s=_LONGEST_S, **options)


def test_every_way_to_reach_another_machine_is_counted(tmp_path: Path) -> None:
    done = run(tmp_path / "run", "-m", "tests.trust.air_gap.on_purpose")

    told = json.loads(done.output)
    assert {name for name, counted in told["to_others"].items() if counted < 1} == set()
    assert {name for name, counted in told["to_ourselves"].items() if counted} == set()
    assert done.attempts == sum(told["to_others"].values()) >= 15


def test_what_a_program_starts_is_counted_as_well(tmp_path: Path) -> None:
    late = "import socket, time; time.sleep(0.3); socket.socket().connect_ex(('192.0.2.1', 80))"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {late!r}]); sys.exit(7)"

    done = run(tmp_path / "run", "-c", starts)

    assert (done.code, done.attempts) == (7, 1)


def test_packets_that_nobody_would_count_cannot_be_made(tmp_path: Path) -> None:
    raw = "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)"

    done = run(tmp_path / "run", "-c", raw)

    assert (done.code, done.attempts) == (1, 0)
    assert "PermissionError" in done.output


def test_the_test_that_tried_is_named(tmp_path: Path) -> None:
    file, witness = tmp_path / "test_x.py", tmp_path / "tests.jsonl"
    file.write_text(_TESTS, encoding="utf-8")

    done = run_air_gapped(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(file)),
        tmp_path / "run",
        environment={**os.environ, **switched_on(witness)},
        timeout_s=_LONGEST_S,
    )

    seen = account(witness)
    assert (done.code, done.attempts, seen.tests) == (1, 1, 3)
    assert [test.rpartition("::")[2] for test in seen.suspects] == ["test_that_tries_to_reach_somebody"]
    assert [test.rpartition("::")[2] for test in seen.failed] == ["test_that_fails"]


def test_who_runs_too_long_is_ended_and_nobody_says_that_nothing_was_tried(tmp_path: Path) -> None:
    done = run_air_gapped((sys.executable, "-c", "import time; time.sleep(60)"), tmp_path / "run", timeout_s=2)

    assert done.code == 124
    # whoever is ended politely still counts
    assert done.attempts in (0, -1)
    assert done.seconds < 30


@pytest.mark.skipif(bool(missing_trace()), reason=missing_trace() or "nothing is missing")
def test_a_command_is_told_whom_it_wanted_to_reach() -> None:
    tries = "import socket; socket.socket().connect_ex(('192.0.2.7', 81))"

    done = subprocess.run(
        [sys.executable, "-m", "tests.trust.air_gap", "--trace", sys.executable, "-c", tries],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["addresses"] == {"192.0.2.7:81": 1}
