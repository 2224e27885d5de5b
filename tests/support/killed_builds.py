"""Builds in processes of their own that are killed with SIGKILL, and go on in the next attempt."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from shared.storage import sha256_file

_LONGEST_S = 120


def start_attempt(folder: Path, number: int, documents: int, *, dies_behind: str = "") -> "subprocess.Popen[str]":
    """Begin an attempt at a build, which may be one that kills itself behind a stage."""
    command = [sys.executable, "-m", "tests.support.resumed_build", str(folder), str(number), str(documents)]
    command += [dies_behind] if dies_behind else []
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished_attempt(folder: Path, number: int, documents: int) -> tuple[dict[str, Any], list[str]]:
    """Let an attempt come to its end; what came out, and the stages that it finished itself."""
    with start_attempt(folder, number, documents) as process:
        out, _ = process.communicate(timeout=_LONGEST_S)
    assert process.returncode == 0
    *stages, result = map(json.loads, out.splitlines())
    return result, [stage["stage"] for stage in stages]


def killed_after(folder: Path, number: int, documents: int, stage: str) -> list[str]:
    """Have an attempt killed as soon as it has said that it finished a stage; the stages that it finished itself."""
    with start_attempt(folder, number, documents, dies_behind=stage) as process:
        out, _ = process.communicate(timeout=_LONGEST_S)
    assert process.returncode == -signal.SIGKILL, f"attempt {number} did not finish {stage}, but {out}"
    return [json.loads(line)["stage"] for line in out.splitlines()]


def killed_at(folder: Path, number: int, documents: int, moment_s: float) -> bool:
    """Kill an attempt so many seconds after its start; whether it was still at work."""
    with start_attempt(folder, number, documents) as process:
        time.sleep(moment_s)
        was_alive = process.poll() is None
        process.kill()
    return was_alive


def digests(attempt: Path) -> dict[str, str]:
    """Path below an attempt -> SHA-256, of every file that is there."""
    files = sorted(path for path in attempt.rglob("*") if path.is_file())
    return {path.relative_to(attempt).as_posix(): sha256_file(path) for path in files}
