import pytest

from shared.outgoing import PUBLIC_ONLY, AddressRefused, OutgoingPolicy
from tests.support.loopback import LOOPBACK


def test_public_addresses_need_no_setting() -> None:
    assert [str(one) for one in PUBLIC_ONLY.checked("example.org", ["93.184.216.34"])] == ["93.184.216.34"]


def test_inner_addresses_are_refused_until_a_setting_lists_them() -> None:
    with pytest.raises(AddressRefused, match="CLARA_OUTGOING_ALLOWED"):
        PUBLIC_ONLY.checked("keycloak.intern", ["10.1.2.3"])

    assert OutgoingPolicy.parse(["keycloak.intern"]).checked("Keycloak.intern.", ["10.1.2.3"])
    assert OutgoingPolicy.parse(["10.1.0.0/16"]).checked("keycloak.intern", ["10.1.2.3"])
    assert OutgoingPolicy.parse(["10.1.2.3"]).checked("10.1.2.3", ["10.1.2.3"])


@pytest.mark.parametrize(
    ("address", "listed", "is_allowed"),
    [
        ("::ffff:0:10.1.2.3", ["10.1.0.0/16"], True),
        ("::ffff:0:10.1.2.3", ["fd12::/64"], False),
        ("fd12::200:5efe:93.184.216.34", ["fd12::/64"], True),
        ("fd12::200:5efe:10.1.2.3", ["fd12::/64"], False),
        ("fd12::200:5efe:10.1.2.3", ["10.1.0.0/16"], False),
        ("fd12::200:5efe:10.1.2.3", ["10.1.0.0/16", "fd12::/64"], True),
        ("fd12::200:5efe:169.254.169.254", ["tunnel.intern", "fd12::/64"], False),
        ("64:ff9b:1::10.1.2.3", ["tunnel.intern", "10.1.0.0/16"], False),
    ],
)
def test_a_tunnel_is_allowed_where_all_is_listed_that_it_leads_to(
    address: str, listed: list[str], is_allowed: bool
) -> None:
    policy = OutgoingPolicy.parse(listed)
    if is_allowed:
        assert policy.checked("tunnel.intern", [address])
    else:
        with pytest.raises(AddressRefused):
            policy.checked("tunnel.intern", [address])


def test_a_listed_name_never_reaches_a_metadata_service() -> None:
    with pytest.raises(AddressRefused, match="never allowed"):
        OutgoingPolicy.parse(["keycloak.intern"]).checked("keycloak.intern", ["169.254.169.254"])


def test_a_name_with_one_forbidden_address_is_refused_as_a_whole() -> None:
    with pytest.raises(AddressRefused):
        PUBLIC_ONLY.checked("mixed.example.org", ["93.184.216.34", "127.0.0.1"])


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "", "a b", "a/b", "①.example"])
def test_hosts_that_nobody_writes_so_are_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        LOOPBACK.check_host(host)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://example.org/", "http:///x", "http://[::1", "//x"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        LOOPBACK.check_url(url)


@pytest.mark.parametrize(
    "entry",
    ["169.254.169.254", "0.0.0.0/0", "10.0.0.0/33", "http://intern", "*.intern", "127.1", "::/0", "64:ff9b:1::/96"],
)
def test_settings_that_allow_too_much_or_mean_nothing_are_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="'"):
        OutgoingPolicy.parse([entry])
