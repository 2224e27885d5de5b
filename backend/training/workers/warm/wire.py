"""The language between the service and its warm parent: one JSON object per packet of a socket pair.

service -> parent   a request to fork, with stdin, stdout and stderr of the child; EOF: the service is gone
parent  -> service  ready or refused; for a request the child's process id with a handle on it, or why there is
                    none; the end of a child with its exit code; EOF: the parent is gone
"""

import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from backend.common.json_lines import decode, encode
from backend.training.workers.warm.programs import Program

_LONGEST = 64 * 1024
_MOST_HANDLES = 3


@dataclass(frozen=True, slots=True)
class ForkRequest:
    """One child that is wanted.

    Args:
        number: Names the request in its answer.
        program: What the child does.
        variables: Of its environment, where they differ from the parent's.
        mark: Of its piece of work; None: it carries none.
    """

    number: int
    program: Program
    variables: Mapping[str, str]
    mark: str | None

    def as_json(self) -> Mapping[str, Any]:
        """For the wire."""
        return asdict(self)

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "ForkRequest":
        """From the wire."""
        return cls(**{**message, "program": Program(message["program"])})


def send_packet(wire: socket.socket, message: Mapping[str, Any], handles: tuple[int, ...] = ()) -> None:
    """Send a message, with open files if the other side is to have them.

    Raises:
        OSError: If the other side is gone, or the message does not fit.
    """
    socket.send_fds(wire, [encode(message)], list(handles))


def receive_packet(wire: socket.socket) -> tuple[Mapping[str, Any], list[int]] | None:
    """The next message and the files that came with it; None once the other side is gone.

    Raises:
        BlockingIOError: If there is none yet and the socket does not wait.
    """
    try:
        packet, handles, _, _ = socket.recv_fds(wire, _LONGEST, _MOST_HANDLES)
    except ConnectionError:
        return None
    return (decode(packet), handles) if packet else None
