"""The guard for a whole process that runs somebody else's client: every name is resolved, and checked, by us.

For child processes alone, where nothing but that client connects: libraries like requests know no transport of ours,
but all of them resolve names through `socket`, and connect to what it gave.
"""

import socket
from typing import Any

from shared.outgoing.policy import AddressRefused, OutgoingPolicy


def guard_this_process(policy: OutgoingPolicy) -> None:
    """Let `socket.getaddrinfo` give nothing but addresses that the policy allows, from now on."""
    resolve = socket.getaddrinfo

    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        entries = resolve(host, *arguments, **options)
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        try:
            policy.checked(name, [str(entry[4][0]) for entry in entries])
        except AddressRefused as exc:
            # the family that clients expect from a resolver; its text reaches whoever reads the log
            raise socket.gaierror(socket.EAI_FAIL, exc.message) from exc
        return entries

    socket.getaddrinfo = guarded
