"""How often programs of this network namespace wanted to reach another machine, counted by the kernel itself.

A namespace that has the loopback device alone has no route to anybody, so whatever is sent or connected elsewhere fails
when its route is looked up, and the kernel counts that: for TCP and UDP, both families, connected or not, multicast and
broadcast too. The counters belong to the namespace: they cost nothing, no process can be missed, and none can end
before it was looked at. Raw sockets of IPv4 are not counted; `namespace.py` takes the right to open them away.

Source: OutNoRoutes in RFC 4293 (ipIfStatsOutNoRoutes); net/ipv4/tcp_ipv4.c, udp.c, datagram.c, net/ipv6/ip6_output.c
"""

from pathlib import Path

_OF_IPV4 = Path("/proc/self/net/snmp")
_OF_IPV6 = Path("/proc/self/net/snmp6")


def unrouted() -> int:
    """Attempts since the namespace was made.

    Raises:
        LookupError: If this kernel does not tell.
    """
    return _ipv4(_OF_IPV4.read_text(encoding="ascii")) + _ipv6(_OF_IPV6)


def _ipv4(told: str) -> int:
    """From pairs of lines, `Ip: NAME …` and `Ip: NUMBER …`."""
    names, numbers = (line.split()[1:] for line in told.splitlines() if line.startswith("Ip: "))
    return int(dict(zip(names, numbers, strict=True))["OutNoRoutes"])


def _ipv6(file: Path) -> int:
    if not file.exists():
        # a kernel without IPv6 can reach nobody by it
        return 0
    numbers = dict(line.split() for line in file.read_text(encoding="ascii").splitlines())
    return int(numbers["Ip6OutNoRoutes"])
