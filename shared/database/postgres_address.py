"""Where a PostgreSQL is, looked up and checked by us: libpq then connects to addresses and resolves no name itself.

The name stays beside each address, so that certificates are checked against it.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from shared.outgoing import OWN_SERVERS, AddressRefused
from shared.outgoing.plain_text import note_plain_text
from shared.outgoing.resolving import resolved

if TYPE_CHECKING:
    from psycopg import Connection

_SOCKETS = ("/", "@")  # folders of Unix sockets, and abstract ones


def with_addresses(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of libpq with `hostaddr` for every host, once for each address that a name has.

    Args:
        parameters: As `psycopg.connect` takes them; several hosts are separated by commas.

    Raises:
        psycopg.OperationalError: If an address is not allowed, or no name is known; says which.
    """
    hosts, addresses, ports = (_listed(parameters, name) for name in ("host", "hostaddr", "port"))
    count = max(len(hosts), len(addresses))
    if not any(hosts + addresses) or len({len(each) for each in (hosts, addresses) if any(each)} - {count}):
        # a Unix socket, or what libpq itself will complain about
        return dict(parameters)
    if len(ports) == 1:
        ports *= count
    if len(ports) != count:
        return dict(parameters)
    hosts, addresses = hosts if any(hosts) else [""] * count, addresses if any(addresses) else [""] * count
    places = list(_places(hosts, addresses, ports))
    named = {name: ",".join(place[at] for place in places) for at, name in enumerate(("host", "hostaddr", "port"))}
    return {**parameters, **{name: value for name, value in named.items() if value.strip(",")}}


def check_connected(connection: "Connection[Any]") -> None:
    """Close a connection whose address came from elsewhere, such as a service file, and is not allowed.

    One without encryption to another machine is warned of.

    Raises:
        psycopg.OperationalError: If it is not.
    """
    address = connection.info.hostaddr
    if not address:
        return
    try:
        OWN_SERVERS.check_address(connection.info.host, ip_address(address))
    except AddressRefused as exc:
        connection.close()
        raise _failed(exc.message) from exc
    if not connection.pgconn.ssl_in_use and not ip_address(address).is_loopback:
        note_plain_text("postgresql", connection.info.host)


def _places(hosts: list[str], addresses: list[str], ports: list[str]) -> Iterator[tuple[str, str, str]]:
    """Host, address and port of every connection that may be tried, in order."""
    unknown: OSError | None = None
    found = 0
    for host, address, port in zip(hosts, addresses, ports, strict=True):
        if not address and (not host or host.startswith(_SOCKETS)):
            found += 1
            yield host, "", port
            continue
        try:
            for one in resolved(OWN_SERVERS, address or host, int(port) if port.isdigit() else None):
                found += 1
                yield host, str(one), port
        except AddressRefused as exc:
            raise _failed(exc.message) from exc
        except OSError as exc:
            # the next host may be known
            unknown = exc
    if not found:
        raise _failed(f"the address of {hosts[0]!r} is not known: {unknown}") from unknown


def _listed(parameters: Mapping[str, Any], name: str) -> list[str]:
    return [part.strip() for part in str(parameters.get(name) or "").split(",")]


def _failed(reason: str) -> Exception:
    import psycopg

    return psycopg.OperationalError(reason)
