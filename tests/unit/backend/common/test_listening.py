import socket

import pytest

from backend.common.listening import CannotListen, listening_sockets


def test_a_free_port_is_bound_and_listened_on() -> None:
    (listener,) = listening_sockets("127.0.0.1", 0, "CLARA_SMALL_PORT")
    with listener, socket.create_connection(listener.getsockname(), timeout=1):
        pass


def test_a_port_in_use_is_named_with_the_setting_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen) as refused:
            listening_sockets("127.0.0.1", port, "CLARA_SMALL_PORT")
    message = (
        f"Port {port} on 127.0.0.1 is already in use; stop the other process or set CLARA_SMALL_PORT to a free port."
    )
    assert refused.value.message == message


def test_a_port_that_was_just_used_is_free_again() -> None:
    (listener,) = listening_sockets("127.0.0.1", 0, "X")
    address = listener.getsockname()
    with listener, socket.create_connection(address, timeout=1):
        accepted, _ = listener.accept()
        accepted.close()  # the side that closes first lingers in TIME_WAIT
    (again,) = listening_sockets(address[0], address[1], "X")
    again.close()


# a name that cannot be one is refused without asking a name server: tests run where there is none
@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_ours_is_named_too(host: str) -> None:
    with pytest.raises(CannotListen, match="check CLARA_API_HOST"):
        listening_sockets(host, 45699, "CLARA_SMALL_PORT")


def test_every_address_of_a_name_is_listened_on() -> None:
    (probe,) = listening_sockets("127.0.0.1", 0, "X")
    port = probe.getsockname()[1]
    probe.close()
    listeners = listening_sockets("localhost", port, "X")
    assert {listener.getsockname()[1] for listener in listeners} == {port}
    assert len(listeners) == len({listener.family for listener in listeners}) >= 1
    for listener in listeners:
        listener.close()
