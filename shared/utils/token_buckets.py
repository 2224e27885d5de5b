"""Token buckets: so many events per second for each key, with a stock for bursts."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable


class TokenBuckets:
    """One bucket per key, full at first; the keys that were quiet for longest are forgotten, which refills them.

    Args:
        rate_per_s: Tokens that come in each second; 0: there is no limit.
        burst: Tokens that a bucket holds.
        max_keys: Buckets that are remembered.
        monotonic: Seconds that never jump.
    """

    def __init__(
        self,
        rate_per_s: float,
        burst: float,
        *,
        max_keys: int = 50_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._max_keys = max_keys
        self._monotonic = monotonic
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: Hashable) -> int:
        """Take a token; 0 if there was one, else the whole seconds until there is one."""
        if not self._rate_per_s:
            return 0
        now = self._monotonic()
        tokens, seen_at = self._buckets.get(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - seen_at) * self._rate_per_s)
        is_granted = tokens >= 1
        self._buckets[key] = (tokens - 1 if is_granted else tokens, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        return 0 if is_granted else max(1, math.ceil((1 - tokens) / self._rate_per_s))
