"""When jobs start warm, when cold, and what happens to a parent that does not do."""

import asyncio
import itertools
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from backend.common.process_mark import LONGEST_MARK, MARK_VARIABLE
from backend.training.workers.memory import MEMORY_VARIABLE
from backend.training.workers.trainer_process import libraries_environment
from backend.training.workers.warm.programs import Program
from backend.training.workers.warm.warm_trainer import WarmStatus, WarmTrainer
from tests.support.trainer_driver import probe_order
from tests.support.warm_parents import TIMES, reached, until, warm_trainer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

REFUSES = """
import socket, sys
from backend.training.workers.warm.wire import send_packet
with socket.socket(fileno=int(sys.argv[1])) as wire:
    send_packet(wire, {"refused": "it would not do"})
"""
SILENT = """
import os, socket, sys
from backend.training.workers.warm.wire import receive_packet, send_packet
with socket.socket(fileno=int(sys.argv[1])) as wire:
    send_packet(wire, {"ready": os.getpid()})
    while receive_packet(wire) is not None:
        pass
"""
UNABLE = """
import os, socket, sys
from backend.training.workers.warm.wire import receive_packet, send_packet
with socket.socket(fileno=int(sys.argv[1])) as wire:
    send_packet(wire, {"ready": os.getpid()})
    while (packet := receive_packet(wire)) is not None:
        send_packet(wire, {"answer": packet[0]["number"], "error": "no memory for a process"})
"""


def script(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def start(it: WarmTrainer, folder: Path, **variables: str) -> Any:
    environment = {**libraries_environment(cpu_threads=1, is_offline=True), **variables}
    order = probe_order(folder).to_line()
    child = await it.start(Program.TRAINER, order, log=folder / "log", environment=environment)
    if child is not None:
        await child.end(grace_s=0)
        child.close()
    return child


def test_one_that_is_off_says_why_and_starts_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path, off_because="it was switched off", command=script("1/0")) as it:
            await asyncio.sleep(0.1)
            assert it.health() == {"status": "off", "reason": "it was switched off"}
            assert await start(it, tmp_path) is None
        assert not (tmp_path / "logs").exists()

    asyncio.run(scenario())


def test_one_whose_way_becomes_free_starts(tmp_path: Path) -> None:
    async def scenario() -> None:
        obstacles = ["memory is short", "memory is short"]
        async with warm_trainer(tmp_path, obstacle=lambda: obstacles.pop() if obstacles else None) as it:
            await reached(it, WarmStatus.OFF)
            assert it.health() == {"status": "off", "reason": "memory is short"}
            await reached(it, WarmStatus.READY)
            assert it.health() == {"status": "ready"}

    asyncio.run(scenario())


def test_before_it_is_ready_jobs_start_cold(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path, command=script("import time; time.sleep(600)")) as it:
            await until(lambda: it.parent_pid is not None)
            assert it.health() == {"status": "starting"}
            assert await start(it, tmp_path) is None
            stopped = time.monotonic()
        # a service that stops does not wait for imports
        assert time.monotonic() - stopped < 30

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "variables",
    [{"OMP_NUM_THREADS": "7"}, {"HF_HUB_OFFLINE": "0"}, {MARK_VARIABLE: "x" * (LONGEST_MARK + 1)}],
    ids=["threads", "hub", "mark"],
)
def test_an_environment_that_a_fork_cannot_have_starts_cold(tmp_path: Path, variables: dict[str, str]) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            assert await start(it, tmp_path, **variables) is None
            assert await start(it, tmp_path, **{MARK_VARIABLE: "x" * LONGEST_MARK, MEMORY_VARIABLE: "4096"}) is not None

    asyncio.run(scenario())


def test_a_parent_that_refuses_is_not_started_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path, command=script(REFUSES)) as it:
            await reached(it, WarmStatus.UNAVAILABLE)
            await asyncio.sleep(5 * TIMES.first_pause_s)
            assert it.health() == {"status": "unavailable", "reason": "it would not do"}
            assert await start(it, tmp_path) is None

    asyncio.run(scenario())


def test_a_parent_that_dies_is_started_again_after_growing_pauses(tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    dies = f"import time; open({str(lives)!r}, 'a').write(f'{{time.monotonic()}}\\n'); raise SystemExit(3)"

    async def scenario() -> None:
        async with warm_trainer(tmp_path, command=script(dies)) as it:
            await reached(it, WarmStatus.UNAVAILABLE)
            assert it.health()["reason"].startswith("it ended before it was ready (exit code 3); logs/warm_parent.log")
            await until(lambda: lives.read_text().count("\n") >= 4)

    asyncio.run(scenario())
    began = [float(line) for line in lives.read_text().split()]
    pauses = [after - before for before, after in itertools.pairwise(began)]
    assert pauses[0] >= TIMES.first_pause_s
    assert pauses[1] >= 2 * TIMES.first_pause_s
    assert pauses[2] >= 4 * TIMES.first_pause_s


def test_a_parent_that_cannot_be_started_is_told_of(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path, command=(str(tmp_path / "missing"),)) as it:
            await reached(it, WarmStatus.UNAVAILABLE)
            assert it.health()["reason"] == "it cannot be started: No such file or directory"

    asyncio.run(scenario())


def test_where_the_parent_cannot_fork_the_job_starts_cold(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path, command=script(UNABLE)) as it:
            await reached(it, WarmStatus.READY)
            assert await start(it, tmp_path) is None
            assert it.health() == {"status": "ready"}

    asyncio.run(scenario())


def test_a_parent_that_does_not_answer_is_ended_and_the_job_starts_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.training.workers.warm.parent_link._ANSWER_S", 0.2)

    async def scenario() -> None:
        async with warm_trainer(tmp_path, command=script(SILENT)) as it:
            await reached(it, WarmStatus.READY)
            first = it.parent_pid
            assert await start(it, tmp_path) is None
            await until(lambda: it.parent_pid not in (None, first))

    asyncio.run(scenario())
