"""Log in where there is no browser: a code is shown here and typed in on another device.

Source: RFC 8628.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from frontend.client.login.code_flow import SCOPE, NobodyCame
from frontend.client.login.provider import LoginRefused, Provider, ProviderUnreachable
from frontend.client.login.tokens import Tokens

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_USUAL_INTERVAL_S = 5.0
_SLOWER_BY_S = 5.0


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person needs to log in on another device.

    Args:
        user_code: To be typed in.
        address: Where.
        whole_address: The same with the code in it, if the provider offers that.
        expires_in_s: How long it is good.
    """

    user_code: str
    address: str
    whole_address: str | None
    expires_in_s: float


def log_in_with_device(
    provider: Provider,
    show: Callable[[DeviceCode], None],
    *,
    timeout_s: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Tokens:
    """Tokens for the person who types the code in elsewhere.

    Args:
        provider: Where.
        show: Gets what the person needs.
        timeout_s: How long to wait, if the code is good for so long.
        sleep: Waits.
        clock: Seconds that never jump.

    Raises:
        NobodyCame: If nobody logs in in time.
        LoginRefused: If the provider or the person says no.
        ProviderUnreachable: If the provider does not answer or knows no device codes.
    """
    if provider.endpoints.device is None:
        raise ProviderUnreachable(provider.issuer, "it offers no login by device code")
    answer = provider.post(provider.endpoints.device, scope=SCOPE)
    device_code, user_code, address = (answer.get(name) for name in ("device_code", "user_code", "verification_uri"))
    if not (isinstance(device_code, str) and isinstance(user_code, str) and isinstance(address, str)):
        raise ProviderUnreachable(provider.issuer, "its answer holds no device code")
    expires_in_s = float(answer.get("expires_in") or timeout_s)
    show(DeviceCode(user_code, address, answer.get("verification_uri_complete"), expires_in_s))
    interval_s = float(answer.get("interval") or _USUAL_INTERVAL_S)
    give_up_at = clock() + min(timeout_s, expires_in_s)
    while clock() + interval_s <= give_up_at:
        sleep(interval_s)
        try:
            return provider.tokens(grant_type=_GRANT, device_code=device_code)
        except LoginRefused as refused:
            if refused.reason == "slow_down":
                interval_s += _SLOWER_BY_S
            elif refused.reason == "expired_token":
                break
            elif refused.reason != "authorization_pending":
                raise
    raise NobodyCame(min(timeout_s, expires_in_s))
