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
        tasks = {name: self._task(name) for name in self._checks}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self._timeout_s)
        return {name: reason for name, task in tasks.items() if (reason := self._reason(task))}

    def _task(self, name: str) -> "asyncio.Task[None]":
        """The check's run in progress, which probes at the same time share, else a new one."""
        task = self._running.get(name)
        if task is None or task.done():
            task = self._running[name] = asyncio.ensure_future(_run(self._checks[name]))
            # One that hung and fails later has been reported as hanging: nobody will ask for its error.
            task.add_done_callback(_look_at)
        return task

    def _reason(self, task: "asyncio.Task[None]") -> str | None:
        if not task.done():
            return f"no answer within {self._timeout_s:g} s"
        error = task.exception()
        if error is None:
            return None
        if isinstance(error, ClaraError):
            return error.message
        raise error


async def _run(check: Check) -> None:
    await check()


def _look_at(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()
