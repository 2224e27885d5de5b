"""One trainer process seen from the supervisor: start it, hear it, ask it to stop, end it with all its children."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.training.trainers.base import StopReason
from backend.training.workers.protocol import TrainingOrder, decode, encode

logger = logging.getLogger(__name__)

TRAINER_COMMAND = (sys.executable, "-m", "backend.training.workers.trainer_main")
_LINE_LIMIT = 4 * 1024 * 1024


class TrainerProcess:
    """A running trainer in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, order: TrainingOrder, *, log: Path, command: Sequence[str] = TRAINER_COMMAND
    ) -> "TrainerProcess":
        """Start a trainer on an order; its stderr is appended to `log`.

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
                env=_environment(order),
                **_own_process_group(),
            )
        trainer = cls(process)
        await trainer._write(order.to_line())
        return trainer

    @property
    def pid(self) -> int:
        """Process id, also the id of the process group on POSIX."""
        return self._process.pid

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """What the trainer says, until it ends. A line that a kill cut short is dropped."""
        stdout = self._process.stdout
        if stdout is None:
            return
        async for line in stdout:
            try:
                yield decode(line)
            except ValueError:
                logger.warning("trainer.garbled_line", extra={"pid": self.pid, "size_bytes": len(line)})

    async def ask_to_stop(self, reason: StopReason) -> None:
        """Pass a stop request on; a trainer that is gone already needs none."""
        await self._write(encode({"stop": reason.value}))

    async def end(self, *, grace_s: float) -> int:
        """Wait for the end, at most `grace_s` seconds, then kill the whole group; returns the exit code."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._process.wait()
        self.kill()
        return await self._process.wait()

    def kill(self) -> None:
        """Kill the process and everything it started."""
        if os.name == "posix":
            # also when the leader is dead: children of its group may live on
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            return
        with contextlib.suppress(OSError):
            subprocess.run(  # noqa: S603 - fixed command, the pid is an int
                [_taskkill(), "/T", "/F", "/PID", str(self.pid)], check=False, capture_output=True
            )

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


def _environment(order: TrainingOrder) -> Mapping[str, str]:
    threads = str(order.cpu_threads)
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"} if order.is_offline else {}
    # secrets of the service (database, key server) are none of the trainer's business; a hub token (HF_TOKEN) is
    inherited = {name: value for name, value in os.environ.items() if not _is_secret(name)}
    return {**inherited, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1", **offline}


def _is_secret(name: str) -> bool:
    return name.upper().endswith(("PASSWORD", "SECRET", "TOKEN", "DATABASE_URL")) and not name.startswith("HF_")


def _own_process_group() -> dict[str, Any]:
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def _taskkill() -> str:
    return str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "taskkill.exe")
