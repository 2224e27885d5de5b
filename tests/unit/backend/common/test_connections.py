from backend.common.connections import Connections
from backend.common.limits import ConnectionLimits


def test_an_address_has_so_many_connections_and_others_have_theirs() -> None:
    connections = Connections(ConnectionLimits(total=10, per_address=2))

    assert [connections.enter(number, "192.0.2.1") for number in range(3)] == [True, True, False]
    assert connections.enter(9, "192.0.2.2")
    connections.leave(0)
    assert connections.enter(3, "192.0.2.1")


def test_all_together_have_a_limit() -> None:
    connections = Connections(ConnectionLimits(total=2, per_address=2))

    assert [connections.enter(number, f"192.0.2.{number}") for number in range(3)] == [True, True, False]


def test_leaving_twice_or_without_having_entered_changes_nothing() -> None:
    connections = Connections(ConnectionLimits(per_address=1))
    connections.enter("a", "192.0.2.1")
    for _ in range(2):
        connections.leave("a")
        connections.leave("b")

    assert len(connections) == 0
    assert connections.enter("c", "192.0.2.1")


def test_a_trusted_proxy_brings_as_many_as_it_likes() -> None:
    connections = Connections(ConnectionLimits(per_address=1, trusted_proxies=("192.0.2.0/24",)))

    assert all(connections.enter(number, "192.0.2.1") for number in range(5))
    assert [connections.enter(f"u{number}", "unix") for number in range(2)] == [True, False]


def test_a_connection_that_is_known_by_another_object_is_counted_as_before() -> None:
    connections = Connections(ConnectionLimits(per_address=1))
    connections.enter("socket", "192.0.2.1")

    assert connections.rename("socket", "transport")
    assert not connections.rename("socket", "again")
    connections.leave("socket")
    assert (len(connections), connections.enter("other", "192.0.2.1")) == (1, False)
    connections.leave("transport")
    assert len(connections) == 0
