"""Packets arrive whole, with the open files that go along."""

import os
import socket
import sys

import pytest

from backend.training.workers.warm.programs import Program
from backend.training.workers.warm.wire import ForkRequest, receive_packet, send_packet

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="packets with open files")


def test_a_request_arrives_with_its_files() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read, write = os.pipe()
    request = ForkRequest(7, Program.INSPECTION, {"A": "ä"}, "job_1.e1.")
    with ours, theirs:
        send_packet(ours, request.as_json(), (write,))
        send_packet(ours, {"ended": 3})
        os.close(write)
        packet = receive_packet(theirs)
        assert packet is not None
        message, handles = packet
        assert ForkRequest.of(message) == request
        os.write(handles[0], b"x")
        os.close(handles[0])
        assert os.read(read, 2) == b"x"
        assert receive_packet(theirs) == ({"ended": 3}, [])
    os.close(read)


def test_the_end_of_the_other_side_is_told() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        theirs.close()
        assert receive_packet(ours) is None
        with pytest.raises(OSError, match="Broken pipe"):
            send_packet(ours, {"ready": 1})


def test_a_socket_that_does_not_wait_says_so() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            receive_packet(ours)
