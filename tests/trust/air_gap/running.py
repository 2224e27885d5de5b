"""Run a program, and all it starts, where there is no network but loopback, and count what it tried to reach."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.support.installation import ROOT
from tests.trust.air_gap.namespace import ENDED
from tests.trust.air_gap.trace import TRACING, addresses_in, is_here

_TICK_S = 30.0
_LETS_GO_S = 30.0


@dataclass(frozen=True)
class AirGapped:
    """A run without a network.

    Args:
        code: Exit code.
        output: What it printed.
        attempts: How often another machine was to be reached, by the kernel's count.
        addresses: With a trace: which ones, and how often.
        calls: With a trace: how many calls with an address of any machine were looked at.
        seconds: It took.
    """

    code: int
    output: str
    attempts: int
    addresses: Mapping[str, int] = field(default_factory=dict)
    calls: int = 0
    seconds: float = 0.0


@cache
def _namespace() -> tuple[str, ...]:
    """What makes a network and a mount namespace here, empty if nothing may."""
    for words in (("unshare", "--net", "--mount"), ("unshare", "--net", "--mount", "--map-root-user")):
        if (
            shutil.which(words[0])
            and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
        ):
            return words
    return ()


@cache
def missing() -> str:
    """Why programs cannot be run so on this machine; empty if they can."""
    if sys.platform != "linux":
        return "network namespaces exist on Linux only"
    if not _namespace():
        return "this machine lets us make no network namespace (`unshare --net --mount` as root, or user namespaces)"
    return ""


@cache
def missing_trace() -> str:
    """Why calls cannot be traced on this machine; empty if they can."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian: apt-get install strace)"
    traced = subprocess.run([*TRACING, "-o", os.devnull, "true"], capture_output=True, check=False)
    return "" if traced.returncode == 0 else "this machine lets us trace no program (strace)"


def run_air_gapped(
    command: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    timeout_s: float,
    is_traced: bool = False,
    tick: Callable[[float], None] | None = None,
) -> AirGapped:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        folder: For its output (`output.log`), the count and the trace; made here, must not exist.
        environment: Default: ours.
        timeout_s: Longest time; then it is ended, which is exit code 124.
        is_traced: Whether every call with an address is looked at, which names addresses and takes time.
        tick: Told every half minute for how many seconds it has been running.
    """
    folder.mkdir(parents=True)
    trace = folder / "trace"
    tracing = [*TRACING, "-o", str(trace)] if is_traced else []
    entering = [*_namespace(), sys.executable, "-m", "tests.trust.air_gap.namespace", str(folder)]
    started = time.monotonic()
    log = folder / "output.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*tracing, *entering, *command], env=dict(environment or os.environ), cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        code = _waited(process, folder / ENDED, timeout_s, tick or (lambda _: None))
    found = list(addresses_in(trace)) if is_traced else []
    away = [f"{host}:{port}" for host, port in found if not is_here(host)]
    return AirGapped(
        code,
        log.read_text(encoding="utf-8", errors="replace"),
        # without a count nobody knows, and not to know is not 0
        _told(folder / ENDED).get("unrouted", -1),
        {address: away.count(address) for address in dict.fromkeys(away)},
        len(found),
        time.monotonic() - started,
    )


def _told(ended: Path) -> dict[str, int]:
    """Count and exit code, once the program has ended."""
    found: dict[str, int] = json.loads(ended.read_text(encoding="ascii")) if ended.exists() else {}
    return found


def _waited(process: "subprocess.Popen[bytes]", ended: Path, timeout_s: float, tick: Callable[[float], None]) -> int:
    """Wait; whatever ends the wait, Ctrl-C too, ends the program."""
    started = time.monotonic()
    try:
        while (left_s := started + timeout_s - time.monotonic()) > 0:
            try:
                return process.wait(min(_TICK_S, left_s))
            except subprocess.TimeoutExpired:
                tick(time.monotonic() - started)
            if ended.exists():
                # a tracer waits for what the program left running, too
                return _told(ended)["code"]
        return 124
    finally:
        if process.poll() is None:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        os.killpg(process.pid, number)
        try:
            process.wait(_LETS_GO_S)
        except subprocess.TimeoutExpired:
            continue
        return
