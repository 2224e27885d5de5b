"""Which addresses our own requests may go to, and which never.

Link-local addresses (with the metadata services of clouds), multicast and reserved ones are refused whatever is
configured. Loopback and private networks are refused unless a setting lists them: an address that somebody names must
not turn a service into a way into the network around it.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.errors import NotPermitted
from shared.outgoing.addresses import INNER, NEVER, IpAddress, IpNetwork, Reach, leads_to, reach_of

SETTING = "CLARA_OUTGOING_ALLOWED"
_SCHEMES = frozenset({"http", "https"})
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?", re.IGNORECASE)
# what inet_aton takes for an address although nobody writes one so: 2130706433, 0x7f.1, 0177.0.0.1
_DISGUISED = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)


class AddressRefused(NotPermitted):
    """A request of ours was to go where it must not."""

    code = "address_refused"

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"We do not connect to '{host[:200]}': {reason}.", host=host[:200], reason=reason)


@dataclass(frozen=True, slots=True)
class OutgoingPolicy:
    """What is allowed beyond public addresses; without arguments nothing is.

    Args:
        hosts: Names, in lower case, that may have an address of our own network.
        networks: Inner networks that may be connected to under any name.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[IpNetwork, ...] = ()

    @classmethod
    def parse(cls, listed: Sequence[str]) -> "OutgoingPolicy":
        """From names, addresses and networks (`10.1.0.0/16`).

        Raises:
            ValueError: If an entry is none of them, or one that is never allowed.
        """
        hosts: set[str] = set()
        networks: list[IpNetwork] = []
        for entry in listed:
            network = _network(entry)
            if network is None:
                hosts.add(_checked_name(entry))
            else:
                networks.append(network)
        return cls(frozenset(hosts), tuple(networks))

    def check_url(self, url: str) -> str:
        """The host of an address whose form is right; where it leads is decided when it is connected to.

        Raises:
            AddressRefused: If it is no http(s) address, or its host is written as none should be.
        """
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError as exc:
            raise AddressRefused(url, "it is no address") from exc
        if parts.scheme.lower() not in _SCHEMES:
            raise AddressRefused(url, f"'{parts.scheme[:20]}' is neither http nor https")
        self.check_host(host)
        return host

    def check_host(self, host: str) -> None:
        """Let canonical addresses and names pass, before anybody asks what they stand for.

        Raises:
            AddressRefused: If the host is empty, a number in disguise, or holds what no name does.
        """
        literal = literal_address(host)
        if literal is not None:
            self.check_address(host, literal)
        elif _DISGUISED.fullmatch(host):
            raise AddressRefused(host, "an IPv4 address is written as four decimal numbers")
        elif not _NAME.fullmatch(host):
            raise AddressRefused(host, "it is no name of a host")

    def check_address(self, host: str, address: IpAddress) -> None:
        """Decide about one address that `host` stands for.

        Raises:
            AddressRefused: If it must not be connected to.
        """
        reach = reach_of(address)
        if reach is Reach.NEVER:
            raise AddressRefused(host, f"{address} is link-local, multicast or reserved, which is never allowed")
        if reach is Reach.INNER and not self._is_listed(host, address):
            raise AddressRefused(
                host, f"{address} is in a network of our own; an administrator can list it in {SETTING}"
            )

    def checked(self, host: str, found: Sequence[str]) -> list[IpAddress]:
        """The addresses that `host` was resolved to.

        Args:
            host: As it was asked for.
            found: All addresses that the resolver gave.

        Raises:
            AddressRefused: If there is none, or one of them must not be connected to: an honest name has no such one.
        """
        self.check_host(host)
        addresses = list(dict.fromkeys(ipaddress.ip_address(each) for each in found))
        if not addresses:
            raise AddressRefused(host, "the name has no address")
        for address in addresses:
            self.check_address(host, address)
        return addresses

    def _is_listed(self, host: str, address: IpAddress) -> bool:
        if host.lower().rstrip(".") in self.hosts:
            return True
        # of a tunnel both ends
        inner = [one for one in leads_to(address) if reach_of(one) is not Reach.PUBLIC]
        return all(any(one.version == net.version and one in net for net in self.networks) for one in inner)


PUBLIC_ONLY = OutgoingPolicy()
OWN_SERVERS = OutgoingPolicy(networks=INNER)
"""For databases and shares, which an administrator names in a setting together with a password: they are nearly always
in a network of our own. Where such a name leads is looked at all the same: link-local, multicast and reserved addresses
are refused, whatever a name server says or another server sends us to."""


def literal_address(host: str) -> IpAddress | None:
    """The address that a host is, in canonical form; None for names."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(entry: str) -> IpNetwork | None:
    try:
        network = ipaddress.ip_network(entry)
    except ValueError as exc:
        if "/" in entry or _DISGUISED.fullmatch(entry):
            raise ValueError(f"'{entry}' is no network: {exc}") from exc
        return None
    if any(network.version == never.version and network.overlaps(never) for never in NEVER):
        raise ValueError(f"'{entry}' holds addresses that are never allowed; list smaller networks")
    return network


def _checked_name(entry: str) -> str:
    if not _NAME.fullmatch(entry):
        raise ValueError(f"'{entry}' is neither a name of a host nor a network such as 10.1.0.0/16")
    return entry.lower().rstrip(".")
