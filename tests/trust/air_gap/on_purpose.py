"""Try to reach another machine in every way that there is, and tell what the kernel counted of each, as one JSON line.

`python -m tests.trust.air_gap.on_purpose`, in a namespace without a network: the proof that the counting is sound.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

from tests.trust.air_gap.unrouted import unrouted

# addresses for documentation: nobody has them
FOUR, SIX = ("192.0.2.1", 80), ("2001:db8::1", 80)
_IN_A_CHILD = f"import socket; socket.socket().connect_ex({FOUR!r})"


def main() -> int:
    sys.stdout.write(json.dumps({"to_others": _counted(_TO_OTHERS), "to_ourselves": _counted(_TO_OURSELVES)}) + "\n")
    return 0


def _counted(attempts: Mapping[str, Callable[[], object]]) -> dict[str, int]:
    found = {}
    for name, attempt in attempts.items():
        before = unrouted()
        with suppress(OSError):
            attempt()
        found[name] = unrouted() - before
    return found


def _connect(family: int, kind: int, address: tuple[str, int]) -> None:
    with socket.socket(family, kind) as one:
        one.setblocking(False)
        one.connect(address)


def _send(family: int, address: tuple[str, int]) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        one.sendto(b"?", address)


def _message(family: int, address: tuple[str, int]) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.sendmsg([b"?"], [], 0, address)


_TCP, _UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
_TO_OTHERS: Mapping[str, Callable[[], object]] = {
    "tcp over ipv4": lambda: _connect(socket.AF_INET, _TCP, FOUR),
    "tcp over ipv6": lambda: _connect(socket.AF_INET6, _TCP, SIX),
    "tcp over ipv4 written as ipv6": lambda: _connect(socket.AF_INET6, _TCP, ("::ffff:192.0.2.1", 80)),
    "udp connected over ipv4": lambda: _connect(socket.AF_INET, _UDP, FOUR),
    "udp connected over ipv6": lambda: _connect(socket.AF_INET6, _UDP, SIX),
    "udp over ipv4": lambda: _send(socket.AF_INET, FOUR),
    "udp over ipv6": lambda: _send(socket.AF_INET6, SIX),
    "udp as a message over ipv4": lambda: _message(socket.AF_INET, FOUR),
    "udp as a message over ipv6": lambda: _message(socket.AF_INET6, SIX),
    "name": lambda: socket.getaddrinfo("clara.example", 80),
    "metadata service": lambda: _connect(socket.AF_INET, _TCP, ("169.254.169.254", 80)),
    "multicast over ipv4": lambda: _send(socket.AF_INET, ("224.0.0.251", 5353)),
    "multicast over ipv6": lambda: _send(socket.AF_INET6, ("ff02::fb", 5353)),
    "broadcast": lambda: _send(socket.AF_INET, ("255.255.255.255", 9)),
    "a child": lambda: subprocess.run([sys.executable, "-c", _IN_A_CHILD], check=True),
}
_TO_OURSELVES: Mapping[str, Callable[[], object]] = {
    "tcp over ipv4": lambda: _connect(socket.AF_INET, _TCP, ("127.0.0.1", 9)),
    "tcp over ipv6": lambda: _connect(socket.AF_INET6, _TCP, ("::1", 9)),
    "udp over ipv4": lambda: _send(socket.AF_INET, ("127.0.0.1", 9)),
    "udp over ipv6": lambda: _send(socket.AF_INET6, ("::1", 9)),
    "any address": lambda: _connect(socket.AF_INET, _TCP, ("0.0.0.0", 9)),
    "localhost": lambda: socket.getaddrinfo("localhost", 80),
}

if __name__ == "__main__":
    sys.exit(main())
