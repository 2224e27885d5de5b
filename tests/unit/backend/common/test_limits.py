import pytest

from backend.common.limits import InvalidProxy, connection_limits, request_limits
from config.development import DevelopmentConfig


def test_settings_become_limits() -> None:
    config = DevelopmentConfig(rate_limit_per_user=7, trusted_proxies="10.0.0.1, 10.1.0.0/16", header_seconds=3)

    assert request_limits(config).calls_per_user == 7
    assert connection_limits(config).header_s == 3
    assert connection_limits(config).trusted_proxies == ("10.0.0.1", "10.1.0.0/16")


def test_a_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(InvalidProxy, match=r"proxy\.intern"):
        connection_limits(DevelopmentConfig(trusted_proxies="proxy.intern"))


@pytest.mark.parametrize("proxies", ["0.0.0.0/0", "10.0.0.1, 128.0.0.0/1", "::/0", "2000::/3"])
def test_a_network_in_which_anybody_may_be_is_no_proxy(proxies: str) -> None:
    with pytest.raises(InvalidProxy, match="choose the address"):
        connection_limits(DevelopmentConfig(trusted_proxies=proxies))
