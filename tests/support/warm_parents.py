"""Warm parents as tests have them: `python -m tests.support.warm_parents SOCKET` is one that has imported nothing.

It forks as the real one does and is there in a moment; its children import what they need.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from backend.common.child_process import ChildProcess
from backend.training.workers.protocol import TrainingOrder
from backend.training.workers.trainer_process import libraries_environment, start_trainer
from backend.training.workers.warm.warm_main import main
from backend.training.workers.warm.warm_trainer import WarmStatus, WarmTimes, WarmTrainer

LIGHT = (sys.executable, "-m", "tests.support.warm_parents")
TIMES = WarmTimes(after_start_s=0.0, first_pause_s=0.05, longest_pause_s=0.4, look_s=0.05)


@asynccontextmanager
async def warm_trainer(folder: Path, *, command: Sequence[str] = LIGHT, **options: Any) -> AsyncIterator[WarmTrainer]:
    """One that is kept while the block lasts; it is not waited for.

    The environment is that of now: pytest changes its own between the phases of a test.
    """
    environment = libraries_environment(cpu_threads=1, is_offline=True)
    log = folder / "logs" / "warm_parent.log"
    it = WarmTrainer(environment, log=log, command=command, **{"times": TIMES, **options})
    keeping = asyncio.create_task(it.run())
    try:
        yield it
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def reached(it: WarmTrainer, status: WarmStatus, *, timeout_s: float = 60.0) -> None:
    """Wait for this status."""
    await until(lambda: it.health()["status"] == status, timeout_s=timeout_s)


async def until(is_so: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(timeout_s):
        while not is_so():
            await asyncio.sleep(0.01)


async def forked(it: WarmTrainer, order: TrainingOrder, log: Path, **options: Any) -> ChildProcess:
    """A trainer on this order that is certain to be a fork."""
    never = (sys.executable, "-c", "raise SystemExit('this was to be a fork')")
    return await start_trainer(order, log=log, command=never, warm=it, **options)


async def heard(child: ChildProcess) -> list[dict[str, Any]]:
    """All that a child says, to its end."""
    messages = [message async for message in child.messages()]
    await child.end(grace_s=10)
    child.close()
    return messages


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], imports=lambda: None))
