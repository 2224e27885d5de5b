"""An event loop for a driver that connects by itself, wherever a server sends it: the loop does not connect elsewhere.

Drivers of clusters are told by one server where the others are. They ask the loop they run in for the addresses of a
name, and they ask it to connect, so that is where every address is looked at.
"""

import asyncio
import errno
import ipaddress
import socket
from typing import Any

from shared.outgoing.policy import AddressRefused, OutgoingPolicy

_FAMILIES = (socket.AF_INET, socket.AF_INET6)


class GuardedLoop(asyncio.SelectorEventLoop):
    """For one driver in one thread.

    Args:
        policy: What may be connected to.
    """

    def __init__(self, policy: OutgoingPolicy) -> None:
        super().__init__()
        self._policy = policy
        self._checked: set[str] = set()

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """As every loop; a name with an address that is not allowed is one that nobody knows."""
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        try:
            # what no name is nobody is asked for
            self._policy.check_host(name)
            entries = await super().getaddrinfo(host, port, **options)
            self._policy.checked(name, [str(entry[4][0]) for entry in entries])
        except AddressRefused as exc:
            # the family that drivers expect from a resolver
            raise socket.gaierror(socket.EAI_NONAME, exc.message) from exc
        self._checked.update(str(entry[4][0]) for entry in entries)
        return entries

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """As every loop, to addresses that a name was resolved to or that are allowed by themselves."""
        if sock.family in _FAMILIES and str(address[0]) not in self._checked:
            try:
                self._policy.check_address(str(address[0]), ipaddress.ip_address(address[0]))
            except AddressRefused as exc:
                raise PermissionError(errno.EACCES, exc.message) from exc
        await super().sock_connect(sock, address)
