"""A child process seen from the service: start it on an order, hear it, ask it, end it with everything it started."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from backend.common.json_lines import decode, encode

logger = logging.getLogger(__name__)

LINE_LIMIT = 4 * 1024 * 1024
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.2
_QUIET_S = 1.0
UNKNOWN_EXIT_CODE = 255
"""Of a child whose own parent is gone: nobody was told how it ended. The number is the one that asyncio uses."""


class Writable(Protocol):
    """Our end of a child's stdin."""

    def write(self, data: bytes, /) -> None:
        """Send this."""

    async def drain(self) -> None:
        """Wait until there is room for more."""


class RunningProcess(Protocol):
    """What a child process is built on: started by us, or by somebody for us."""

    @property
    def pid(self) -> int:
        """Process id, also the id of its process group on POSIX."""

    @property
    def returncode(self) -> int | None:
        """The exit code once it has ended."""

    @property
    def stdin(self) -> Writable | None:
        """Where it listens."""

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """Where it speaks."""


class ChildProcess:
    """A running child in a process group of its own; our end of its stdin keeps it alive.

    Args:
        process: As it runs.
        close: Lets go of its pipes.
    """

    def __init__(self, process: RunningProcess, *, close: Callable[[], None]) -> None:
        self._process = process
        self._close = close
        self._is_swept = False

    @classmethod
    async def start(
        cls, command: Sequence[str], order: bytes, *, log: Path, environment: Mapping[str, str] | None = None
    ) -> Self:
        """Start a child and give it its order; its stderr is appended to `log`.

        Raises:
            OSError: If the process or its log cannot be made.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stream,
                limit=LINE_LIMIT,
                env=environment,
                **_own_process_group(),
            )
        # asyncio offers no public way to close the transport of a process
        transport: asyncio.SubprocessTransport = process._transport  # type: ignore[attr-defined]
        child = cls(process, close=transport.close)
        await child.begin(order)
        return child

    async def begin(self, order: bytes) -> None:
        """Give a child that has just been started its order."""
        try:
            await self._write(order)
        except BaseException:
            # nobody will ever hold it
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """Process id, also the id of the process group on POSIX."""
        return self._process.pid

    async def messages(self) -> AsyncGenerator[dict[str, Any], None]:
        """What the child says, until it ends. A line that a kill cut short is dropped."""
        async with contextlib.aclosing(self._lines()) as lines:
            async for line in lines:
                try:
                    yield decode(line)
                except ValueError:
                    logger.warning("child.garbled_line", extra={"pid": self.pid, "size_bytes": len(line)})

    async def send(self, message: Mapping[str, Any]) -> None:
        """Pass a message on; a child that is gone already needs none."""
        await self._write(encode(message))

    async def end(self, *, grace_s: float | None = None) -> int:
        """Wait for the end, at most `grace_s` seconds, then kill the whole group; returns the exit code."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self.gone()
        self.kill()
        return await self.gone()

    async def gone(self) -> int:
        """Wait for the end of the child itself; returns the exit code.

        asyncio's own `wait` also waits for the ends of the pipes, which a grandchild may hold open for ever.
        """
        pause_s = _FIRST_LOOK_S
        while (exit_code := self._process.returncode) is None:
            await asyncio.sleep(pause_s)
            pause_s = min(1.5 * pause_s, _LONGEST_LOOK_S)
        return exit_code

    def kill(self) -> None:
        """Kill the child and everything it started."""
        if self._is_swept:
            # its number may belong to somebody else by now
            return
        self._is_swept = self._process.returncode is not None
        if os.name == "posix":
            # also when the leader is dead: children of its group may live on
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            return
        with contextlib.suppress(OSError):
            subprocess.run(  # noqa: S603 - fixed command, the pid is an int
                [_taskkill(), "/T", "/F", "/PID", str(self.pid)], check=False, capture_output=True
            )

    def close(self) -> None:
        """Let go of the pipes, once the child has ended and nothing more is to be heard.

        Ends of pipes close by themselves, but not while a grandchild holds the other end.
        """
        self._close()

    async def _lines(self) -> AsyncGenerator[bytes, None]:
        """Lines until the pipe ends, or until it is quiet after the end of the child: a grandchild may hold it open."""
        stdout = self._process.stdout
        if stdout is None:
            return
        gone = asyncio.ensure_future(self.gone())
        line = asyncio.ensure_future(stdout.readline())
        try:
            while True:
                await asyncio.wait({line, gone}, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait({line}, timeout=_QUIET_S)
                if not line.done():
                    return
                try:
                    text = line.result()
                except ValueError:
                    logger.warning("child.line_too_long", extra={"pid": self.pid, "limit_bytes": LINE_LIMIT})
                else:
                    if not text:
                        return
                    yield text
                line = asyncio.ensure_future(stdout.readline())
        finally:
            for waiting in (gone, line):
                waiting.cancel()
            await asyncio.gather(gone, line, return_exceptions=True)

    async def _write(self, line: bytes) -> None:
        stdin = self._process.stdin
        if stdin is None:
            return
        with contextlib.suppress(ConnectionError):
            stdin.write(line)
            await stdin.drain()


def describe_exit(code: int) -> str:
    """An exit code in words: `signal 9 (SIGKILL)` or `exit code 1`."""
    if code == UNKNOWN_EXIT_CODE:
        return f"exit code {code}, which may stand for an end that nobody saw"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"


def _own_process_group() -> dict[str, Any]:
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def _taskkill() -> str:
    return str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "taskkill.exe")
