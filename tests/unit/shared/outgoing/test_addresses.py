import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.outgoing.addresses import Reach, plain, reach_of


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("93.184.216.34", Reach.PUBLIC),
        ("2606:2800:220:1::1", Reach.PUBLIC),
        ("127.0.0.1", Reach.INNER),
        ("10.1.2.3", Reach.INNER),
        ("100.64.0.1", Reach.INNER),
        ("::1", Reach.INNER),
        ("fd12::1", Reach.INNER),
        ("169.254.169.254", Reach.NEVER),
        ("fd00:ec2::254", Reach.NEVER),
        ("168.63.129.16", Reach.NEVER),
        ("0.0.0.0", Reach.NEVER),
        ("::", Reach.NEVER),
        ("fe80::1%eth0", Reach.NEVER),
        ("224.0.0.1", Reach.NEVER),
        ("255.255.255.255", Reach.NEVER),
        ("2001:db8::1", Reach.NEVER),
    ],
)
def test_addresses_are_public_inner_or_never_talked_to(text: str, reach: Reach) -> None:
    assert reach_of(ipaddress.ip_address(text)) is reach


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_of_an_ipv6_one_is_as_far_away(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    wrapped = [
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
    ]

    assert {plain(one) for one in wrapped} == {address}
    assert {reach_of(one) for one in wrapped} == {reach_of(address)}
