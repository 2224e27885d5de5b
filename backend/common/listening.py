"""Take the port before anything else is opened, and say clearly when somebody else has it."""

import errno
import os
import socket
from collections.abc import Sequence

from shared.errors import Unavailable

_TAKEN = frozenset({errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)})
_BACKLOG = 2048
_MAX_UNSENT_BYTES = 128 * 1024


class CannotListen(Unavailable):
    """The address of the service cannot be had; the message names the setting that changes it."""

    code = "cannot_listen"

    def __init__(self, host: str, port: int, port_setting: str, error: OSError) -> None:
        if error.errno in _TAKEN:
            reason = f"is already in use; stop the other process or set {port_setting} to a free port."
        else:
            reason = f"cannot be opened ({error.strerror}); check CLARA_API_HOST and {port_setting}."
        super().__init__(f"Port {port} on {host} {reason}", host=host, port=port, setting=port_setting)


def listening_sockets(host: str, port: int, port_setting: str) -> list[socket.socket]:
    """Bound sockets for every address of `host` (`localhost` has two).

    Args:
        host: Name or address.
        port: 0 takes any free one.
        port_setting: Environment variable of the port, for the message.

    Raises:
        CannotListen: If one of them cannot be bound.
    """
    opened: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            opened.append(_bind(family, address))
    except OSError as exc:
        for listener in opened:
            listener.close()
        raise CannotListen(host, port, port_setting, exc) from exc
    return opened


def _addresses(host: str, port: int) -> Sequence[tuple[int, tuple[str, int]]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    unique = list(
        dict.fromkeys((int(family), (str(address[0]), int(address[1]))) for family, _, _, _, address in found)
    )
    # With port 0 each address would get another number: take the first only.
    return unique if port else unique[:1]


def _bind(family: int, address: tuple[str, int]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            # On Windows SO_REUSEADDR would let two services share a port, each getting some of the calls.
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009 - absent here
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            # Inherited by connections: the kernel would take megabytes for a client that does not read, and we would
            # neither notice nor be able to tell it anything urgent.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MAX_UNSENT_BYTES)
        listener.bind(address)
        # Only listening tells a port that is taken from one that merely lingers.
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
