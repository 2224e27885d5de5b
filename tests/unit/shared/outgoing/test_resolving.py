from ipaddress import ip_address

import pytest

from shared.outgoing import OWN_SERVERS, PUBLIC_ONLY, AddressRefused
from shared.outgoing.resolving import resolved
from tests.support.hostile_urls import resolving


def test_a_name_is_resolved_to_all_its_addresses() -> None:
    with resolving():
        assert resolved(OWN_SERVERS, "mixed.test", 1) == [ip_address("127.0.0.2"), ip_address("127.0.0.1")]
    assert resolved(OWN_SERVERS, "10.1.2.3") == [ip_address("10.1.2.3")]


@pytest.mark.parametrize("host", ["metadata.test", "169.254.169.254", "::ffff:169.254.169.254", "2852039166", "0xa9.0"])
def test_nobody_is_sent_to_a_metadata_service(host: str) -> None:
    with resolving(), pytest.raises(AddressRefused):
        resolved(OWN_SERVERS, host, 80)


def test_our_own_network_is_for_those_who_may() -> None:
    with resolving(), pytest.raises(AddressRefused):
        resolved(PUBLIC_ONLY, "inner.test", 80)
    with resolving(), pytest.raises(OSError, match="no such name"):
        resolved(OWN_SERVERS, "nowhere.test", 80)
