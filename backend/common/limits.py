"""Every limit of a service on what callers may send, in one place."""

import ipaddress
from dataclasses import dataclass
from typing import Protocol

from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What one request, one address and one user may take.

    Args:
        calls_per_user: Calls of one user each second, sustained; twice as many in a burst. 0: no limit.
        calls_per_address: Likewise of one address.
        request_s: Longest time until an answer begins.
        json_depth: Deepest nesting of a JSON body.
    """

    calls_per_user: float = 1000.0
    calls_per_address: float = 2000.0
    request_s: float = 600.0
    json_depth: int = 64


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a listener takes.

    Args:
        total: Open connections, WebSockets included.
        per_address: Of one address; proxies that are trusted have no such limit.
        header_s: Longest time from the first byte of a request to the end of its head.
        header_bytes: Largest head.
        rest_bytes: Most of a body that is read and thrown away after its answer.
        trusted_proxies: Addresses and networks whose `X-Forwarded-For` is believed; nobody's by default.
    """

    total: int = 4096
    per_address: int = 2048
    header_s: float = 10.0
    header_bytes: int = 64 * 1024
    rest_bytes: int = 256 * 1024 * 1024
    trusted_proxies: tuple[str, ...] = ()


_WIDEST_PROXIES = {4: 8, 6: 16}
"""Shortest prefix of a network of proxies by IP version; a wider one is no network that anybody runs."""

NORMAL_LIMITS = ConnectionLimits()
NORMAL_REQUESTS = RequestLimits()


class LimitSettings(Protocol):
    """The settings that limits depend on; `config.BaseConfig` has them."""

    @property
    def rate_limit_per_user(self) -> float: ...  # noqa: D102 - names of the settings, described there
    @property
    def rate_limit_per_address(self) -> float: ...  # noqa: D102
    @property
    def request_seconds(self) -> float: ...  # noqa: D102
    @property
    def json_depth(self) -> int: ...  # noqa: D102
    @property
    def max_connections(self) -> int: ...  # noqa: D102
    @property
    def max_connections_per_address(self) -> int: ...  # noqa: D102
    @property
    def header_seconds(self) -> float: ...  # noqa: D102
    @property
    def trusted_proxies_list(self) -> list[str]: ...  # noqa: D102


class InvalidProxy(InvalidInput):
    """A trusted proxy is neither an address nor a network of one's own."""

    code = "invalid_proxy"

    def __init__(self, entry: str, reason: str = "is neither an address nor a network such as 10.1.0.0/24") -> None:
        super().__init__(f"CLARA_TRUSTED_PROXIES: '{entry}' {reason}.")


def request_limits(settings: LimitSettings) -> RequestLimits:
    """The limits of requests that the settings describe."""
    return RequestLimits(
        settings.rate_limit_per_user, settings.rate_limit_per_address, settings.request_seconds, settings.json_depth
    )


def connection_limits(settings: LimitSettings) -> ConnectionLimits:
    """The limits of a listener that the settings describe.

    Raises:
        InvalidProxy: If a trusted proxy is no address, or so wide a network that anybody could be in it.
    """
    proxies = settings.trusted_proxies_list
    for entry in proxies:
        _check_proxy(entry)
    return ConnectionLimits(
        settings.max_connections,
        settings.max_connections_per_address,
        settings.header_seconds,
        trusted_proxies=tuple(proxies),
    )


def _check_proxy(entry: str) -> None:
    try:
        network = ipaddress.ip_network(entry)
    except ValueError as exc:
        raise InvalidProxy(entry) from exc
    if network.prefixlen < _WIDEST_PROXIES[network.version]:
        # whoever is believed chooses the address that rate limits and the audit log know
        raise InvalidProxy(entry, "would let callers choose the address they are known by; list your proxies alone")
