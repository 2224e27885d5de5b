"""The keeper of lines: has them made when documents have come, gives way to others, and tries again after failures."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backend.common.child_process import ChildProcess
from backend.common.json_lines import encode
from backend.datasets.ready.file import ReadyFile
from backend.datasets.ready.lines import SectionKey, SectionLines, state_of
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.workers.line_keeper import KeeperTimes, LineKeeper
from shared.database.search_store import HeldDocument
from shared.errors import Unavailable

ANSWERS = {
    "prepares": "pipe.send({'prepared': {'documents': 1}})",
    "refuses": "pipe.send({'error': 'The database is away.'}); raise SystemExit(1)",
    "dies": "raise SystemExit(3)",
    "works": "time.sleep(600)",
}
TIMES = KeeperTimes(sweep_s=0.05, look_s=0.02, settle_s=0, retry_s=0.05, longest_retry_s=0.1)


@dataclass
class World:
    """Documents, a shelf, and processes that do as they are told."""

    folder: Path
    answer: str = "prepares"
    documents: list[HeldDocument] = field(default_factory=list)
    started: list[ChildProcess] = field(default_factory=list)
    is_busy: bool = False
    is_away: bool = False

    @property
    def shelf(self) -> ReadyShelf:
        return ReadyShelf(self.folder / "streams", limit_bytes=1 << 20)

    def register(self, number: int, *, version: int = 1) -> None:
        document_id = f"doc_{number}"
        self.documents = [each for each in self.documents if each.document_id != document_id]
        self.documents.append(HeldDocument(document_id, version, "a" * 64, 1))

    def held(self) -> Iterator[HeldDocument]:
        if self.is_away:
            raise Unavailable("The database is away.")
        return iter(self.documents)

    async def start(self) -> ChildProcess:
        if self.answer == "starts not":
            raise FileNotFoundError(2, "no such program")
        script = (
            "import time; from backend.common.parent_pipe import ParentPipe\n"
            f"pipe = ParentPipe(); pipe.order(); pipe.listen(); {ANSWERS[self.answer]}"
        )
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[5])}
        child = await ChildProcess.start(
            (sys.executable, "-c", script), encode({}), log=self.folder / "log", environment=environment
        )
        self.started.append(child)
        return child

    async def keep(
        self, steps: Callable[[], Awaitable[None]], *, makes: bool = True, times: KeeperTimes = TIMES
    ) -> None:
        """Have a keeper at work while something happens."""
        keeper = LineKeeper(
            self.shelf,
            self.held,
            self.start if makes else None,
            news=asyncio.Event(),
            is_busy=lambda: self.is_busy,
            learnt=self.folder / "fluency.model",
            times=times,
        )
        task = asyncio.create_task(keeper.run())
        try:
            await steps()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def a_while() -> None:
    """Several looks of the keeper."""
    await asyncio.sleep(0.4)


def ended(child: ChildProcess) -> bool:
    return child._process.returncode is not None


def test_what_is_new_is_made_once(world: World) -> None:
    async def steps() -> None:
        await a_while()
        assert not world.started
        world.register(1)
        await until(lambda: len(world.started) == 1 and ended(world.started[0]))
        await a_while()
        assert len(world.started) == 1
        world.register(1, version=2)
        await until(lambda: len(world.started) == 2)
        (world.folder / "fluency.model").write_bytes(b"learnt")
        await until(lambda: len(world.started) == 3 and ended(world.started[2]))
        await a_while()
        assert len(world.started) == 3

    asyncio.run(world.keep(steps))


def test_whoever_needs_the_machine_gets_it_and_the_rest_is_made_afterwards(world: World) -> None:
    world.answer = "works"
    world.register(1)

    async def steps() -> None:
        await until(lambda: len(world.started) == 1)
        world.is_busy = True
        await until(lambda: ended(world.started[0]))
        await a_while()
        assert len(world.started) == 1
        world.is_busy = False
        await until(lambda: len(world.started) == 2)

    asyncio.run(world.keep(steps))
    assert all(map(ended, world.started))


@pytest.mark.parametrize(
    ("answer", "reason"), [("refuses", "The database is away."), ("dies", "exit code 3"), ("starts not", "no such")]
)
def test_a_failure_is_told_and_tried_again_after_a_while(
    world: World, answer: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.answer = answer
    world.register(1)

    def failures() -> list[float]:
        told = [each for each in caplog.records if each.msg == "ready.not_prepared"]
        assert all(reason in vars(each)["reason"] for each in told)
        return [vars(each)["retry_s"] for each in told]

    async def steps() -> None:
        await until(lambda: len(failures()) >= 3)
        world.answer = "prepares"
        # what was being started meanwhile may still do as it was told before
        await until(lambda: any(child._process.returncode == 0 for child in world.started))
        await a_while()
        count = len(world.started)
        await a_while()
        assert len(world.started) == count

    asyncio.run(world.keep(steps))
    assert failures()[:3] == [0.05, 0.1, 0.1]


def test_a_thousand_failures_are_no_more_than_a_failure(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.answer = "starts not"
    world.register(1)

    async def steps() -> None:
        await until(lambda: caplog.messages.count("ready.not_prepared") > 1_100)

    times = KeeperTimes(sweep_s=0, look_s=0, settle_s=0, retry_s=0, longest_retry_s=1)
    asyncio.run(world.keep(steps, times=times))


def test_what_is_erased_is_swept_also_while_lines_are_made_and_where_none_are(world: World) -> None:
    key = SectionKey("doc_1", state_of(1, "a" * 64), 0)

    def kept() -> bool:
        return any(b"doc_1" in path.read_bytes() for path in (world.folder / "streams").glob("*.lines"))

    async def steps() -> None:
        await until(lambda: makes == bool(world.started))
        world.documents = [each for each in world.documents if each.document_id != "doc_1"]
        await until(lambda: not kept())

    for makes in (True, False):
        world.answer, world.started = "works", []
        world.register(1)
        world.register(2)
        with world.shelf.open("a" * 32) or pytest.fail("no file") as file:
            file.put([SectionLines(key, "k", 1.0, False, 1, b"{}\n")])
        assert isinstance(file, ReadyFile)
        assert kept()
        asyncio.run(world.keep(steps, makes=makes))
        assert bool(world.started) == makes


def test_a_database_that_is_away_ends_nothing(world: World) -> None:
    world.is_away = True

    async def steps() -> None:
        await a_while()
        world.is_away = False
        world.register(1)
        await until(lambda: bool(world.started))

    asyncio.run(world.keep(steps))
