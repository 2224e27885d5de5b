"""Who is connected: a count in all and for each address, kept from the first byte to the last."""

import ipaddress
import logging
import time
from collections import Counter
from collections.abc import Hashable

from backend.common.limits import ConnectionLimits

logger = logging.getLogger(__name__)

_QUIET_S = 1.0


class Connections:
    """Counts the open connections of one listener.

    Args:
        limits: How many there may be.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._address_of: dict[Hashable, str] = {}
        self._counts: Counter[str] = Counter()
        self._proxies = tuple(ipaddress.ip_network(each) for each in limits.trusted_proxies)
        self._logged_at = -_QUIET_S

    def __len__(self) -> int:
        """Open connections."""
        return len(self._address_of)

    def enter(self, connection: Hashable, address: str) -> bool:
        """Count a new connection; False if it is one too many, and then it is not counted."""
        is_too_many = len(self) >= self.limits.total or (
            self._counts[address] >= self.limits.per_address and not self._is_proxy(address)
        )
        if is_too_many:
            self._log(address)
            return False
        self._address_of[connection] = address
        self._counts[address] += 1
        return True

    def rename(self, connection: Hashable, new: Hashable) -> bool:
        """Know a counted connection by another object from now on; False if it is not counted (any more)."""
        address = self._address_of.pop(connection, None)
        if address is None:
            return False
        self._address_of[new] = address
        return True

    def leave(self, connection: Hashable) -> None:
        """Count a connection no longer; one that never entered, or left before, changes nothing."""
        address = self._address_of.pop(connection, None)
        if address is not None:
            self._counts[address] -= 1
            if not self._counts[address]:
                del self._counts[address]

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found.version == each.version and found in each for each in self._proxies)

    def _log(self, address: str) -> None:
        # who floods us is not to flood the log as well
        now = time.monotonic()
        if now - self._logged_at >= _QUIET_S:
            self._logged_at = now
            logger.warning("connection.refused", extra={"client": address, "open": len(self)})
