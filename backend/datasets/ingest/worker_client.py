"""Keeps one ingest worker for the service: starts it when needed, survives its death, names the file that killed it."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backend.datasets.ingest import wire
from backend.datasets.ingest.events import (
    IngestCounts,
    IngestEvent,
    IngestEventKind,
    IngestSummary,
    Problem,
    Report,
)
from backend.datasets.ingest.walk import SourceFile
from shared.errors import Unavailable

logger = logging.getLogger(__name__)

_MODULE = "backend.datasets.workers.ingest_worker"
_MAX_LINE = 16 << 20
_CLOSE_GRACE_S = 5.0


class IngestUnavailable(Unavailable):
    """The ingest worker cannot do its work, whatever the files are."""

    code = "ingest_unavailable"


class _WorkerDied(Exception):
    """The worker ended or was ended in the middle of a request.

    Args:
        reason: How, in words that follow the name of a file.
        path: File or member that was being read.
        done: What was durable by then.
    """

    def __init__(self, reason: str, path: str, done: IngestSummary) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.done = done


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Bounds of the worker.

    Args:
        file_timeout_s: Longest silence while files are read; a file that takes longer is given up.
        index_timeout_s: Longest silence while the search stores are fed.
        start_timeout_s: Longest start.
        idle_s: The worker is closed after this time without a request.
        memory_mb: Address space in MiB, 0 for no bound.
    """

    file_timeout_s: float = 120.0
    index_timeout_s: float = 3600.0
    start_timeout_s: float = 60.0
    idle_s: float = 60.0
    memory_mb: int = 2048


