"""Whether everything a service needs answers, found out in bounded time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from shared.errors import ClaraError

Check = Callable[[], Awaitable[None]]
"""Returns if all is well, else raises a `ClaraError` that says what is not."""

DEFAULT_TIMEOUT_S = 1.5


class Readiness:
    """Runs all checks at once and waits for none of them longer than `timeout_s`.

    A check that hangs (a database that takes connections but does not answer) is left running and not started again
    until it ends, so that probes do not pile up threads.

    Args:
        checks: Name of the thing -> its check.
        timeout_s: Longest wait.
    """

    def __init__(self, checks: Mapping[str, Check], timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._checks = dict(checks)
        self._timeout_s = timeout_s
        self._running: dict[str, asyncio.Task[None]] = {}

    async def reasons(self) -> dict[str, str]:
        """Name -> reason of everything that is not ready; empty if all is."""
        for name, check in self._checks.items():
            if name not in self._running:
                self._running[name] = asyncio.ensure_future(_run(check))
        if self._running:
            await asyncio.wait(self._running.values(), timeout=self._timeout_s)
        return {name: reason for name in self._checks if (reason := self._reason(name))}

    def _reason(self, name: str) -> str | None:
        task = self._running[name]
        if not task.done():
            return f"no answer within {self._timeout_s:g} s"
        del self._running[name]
        error = task.exception()
        if error is None:
            return None
        if isinstance(error, ClaraError):
            return error.message
        raise error


async def _run(check: Check) -> None:
    await check()
