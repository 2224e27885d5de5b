"""The guard for a whole process that runs somebody else's client: every address is checked by us, however it came.

For child processes alone, where nothing but that client connects: libraries like requests know no transport of ours,
but all of them resolve names and connect through `socket`. Names are checked where they are resolved; the interpreter
itself tells of every connection and datagram before it is made, so that an address that was never a name is seen too.
"""

import errno
import ipaddress
import socket
import sys
from typing import Any

from shared.outgoing.policy import AddressRefused, OutgoingPolicy

_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


def guard_this_process(policy: OutgoingPolicy) -> None:
    """Let this process connect to nothing but what the policy allows, from now on; it cannot be taken back."""
    resolve = socket.getaddrinfo
    checked: set[str] = set()

    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        if not host:
            # an address to listen at; who connects there is seen when it does
            return resolve(host, *arguments, **options)
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        try:
            # what no name is nobody is asked for
            policy.check_host(name)
            entries = resolve(host, *arguments, **options)
            policy.checked(name, [str(entry[4][0]) for entry in entries])
        except AddressRefused as exc:
            # the family that clients expect from a resolver; its text reaches whoever reads the log
            raise socket.gaierror(socket.EAI_FAIL, exc.message) from exc
        checked.update(str(entry[4][0]) for entry in entries)
        return entries

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS and arguments[0].family in _FAMILIES and arguments[1]:
            _check(policy, str(arguments[1][0]), checked)

    socket.getaddrinfo = guarded
    sys.addaudithook(watch)


def _check(policy: OutgoingPolicy, host: str, checked: set[str]) -> None:
    """Let addresses that a name was resolved to pass, and those that are allowed by themselves.

    Raises:
        PermissionError: For all others, and for names that would be resolved behind our back.
    """
    if host in checked:
        return
    try:
        policy.check_address(host, ipaddress.ip_address(host))
    except (AddressRefused, ValueError) as exc:
        raise PermissionError(errno.EACCES, f"no connection to '{host}': {exc}") from exc
