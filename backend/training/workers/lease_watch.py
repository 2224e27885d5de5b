"""Whose heartbeat stands still: leases as an onlooker sees them, by a monotonic clock.

No wall clock decides about a lease, neither ours nor the database's: clocks get set, and a jump of an hour must neither
take a job from a worker that lives nor leave one with a worker that is dead. What counts is how long, by our own
monotonic clock, a claim has shown the same beat while we were able to look.
"""

from collections.abc import Callable, Sequence

from shared.models.job import Lease


class LeaseWatch:
    """Remembers since when each lease shows its present beat.

    Args:
        lease_s: A beat that stands still this long is silent.
        clock: Monotonic seconds.
    """

    def __init__(self, lease_s: float, clock: Callable[[], float]) -> None:
        self._lease_s = lease_s
        self._clock = clock
        self._since: dict[Lease, float] = {}
        self._last_look: float | None = None

    def silent(self, leases: Sequence[Lease]) -> list[Lease]:
        """Those of `leases`, read just now, that have been silent for a whole lease.

        After a time in which we could not look (the database was away, this process was suspended) everything counts
        from anew: the workers could not report either.
        """
        now = self._clock()
        was_away = self._last_look is None or now - self._last_look > self._lease_s / 2
        known = {} if was_away else self._since
        self._since = {lease: known.get(lease, now) for lease in leases}
        self._last_look = now
        return [lease for lease, since in self._since.items() if now - since >= self._lease_s]
