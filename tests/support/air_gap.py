"""Run a program, and all it starts, where there is no network but loopback, and list what it tried to reach."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from tests.support.installation import ROOT

# whatever can carry an address of another machine; with seccomp the rest runs at full speed
_CALLS = "connect,sendto,sendmsg,sendmmsg"
_ADDRESS = re.compile(r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)')
_ADDRESS_6 = re.compile(r'sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"')


@dataclass(frozen=True)
class AirGapped:
    """A run without a network.

    Args:
        code: Exit code.
        output: What it printed.
        attempts: Address of another machine -> how often it was tried.
        calls: How many calls with an address of any machine were looked at.
    """

    code: int
    output: str
    attempts: Mapping[str, int]
    calls: int


@cache
def _namespace() -> tuple[str, ...]:
    """What makes a network namespace here, empty if nothing may."""
    for words in (("unshare", "--net"), ("unshare", "--net", "--map-root-user")):
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
    if shutil.which("strace") is None:
        return "strace is not installed (Debian: apt-get install strace)"
    if not _namespace():
        return "this machine lets us make no network namespace (`unshare --net` as root, or user namespaces)"
    traced = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-o", os.devnull, "true"], capture_output=True, check=False
    )
    return "" if traced.returncode == 0 else "this machine lets us trace no program (strace)"


def run_air_gapped(
    command: Sequence[str], trace: Path, *, environment: Mapping[str, str] | None = None, timeout_s: float
) -> AirGapped:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        trace: File for the trace; must not exist.
        environment: Default: ours.
        timeout_s: Longest time.
    """
    tracing = ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "0", "-e", f"trace={_CALLS}", "-e", "signal=none"]
    entering = [*_namespace(), sys.executable, "-m", "tests.support.loopback_only"]
    done = subprocess.run(
        [*tracing, "-o", str(trace), *entering, *command],
        env=dict(environment or os.environ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    addresses = list(_addresses(trace))
    away = Counter(f"{host}:{port}" for host, port in addresses if not _is_here(host))
    return AirGapped(done.returncode, done.stdout + done.stderr, dict(away), len(addresses))


def _addresses(trace: Path) -> Iterator[tuple[str, str]]:
    with trace.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            for pattern in (_ADDRESS, _ADDRESS_6):
                for port, host in pattern.findall(line):
                    yield host, port


def _is_here(host: str) -> bool:
    address = ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    # connecting to the address of "any" reaches this machine
    return (mapped or address).is_loopback or address.is_unspecified
