"""A job store whose database goes away: before a call reaches it, or after it was carried out."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from shared.database.base import JobStore
from shared.errors import Unavailable


class FlakyJobs:
    """Hands every call on to a real store, except where told otherwise.

    Args:
        jobs: The real store.

    Attributes:
        is_away: While true every call fails, and nothing reaches the store.
        calls: How often each method was called.
    """

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._lost: set[str] = set()
        self._lock = threading.Lock()
        self.is_away = False
        self.calls: Counter[str] = Counter()

    @classmethod
    def before(cls, jobs: JobStore) -> tuple["FlakyJobs", JobStore]:
        """The double, and the same as what product code asks for."""
        flaky = cls(jobs)
        return flaky, cast(JobStore, flaky)

    def lose_answer_of(self, method: str) -> None:
        """The next call is carried out, but its caller hears that the database is away."""
        self._lost.add(method)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **fields: Any) -> Any:
            with self._lock:
                self.calls[name] += 1
                is_lost = name in self._lost
                self._lost.discard(name)
            if self.is_away:
                raise Unavailable("The database is away.")
            answer = getattr(self._jobs, name)(*args, **fields)
            if is_lost:
                raise Unavailable("The connection was lost.")
            return answer

        return call
