"""A worker process seen from the service: start it on an order, hear it, end it with all its children."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.workers.protocol import Order, decode, encode_order

logger = logging.getLogger(__name__)

WORKER_COMMAND = (sys.executable, "-m", "backend.datasets.workers.build_worker")
_LINE_LIMIT = 4 * 1024 * 1024


class WorkerProcess:
    """A running worker in a process group of its own; our end of its stdin keeps it alive."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, order: Order, *, log: Path, command: Sequence[str] = WORKER_COMMAND) -> "WorkerProcess":
        """Start a worker on an order; its stderr is appended to `log`.

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
                limit=_LINE_LIMIT,
                **_own_process_group(),
            )
        worker = cls(process)
        await worker._write(encode_order(order))
        return worker

    @property
    def pid(self) -> int:
        """Process id, also the id of the process group on POSIX."""
        return self._process.pid

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """What the worker says, until it ends. A line that a kill cut short is dropped."""
        stdout = self._process.stdout
        if stdout is None:
            return
        async for line in stdout:
            try:
                yield decode(line)
            except ValueError:
                logger.warning("worker.garbled_line", extra={"pid": self.pid, "size_bytes": len(line)})

    async def wait(self) -> int:
        """The exit code, once it has ended; stragglers of its group are killed."""
        code = await self._process.wait()
        self.kill()
        return code

    def kill(self) -> None:
        """Kill the process and everything it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                # also when the leader is dead: children of its group may live on
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self._process.kill()

    async def _write(self, line: bytes) -> None:
        stdin = self._process.stdin
        if stdin is None:
            return
        with contextlib.suppress(ConnectionError):
            stdin.write(line)
            await stdin.drain()


def describe_exit(code: int) -> str:
    """An exit code in words: `signal 9 (SIGKILL)` or `exit code 1`."""
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
