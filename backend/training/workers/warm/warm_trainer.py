"""Keeps a warm parent going and forks children from it; whoever asks starts cold where that cannot be."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from backend.common.child_process import ChildProcess
from backend.common.process_mark import LONGEST_MARK, MARK_VARIABLE, RESERVED_MARK
from backend.training.workers.memory import MEMORY_VARIABLE
from backend.training.workers.warm.forked_process import ForkedProcess
from backend.training.workers.warm.parent_link import NotForked, ParentLink
from backend.training.workers.warm.programs import Program

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "backend.training.workers.warm.warm_main")
# what a process reads itself; everything else (threads, hub) was read by the libraries when they were imported
_OF_A_CHILD = frozenset({MARK_VARIABLE, MEMORY_VARIABLE})


class WarmStatus(StrEnum):
    """Whether jobs start warm now."""

    OFF = "off"
    STARTING = "starting"
    READY = "ready"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class WarmTimes:
    """Pauses, in seconds.

    Args:
        after_start_s: Before the first parent: the service is to answer first.
        first_pause_s: Before a parent that died is started again; doubled with each further one.
        longest_pause_s: The longest of those.
        settled_s: A parent that lived so long was no failure.
        look_s: Distance of looks at what is in the way.
    """

    after_start_s: float = 1.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 600.0
    settled_s: float = 60.0
    look_s: float = 60.0


class WarmTrainer:
    """A warm parent as a service has it; `run` is a task of the service.

    Args:
        environment: Of the parent, and so of its children.
        log: File that gets what it says.
        off_because: Why there never is one; None: there may be.
        obstacle: Why no parent is to be started now; None: nothing is in the way.
        times: Pauses.
        command: Starts the parent.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        log: Path,
        off_because: str | None = None,
        obstacle: Callable[[], str | None] = lambda: None,
        times: WarmTimes | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._environment = {**environment, MARK_VARIABLE: RESERVED_MARK}
        self._log = log
        self._obstacle = obstacle
        self._times = times or WarmTimes()
        self._command = command
        self._link: ParentLink | None = None
        self._status = WarmStatus.OFF if off_because else WarmStatus.STARTING
        self._reason = off_because or ""

    def health(self) -> Mapping[str, str]:
        """Whether jobs start warm, and why not."""
        return {"status": self._status, **({"reason": self._reason} if self._reason else {})}

    @property
    def parent_pid(self) -> int | None:
        """Process id of the parent, while there is one."""
        return self._link.pid if self._link is not None else None

    async def start(
        self, program: Program, order: bytes, *, log: Path, environment: Mapping[str, str]
    ) -> ChildProcess | None:
        """A child forked from the parent and given its order; None if it has to be started cold.

        Args:
            program: What it does.
            order: Its first line.
            log: File that gets its stderr.
            environment: That it would be started with.

        Raises:
            OSError: If its log or pipes cannot be made.
        """
        link, told = self._link, self._told(environment)
        if link is None or self._status is not WarmStatus.READY or told is None:
            if self._status is not WarmStatus.OFF:
                logger.info("warm_trainer.cold_start", extra={"program": program, "status": self._status})
            return None
        try:
            process = await _forked(link, program, told, log)
        except NotForked as error:
            logger.warning("warm_trainer.cold_start", extra={"program": program, "reason": error.message})
            return None
        child = ChildProcess(process, close=process.close)
        await child.begin(order)
        return child

    async def run(self) -> None:
        """Keep a parent until cancelled.

        One that died is started again after growing pauses; one that refuses to fork would refuse again.
        """
        if self._status is WarmStatus.OFF:
            return
        await asyncio.sleep(self._times.after_start_s)
        loop, pause_s = asyncio.get_running_loop(), self._times.first_pause_s
        while True:
            if obstacle := self._obstacle():
                self._set(WarmStatus.OFF, obstacle)
                await asyncio.sleep(self._times.look_s)
                continue
            started = loop.time()
            reason, is_final = await self._keep_one()
            if loop.time() - started >= self._times.settled_s:
                pause_s = self._times.first_pause_s
            self._set(WarmStatus.UNAVAILABLE, reason)
            logger.warning("warm_trainer.gone", extra={"reason": reason, "is_final": is_final, "pause_s": pause_s})
            if is_final:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._times.longest_pause_s)

    async def _keep_one(self) -> tuple[str, bool]:
        """Start a parent and wait for its end; returns why it ended, and whether the next one would too."""
        self._set(WarmStatus.STARTING, "")
        try:
            link = await ParentLink.start(self._command, self._environment, log=self._log)
        except OSError as error:
            return f"it cannot be started: {error.strerror or error}", False
        self._link = link
        try:
            await link.ready.wait()
            was_ready = not link.gone.is_set() and link.refusal is None
            if was_ready:
                self._set(WarmStatus.READY, "")
                logger.info("warm_trainer.ready", extra={"pid": link.pid})
            await link.gone.wait()
        finally:
            self._link = None
            await link.end()
        if link.refusal is not None:
            return link.refusal, True
        when = "" if was_ready else " before it was ready"
        return f"it ended{when} (exit code {link.exit_code}); logs/{self._log.name} may say more", False

    def _set(self, status: WarmStatus, reason: str) -> None:
        self._status, self._reason = status, reason

    def _told(self, environment: Mapping[str, str]) -> Mapping[str, str] | None:
        """What a child has to be told of its environment; None if a fork cannot be given that environment."""
        ours = self._environment
        told = {name: value for name, value in environment.items() if ours.get(name) != value}
        is_reachable = told.keys() <= _OF_A_CHILD and ours.keys() - environment.keys() <= {MARK_VARIABLE}
        return told if is_reachable and len(told.get(MARK_VARIABLE, "").encode()) <= LONGEST_MARK else None


async def _forked(link: ParentLink, program: Program, told: Mapping[str, str], log: Path) -> ForkedProcess:
    variables = {name: value for name, value in told.items() if name != MARK_VARIABLE}
    log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as ours:
        with contextlib.ExitStack() as theirs:
            stdin, order = _pipe(theirs, ours)
            messages, stdout = _pipe(ours, theirs)
            stderr = theirs.enter_context(log.open("ab"))
            handles = (stdin.fileno(), stdout.fileno(), stderr.fileno())
            end = await link.fork(program, variables, told.get(MARK_VARIABLE), handles)
        process = await ForkedProcess.connect(end, order, messages)
        ours.pop_all()
    return process


def _pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Both ends, the one that is read first, each in the keeping of its stack."""
    read, write = os.pipe()
    return reader.enter_context(os.fdopen(read, "rb", 0)), writer.enter_context(os.fdopen(write, "wb", 0))
