"""Trainers forked from a warm parent: found, limited, killed and told of as those that were started."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.common.child_process import UNKNOWN_EXIT_CODE, ChildProcess
from backend.common.process_mark import end_marked, marks
from backend.training.workers.leftovers import end_strays
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.trainer_process import mark_of, start_trainer
from backend.training.workers.warm.warm_trainer import WarmStatus, WarmTrainer
from shared.database.stores import memory_stores
from shared.models.job import AttemptOutcome
from tests.support.processes import children_of, is_alive
from tests.support.store_values import claimed, queued
from tests.support.trainer_driver import probe_order
from tests.support.warm_parents import forked, heard, reached, until, warm_trainer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

QUICK = {"probe": {"steps": 4, "seconds_per_step": 0}, "training": {"logging_steps": 1}}
LONG = {"probe": {"steps": 100_000, "seconds_per_step": 0.01}, "training": {"logging_steps": 1}}
SECONDS = {"probe": {"steps": 60, "seconds_per_step": 0.05}, "training": {"logging_steps": 1}}


async def at_step(child: ChildProcess) -> Any:
    """Listen until a step was taken; what is said later is still to be heard."""
    messages = child.messages()
    async for message in messages:
        if message["type"] == MessageType.STEP:
            return messages
    raise AssertionError("no step")


async def running(it: WarmTrainer, order: TrainingOrder, log: Path) -> tuple[ChildProcess, Any]:
    child = await forked(it, order, log)
    return child, await at_step(child)


async def let_go(child: ChildProcess, messages: Any) -> None:
    await child.end(grace_s=0)
    await messages.aclose()
    child.close()


def _kinds(said: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in said if message["type"] != MessageType.ALIVE]


def test_a_fork_makes_the_bytes_that_a_cold_start_makes(tmp_path: Path) -> None:
    async def scenario() -> None:
        cold, warm = (probe_order(tmp_path / name, QUICK) for name in ("cold", "warm"))
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            said = await heard(await forked(it, warm, tmp_path / "warm.log"))
            expected = await heard(await start_trainer(cold, log=tmp_path / "cold.log"))
        assert _kinds(said) == _kinds(expected)
        assert said[-1]["type"] == MessageType.PUBLISHED
        name = "adapter_model.safetensors"
        assert (Path(warm.adapter_path) / name).read_bytes() == (Path(cold.adapter_path) / name).read_bytes()
        # it wrote to its own log, and there was nothing to say
        assert (tmp_path / "warm.log").read_text() == (tmp_path / "cold.log").read_text()

    asyncio.run(scenario())


def test_a_fork_is_a_process_group_with_a_mark_and_a_limit_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARA_DATABASE_URL", "postgresql://clara:hidden@db/clara")

    async def scenario() -> None:
        order = probe_order(tmp_path, LONG)
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            assert it.parent_pid is not None
            child = await forked(it, order, tmp_path / "log", memory_mb=2048)
            messages = await at_step(child)
            assert os.getpgid(child.pid) == os.getsid(child.pid) == child.pid
            assert mark_of(order) in marks()
            assert _data_limit(child.pid) == str(2048 << 20)
            assert _data_limit(it.parent_pid) == "unlimited"
            for pid in (child.pid, it.parent_pid):
                assert b"hidden" not in Path(f"/proc/{pid}/environ").read_bytes()
            assert await asyncio.to_thread(end_marked, mark_of(order)) == 1
            assert await child.gone() == -signal.SIGKILL
            assert is_alive(it.parent_pid)
            assert mark_of(order) not in marks()
            await let_go(child, messages)

    asyncio.run(scenario())


def _data_limit(pid: int) -> str:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line.split()[3] for line in lines if line.startswith("Max data size"))


def test_how_a_fork_ended_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            killed, messages = await running(it, probe_order(tmp_path, LONG), tmp_path / "log")
            killed.kill()
            assert await killed.gone() == -signal.SIGKILL
            await let_go(killed, messages)
            done = await forked(it, probe_order(tmp_path / "2", QUICK), tmp_path / "log")
            assert [message async for message in done.messages()]
            assert await done.end(grace_s=10) == 0
            done.close()
            assert it.parent_pid is not None
            await until(lambda: not children_of(it.parent_pid or 0))

    asyncio.run(scenario())


def test_a_stop_request_reaches_a_fork(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            child, messages = await running(it, probe_order(tmp_path, LONG), tmp_path / "log")
            await child.send({"stop": "cancel"})
            last = [message async for message in messages][-1]
            assert (last["type"], last["reason"]) == (MessageType.STOPPED, "cancel")
            await let_go(child, messages)

    asyncio.run(scenario())


def test_a_fork_ends_when_our_end_closes_though_its_siblings_live(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            family = [await running(it, probe_order(tmp_path / name, LONG), tmp_path / "log") for name in "abc"]
            (first, _), (middle, _), (last, _) = family
            for child, others in ((first, [middle, last]), (last, [middle])):
                child.close()
                # the group ends itself
                assert await asyncio.wait_for(child.gone(), 10) == -signal.SIGKILL
                assert all(is_alive(other.pid) for other in others)
            for child, messages in family:
                await let_go(child, messages)

    asyncio.run(scenario())


def test_a_fork_goes_on_when_the_parent_is_killed_and_a_new_parent_comes(tmp_path: Path) -> None:
    async def scenario() -> None:
        order = probe_order(tmp_path, SECONDS)
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            child, messages = await running(it, order, tmp_path / "log")
            first = it.parent_pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await until(lambda: it.parent_pid not in (None, first))
            await reached(it, WarmStatus.READY)
            last = [message async for message in messages][-1]
            assert last["type"] == MessageType.PUBLISHED
            # nobody saw the end that could have said how
            assert await child.end(grace_s=10) == UNKNOWN_EXIT_CODE
            assert Path(order.adapter_path).is_dir()
            await let_go(child, messages)

    asyncio.run(scenario())


def test_a_fork_whose_parent_is_gone_can_still_be_killed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            child, messages = await running(it, probe_order(tmp_path, LONG), tmp_path / "log")
            assert it.parent_pid is not None
            os.kill(it.parent_pid, signal.SIGKILL)
            await asyncio.sleep(0.1)
            assert is_alive(child.pid)
            child.kill()
            assert await asyncio.wait_for(child.gone(), 10) == UNKNOWN_EXIT_CODE
            await until(lambda: not is_alive(child.pid))
            await let_go(child, messages)

    asyncio.run(scenario())


def test_a_fork_that_outlives_its_service_is_found_by_its_mark(tmp_path: Path) -> None:
    stores = memory_stores()
    queued(stores)
    _, claim = claimed(stores)

    async def scenario() -> int:
        order = probe_order(tmp_path, LONG, name=claim.job_id.removeprefix("job_"))
        assert order.job_id == claim.job_id
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            child, messages = await running(it, order, tmp_path / "log")
            # one that hangs does not notice that everybody is gone
            os.kill(child.pid, signal.SIGSTOP)
            await until(lambda: _is_stopped(child.pid))
            child.close()
            await messages.aclose()
        return child.pid

    pid = asyncio.run(scenario())
    assert is_alive(pid)
    assert end_strays(stores.jobs) == 0
    stores.jobs.release(claim, outcome=AttemptOutcome.CRASH)
    assert end_strays(stores.jobs) == 1
    asyncio.run(until(lambda: not is_alive(pid)))


def _is_stopped(pid: int) -> bool:
    tasks = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)


def test_forks_are_told_apart_by_their_marks(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path) as it:
            await reached(it, WarmStatus.READY)
            orders = [probe_order(tmp_path / name, LONG, name=name) for name in ("longer_name", "b")]
            family = [await running(it, order, tmp_path / "log") for order in orders]
            assert {mark_of(order) for order in orders} <= marks()
            assert await asyncio.to_thread(end_marked, mark_of(orders[1])) == 1
            assert is_alive(family[0][0].pid)
            for child, messages in family:
                await let_go(child, messages)

    asyncio.run(scenario())
