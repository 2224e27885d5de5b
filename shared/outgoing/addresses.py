"""What an IP address is to us: somebody on the internet, one of our own network, or nobody to talk to.

Source: IANA's registries of special-purpose addresses; the addresses of metadata services are those that the clouds
document.
"""

import ipaddress
from collections.abc import Iterable
from enum import StrEnum

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class Reach(StrEnum):
    """How far away an address is."""

    PUBLIC = "public"
    INNER = "inner"
    NEVER = "never"


def _networks(*texts: str) -> tuple[IpNetwork, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# Link-local (with the metadata services of most clouds), unspecified, multicast, reserved; Oracle's, Azure's, Alibaba's
# and Amazon's other metadata addresses; Teredo and site-local, which nobody may use any more; NAT64 for local use
# (RFC 8215), of which only the network that uses it knows where in it the IPv4 address is.
NEVER = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "168.63.129.16/32",
    "100.100.100.200/32",
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "198.18.0.0/15",
    "192.88.99.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "fe80::/10",
    "64:ff9b:1::/48",
    "fec0::/10",
    "ff00::/8",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
    "100::/64",
    "2001::/32",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
)
INNER = _networks(
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7"
)
# NAT64 (RFC 6052) and stateless translation (RFC 2765): the IPv4 address is at the end
_TRANSLATED = _networks("64:ff9b::/96", "::ffff:0:0:0/96")
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")
# the half before the IPv4 address in an interface identifier of ISATAP, of private and of global ones (RFC 5214, 6.1)
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
_NEARNESS = (Reach.PUBLIC, Reach.INNER, Reach.NEVER)


def plain(address: IpAddress) -> IpAddress:
    """The address that is meant: the IPv4 address inside of an IPv6 one, where there is one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inside = address.ipv4_mapped or address.sixtofour
    if inside is None and _is_in(address, _TRANSLATED):
        inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inside is None and address in _IPV4_COMPATIBLE and int(address) > 1:
        inside = ipaddress.IPv4Address(int(address))
    # what follows a "%" names an interface of this machine and says nothing of where the address is
    return inside or ipaddress.IPv6Address(int(address))


def leads_to(address: IpAddress) -> tuple[IpAddress, ...]:
    """Every address that may be reached with one: what `plain` says, and the end of an ISATAP tunnel.

    ISATAP is a matter of the interface, below whatever prefix: packets go by the prefix or straight to the IPv4
    address, as the machine is set up.
    """
    meant = plain(address)
    number = int(meant)
    if isinstance(meant, ipaddress.IPv4Address) or (number >> 32) & 0xFFFFFFFF not in _ISATAP:
        return (meant,)
    return meant, ipaddress.IPv4Address(number & 0xFFFFFFFF)


def reach_of(address: IpAddress) -> Reach:
    """How far away an address is: the nearest it leads to. What is in no list and not global is never talked to."""
    return max(map(_reach_of_one, leads_to(address)), key=_NEARNESS.index)


def _reach_of_one(address: IpAddress) -> Reach:
    if _is_in(address, NEVER):
        return Reach.NEVER
    if _is_in(address, INNER):
        return Reach.INNER
    return Reach.PUBLIC if address.is_global else Reach.NEVER


def _is_in(address: IpAddress, networks: Iterable[IpNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
