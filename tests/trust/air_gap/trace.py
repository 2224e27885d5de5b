"""Calls that carry an address, as strace writes them down: slower than a count of the kernel, but with names."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

# whatever can carry an address of another machine; with seccomp the rest runs at full speed
_CALLS = "connect,sendto,sendmsg,sendmmsg"
TRACING = ("strace", "-f", "--seccomp-bpf", "-qq", "-s", "0", "-e", f"trace={_CALLS}", "-e", "signal=none")
_ADDRESS = re.compile(r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)')
_ADDRESS_6 = re.compile(r'sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"')


def addresses_in(trace: Path) -> Iterator[tuple[str, str]]:
    """Host and port of every call."""
    with trace.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            for pattern in (_ADDRESS, _ADDRESS_6):
                for port, host in pattern.findall(line):
                    yield host, port


def is_here(host: str) -> bool:
    """Whether an address is one of this machine in a namespace with loopback only."""
    address = ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    # connecting to the address of "any" reaches this machine
    return (mapped or address).is_loopback or address.is_unspecified
