"""Keeps the lines of streams in step with the truth: sweeps out what was erased, and has new documents' lines made.

They are made by a process of the lowest priority, never while something is built or ingested: it is ended then, and
begun again later.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.common.blocking import in_thread
from backend.common.child_process import ChildProcess, describe_exit
from backend.datasets.ready.lines import state_of
from backend.datasets.ready.shelf import ReadyShelf
from shared.database.search_store import HeldDocument
from shared.errors import Unavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeeperTimes:
    """Seconds.

    Args:
        sweep_s: Between two looks at what was erased, and longest wait between two looks at what is new.
        look_s: Between two looks whether others need the machine.
        settle_s: Wait before the lines of new documents are made: more of them may follow.
        retry_s: First wait after a failure; it doubles with each one.
        longest_retry_s: Until this.
    """

    sweep_s: float = 60.0
    look_s: float = 0.5
    settle_s: float = 2.0
    retry_s: float = 60.0
    longest_retry_s: float = 3600.0


class LineKeeper:
    """Looks after a shelf.

    Args:
        shelf: Keeps lines.
        held: Begins to tell all documents of the truth, in the order of ids.
        start: Starts the process that makes what is missing; None: nothing is made before it is asked for.
        news: Set when documents may have come; cleared here.
        is_busy: Whether others need the machine.
        learnt: File of the fluency model, by which sections are judged.
        times: How long is waited.
    """

    def __init__(
        self,
        shelf: ReadyShelf,
        held: Callable[[], Iterator[HeldDocument]],
        start: Callable[[], Awaitable[ChildProcess]] | None,
        *,
        news: asyncio.Event,
        is_busy: Callable[[], bool],
        learnt: Path,
        times: KeeperTimes = KeeperTimes(),
    ) -> None:
        self._shelf = shelf
        self._held = held
        self._start = start
        self._news = news
        self._is_busy = is_busy
        self._learnt = learnt
        self._times = times
        self._prepared: str | None = None
        self._retry_s = times.retry_s
        self._not_before = 0.0

    async def run(self) -> None:
        """Until cancelled; no process is left then."""
        # a group waits for all of them, which `gather` does not when it is cancelled
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_swept())
            group.create_task(self._keep_prepared())

    async def _keep_swept(self) -> None:
        """Take the words of erased documents out, whoever erased them."""
        while True:
            try:
                await in_thread(self._shelf.sweep, self._held)
            except Unavailable:
                logger.warning("ready.sweep_failed", exc_info=True)
            except Exception:
                # who ends here would leave the words of erased documents where they are, and tell nobody
                logger.exception("ready.sweeping_failed")
            await asyncio.sleep(self._times.sweep_s)

    async def _keep_prepared(self) -> None:
        while self._start is not None:
            try:
                await self._prepare(self._start)
            except Unavailable:
                logger.warning("ready.truth_unavailable", exc_info=True)
            except Exception:
                logger.exception("ready.preparing_failed")
            await self._pause()

    async def _prepare(self, start: Callable[[], Awaitable[ChildProcess]]) -> None:
        state = await in_thread(self._state)
        now = asyncio.get_running_loop().time()
        if state in ("", self._prepared) or self._is_busy() or now < self._not_before:
            return
        try:
            child = await start()
        except OSError as exc:
            self._failed(f"it does not start: {exc.strerror or exc}")
            return
        try:
            await self._supervise(child, state)
        finally:
            child.kill()
            await child.gone()
            child.close()

    async def _supervise(self, child: ChildProcess, state: str) -> None:
        listening = asyncio.create_task(_last_word(child))
        try:
            while not listening.done():
                if self._is_busy():
                    logger.info("ready.interrupted")
                    return
                await asyncio.wait({listening}, timeout=self._times.look_s)
            said = listening.result()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        if "prepared" in said:
            self._prepared, self._retry_s = state, self._times.retry_s
            logger.info("ready.prepared", extra=said["prepared"])
            return
        self._failed(said.get("error") or describe_exit(await child.end(grace_s=self._times.look_s)))

    def _failed(self, reason: str) -> None:
        pause_s = self._retry_s
        self._retry_s = min(2 * pause_s, self._times.longest_retry_s)
        self._not_before = asyncio.get_running_loop().time() + pause_s
        logger.warning("ready.not_prepared", extra={"reason": reason, "retry_s": pause_s})

    def _state(self) -> str:
        """Digest of all that lines are made of; empty without documents. What else decides needs a restart."""
        digest, has_documents = hashlib.blake2b(digest_size=16), False
        for document in self._held():
            if not document.is_erased:
                has_documents = True
                digest.update(f"{document.document_id}\0{state_of(document.version, document.sha256)}\n".encode())
        try:
            found = self._learnt.stat()
            digest.update(f"{found.st_ino} {found.st_size} {found.st_mtime_ns}".encode())
        except OSError:
            # also where it may not be looked at: who makes lines finds out, and says so
            digest.update(b"nothing learnt")
        return digest.hexdigest() if has_documents else ""

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._times.sweep_s):
                await self._news.wait()
        except TimeoutError:
            return
        await asyncio.sleep(self._times.settle_s)
        self._news.clear()


async def _last_word(child: ChildProcess) -> dict[str, Any]:
    last: dict[str, Any] = {}
    async for message in child.messages():
        last = message
    return last
