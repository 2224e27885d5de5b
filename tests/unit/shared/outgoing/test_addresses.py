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
        # IPv4-translated addresses (RFC 2765)
        ("::ffff:0:169.254.169.254", Reach.NEVER),
        ("::ffff:0:10.1.2.3", Reach.INNER),
        ("::ffff:0:93.184.216.34", Reach.PUBLIC),
        # the local-use prefix of NAT64 (RFC 8215): where the IPv4 address sits is a network's own affair
        ("64:ff9b:1::", Reach.NEVER),
        ("64:ff9b:1::169.254.169.254", Reach.NEVER),
        ("64:ff9b:1:a9fe:a9:fe00::", Reach.NEVER),
        ("64:ff9b:1:a9fe:a9:fe00:5db8:d822", Reach.NEVER),
        ("64:ff9b:1:5db8:d8:2200::", Reach.NEVER),
        ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Reach.NEVER),
        # ISATAP (RFC 5214) below any prefix
        ("2606:2800:220:1::5efe:169.254.169.254", Reach.NEVER),
        ("2606:2800:220:1:200:5efe:169.254.169.254", Reach.NEVER),
        ("2606:2800:220:1:0:5efe:10.1.2.3", Reach.INNER),
        ("2606:2800:220:1:200:5efe:127.0.0.1", Reach.INNER),
        ("2606:2800:220:1:200:5efe:93.184.216.34", Reach.PUBLIC),
        ("fe80::200:5efe:93.184.216.34", Reach.NEVER),
        ("fd12::5efe:93.184.216.34", Reach.INNER),
        ("fd00:ec2::5efe:93.184.216.34", Reach.INNER),
        ("2606:2800:220:1:100:5efe:169.254.169.254", Reach.PUBLIC),
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
        ipaddress.IPv6Address((0xFFFF << 48) | number),
    ]

    assert {plain(one) for one in wrapped} == {address}
    assert {reach_of(one) for one in wrapped} == {reach_of(address)}


@given(st.ip_addresses(v=4), st.integers(0, (1 << 64) - 1), st.sampled_from([0x5EFE, 0x0200_5EFE]))
def test_an_isatap_address_is_never_nearer_than_the_ipv4_address_that_it_leads_to(
    address: ipaddress.IPv4Address, prefix: int, mark: int
) -> None:
    reach = reach_of(ipaddress.IPv6Address((prefix << 64) | (mark << 32) | int(address)))

    if reach_of(address) is Reach.NEVER:
        assert reach is Reach.NEVER
    if reach_of(address) is Reach.INNER:
        assert reach is not Reach.PUBLIC