class IngestWorkerClient:
    """Ingests through a child process; one request at a time, in the order of the calls.

    Args:
        limits: Bounds of the worker.
        env: Environment of the child with the settings; None hands on our own.
        command: How to start it.
        on_ingested: Called on the event loop after every request, whatever became of it.
    """

    def __init__(
        self,
        *,
        limits: WorkerLimits | None = None,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = (sys.executable, "-m", _MODULE),
        on_ingested: Callable[[], None] = lambda: None,
    ) -> None:
        self._limits = limits or WorkerLimits()
        self._env = dict(env) if env is not None else None
        self._command = tuple(command)
        self._on_ingested = on_ingested
        self._lock = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether something is being ingested."""
        return self._lock.locked()

    @property
    def is_running(self) -> bool:
        """Whether a worker is there now."""
        return self._child is not None and self._child.returncode is None

    async def ingest(
        self, files: Sequence[SourceFile], *, root: Path, source: str, ingested_by: str, report: Report | None = None
    ) -> IngestSummary:
        """Register files that lie below `root`; failures are in the summary by name and reason.

        Raises:
            IngestUnavailable: If the worker cannot start or the stores cannot take documents.
        """
        async with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            try:
                return await self._ingest(_Order(root, source, ingested_by, report), files)
            except BaseException:
                # cancelled or failed: the rest of the answer would be read as the next one's
                await self._kill()
                raise
            finally:
                self._on_ingested()
                self._idle = asyncio.get_running_loop().call_later(self._limits.idle_s, self._close_idle)

    async def close(self) -> None:
        """End the worker."""
        if self._idle is not None:
            self._idle.cancel()
        await asyncio.gather(*self._closing)
        await self._end()

    async def _ingest(self, order: "_Order", files: Sequence[SourceFile]) -> IngestSummary:
        try:
            return await self._ask(order, files)
        except _WorkerDied as death:
            if death.done.counts.files_committed == len(files):
                return death.done  # it died over the search stores, which the service feeds as well
            if len(files) == 1:
                return _with_problem(death)
            logger.warning("ingest.worker_died", extra={"reason": death.reason, "files": len(files)})
            summary = replace(death.done, files_total=0)
        # one by one: whichever file kills the worker again is the one to name
        for file in files[summary.counts.files_committed :]:
            try:
                part = await self._ask(order, [file])
            except _WorkerDied as death:
                part = _with_problem(death)
            summary = _sum(summary, part)
        return replace(summary, files_total=len(files))

    async def _ask(self, order: "_Order", files: Sequence[SourceFile]) -> IngestSummary:
        child = await self._started()
        request = wire.request_line(order.root, order.source, order.ingested_by, files)
        reading = _Reading(files, order.report)
        try:
            await _send(child, request)
            while True:
                timeout_s = self._limits.index_timeout_s if reading.is_indexing else self._limits.file_timeout_s
                line = await _line(child, timeout_s)
                if line["type"] == wire.SUMMARY:
                    return IngestSummary.from_json(line)
                if line["type"] == wire.ERROR:
                    raise IngestUnavailable(str(line["message"]))
                reading.take(line)
        except TimeoutError as exc:
            await self._kill()
            raise reading.died(f"took longer than {timeout_s:g} s and was given up") from exc
        except (EOFError, ConnectionError) as exc:
            raise reading.died(f"ended its reader ({await self._exit_reason()})") from exc

    async def _started(self) -> asyncio.subprocess.Process:
        if self._child is not None and self._child.returncode is None:
            return self._child
        arguments = (*self._command, "--memory-mb", str(self._limits.memory_mb))
        self._child = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._env,
            limit=_MAX_LINE,
        )
        try:
            await _line(self._child, self._limits.start_timeout_s)
        except (TimeoutError, EOFError, ValueError) as exc:
            reason = await self._exit_reason()
            raise IngestUnavailable(f"The ingest worker does not start ({reason}); its log says why.") from exc
        return self._child

    async def _exit_reason(self) -> str:
        # a signal to a child that has just died collects its exit code before asyncio does, and then nobody knows it
        await self._end()
        code = self._child.returncode if self._child else None
        if code is not None and code < 0:
            return f"signal {signal.Signals(-code).name}"
        return f"exit code {code}"

    def _close_idle(self) -> None:
        task = asyncio.get_running_loop().create_task(self._end_if_idle())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _end_if_idle(self) -> None:
        if not self._lock.locked():
            async with self._lock:
                await self._end()

    async def _end(self) -> None:
        """End of stdin, then a kill for a worker that does not listen."""
        child = self._child
        if child is None or child.returncode is not None:
            return
        if child.stdin is not None:
            child.stdin.close()
        try:
            async with asyncio.timeout(_CLOSE_GRACE_S):
                await child.wait()
        except TimeoutError:
            await self._kill()

    async def _kill(self) -> None:
        if self._child is not None and self._child.returncode is None:
            try:
                self._child.kill()
            except ProcessLookupError:
                logger.debug("ingest.worker_gone")
            await self._child.wait()


@dataclass(frozen=True, slots=True)
class _Order:
    """What all requests of one ingest share."""

    root: Path
    source: str
    ingested_by: str
    report: Report | None


class _Reading:
    """What the worker has said of the request that it works on."""

    def __init__(self, files: Sequence[SourceFile], report: Report | None) -> None:
        self._files_total = len(files)
        self._report = report
        self._path = files[0].name if files else ""
        self._committed = IngestCounts()
        self._problems: list[Problem] = []
        self._durable_problems: tuple[Problem, ...] = ()
        self.is_indexing = False

    def take(self, line: Mapping[str, Any]) -> None:
        if line["type"] == wire.INDEXING:
            self.is_indexing = True
        elif line["type"] == wire.EVENT:
            self._note(wire.event_from(line))

    def died(self, reason: str) -> _WorkerDied:
        done = IngestSummary(self._committed, self._durable_problems, self._files_total, 0.0)
        return _WorkerDied(reason, self._path, done)

    def _note(self, event: IngestEvent) -> None:
        if event.kind is IngestEventKind.FILE:
            self._path = event.path
        elif event.kind is IngestEventKind.FAILED:
            self._problems.append(Problem(event.path, event.reason))
        elif event.kind is IngestEventKind.COMMITTED:
            self._committed = event.counts
            self._durable_problems = tuple(self._problems[: IngestSummary.MAX_PROBLEMS])
        if self._report is not None:
            self._report(event)


async def _send(child: asyncio.subprocess.Process, request: Mapping[str, Any]) -> None:
    if child.stdin is None:
        raise EOFError
    child.stdin.write(json.dumps(request, ensure_ascii=False).encode("utf-8") + b"\n")
    await child.stdin.drain()


async def _line(child: asyncio.subprocess.Process, timeout_s: float) -> dict[str, Any]:
    """The next line; raises EOFError when there will be none."""
    if child.stdout is None:
        raise EOFError
    async with asyncio.timeout(timeout_s):
        raw = await child.stdout.readline()
    if not raw.endswith(b"\n"):
        raise EOFError
    line: dict[str, Any] = json.loads(raw)
    return line


def _with_problem(death: _WorkerDied) -> IngestSummary:
    """What was durable when the worker died, with the file that did it as a failure."""
    problem = Problem(death.path, f"it {death.reason}; it was left out")
    counts = death.done.counts.plus(failed=1, files_done=1)
    return replace(death.done, counts=counts, problems=(*death.done.problems, problem))


def _sum(first: IngestSummary, second: IngestSummary) -> IngestSummary:
    problems = (*first.problems, *second.problems)[: IngestSummary.MAX_PROBLEMS]
    seconds = first.seconds + second.seconds
    return IngestSummary(first.counts.merged(second.counts), problems, first.files_total, seconds)
