"""A name looked up once and checked, for drivers that take addresses: what they connect to is what was checked."""

import socket

from shared.outgoing.addresses import IpAddress
from shared.outgoing.policy import OutgoingPolicy, literal_address


def resolved(policy: OutgoingPolicy, host: str, port: int | None = None) -> list[IpAddress]:
    """All addresses of a host, in the order of the resolver.

    Raises:
        AddressRefused: If one of them must not be connected to, or the host is written as none should be.
        OSError: If the name is not known.
    """
    if literal_address(host) is not None:
        return policy.checked(host, [host])
    policy.check_host(host)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return policy.checked(host, [str(entry[4][0]) for entry in found])
