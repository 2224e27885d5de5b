"""A worker pool on a real database with real child processes, as tests drive it.

    python -m tests.support.worker_bench FOLDER [option of the stub trainer …]

submits one job, says its id, and works until it is killed.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.training.folders import TrainingFolders
from backend.training.manager import TrainingJobManager
from backend.training.models import JobRequest
from backend.training.workers.orders import OrderWriter
from backend.training.workers.pool import WorkerPool
from backend.training.workers.supervisor import SupervisionTimes, Supervisor
from shared.database.stores import Stores, open_stores
from shared.models.job import TrainingJob
from shared.models.users import Principal, Role
from tests.support.input_resolvers import input_resolver

TRAINER = Principal("u1", "trainer@example.org", frozenset({Role.TRAINER}))
STUB = (sys.executable, "-m", "tests.support.stub_trainer")
TIMES = SupervisionTimes(lease_s=3.0, heartbeat_s=0.2, grace_s=1.0, timeout_s=30.0, retry_s=0.05)


@dataclass
class Bench:
    """A pool with its stores; the pool runs while the bench is open."""

    stores: Stores
    manager: TrainingJobManager
    pool: WorkerPool
    folders: TrainingFolders

    def submit(self) -> str:
        request = JobRequest(trainer_type="lora", config={}, dataset_path="train.jsonl")
        return self.manager.submit(request, TRAINER).job.job_id

    async def until(self, job_id: str, reached: Callable[[TrainingJob], bool], timeout_s: float = 20.0) -> TrainingJob:
        give_up = time.monotonic() + timeout_s
        while not reached(job := self.stores.jobs.get(job_id)):
            assert time.monotonic() < give_up, job
            await asyncio.sleep(0.02)
        return job

    async def ended(self, job_id: str) -> TrainingJob:
        return await self.until(job_id, lambda job: job.status.is_terminal)

    async def idle(self, timeout_s: float = 20.0) -> None:
        """Wait for every worker; a job is seen to have ended a moment before its worker has tidied up after it."""
        give_up = time.monotonic() + timeout_s
        while any(worker.status != "idle" for worker in self.pool.workers()):
            assert time.monotonic() < give_up, self.pool.workers()
            await asyncio.sleep(0.02)

    async def at_step(self, job_id: str, step: int = 1) -> TrainingJob:
        return await self.until(job_id, lambda job: job.progress.current_step >= step)


@asynccontextmanager
async def bench(
    tmp_path: Path,
    *stub: str,
    times: SupervisionTimes = TIMES,
    size: int = 1,
    url: str | None = None,
    command: tuple[str, ...] = STUB,
) -> AsyncIterator[Bench]:
    """A pool that runs while the block lasts; `stub` are options of the stub trainer."""
    model = tmp_path / "models" / "starter"
    model.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors"):
        (model / name).touch()
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "train.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
    folders = TrainingFolders(
        data=tmp_path / "data",
        models=tmp_path / "models",
        configs=tmp_path / "configs",
        logs=tmp_path / "logs",
        base_model_roots=(tmp_path / "models",),
    )
    stores = open_stores(url or f"sqlite:///{tmp_path / 'clara.db'}")
    inputs = input_resolver(stores, folders)
    orders = OrderWriter(inputs, folders, save_every=10, cpu_threads=1)
    supervisor = Supervisor(stores.jobs, orders, folders, times, command=(*command, *stub))
    manager = TrainingJobManager(stores.jobs, stores.adapters, inputs, folders, on_change=supervisor.look)
    pool = WorkerPool(stores.jobs, supervisor, manager.admit_pending, size=size, lease_s=times.lease_s, poll_s=0.05)
    pool.start()
    try:
        yield Bench(stores, manager, pool, folders)
    finally:
        await pool.stop()
        stores.close()


async def _work_until_killed(folder: Path, *stub: str) -> None:
    async with bench(folder, *stub) as it:
        sys.stdout.write(it.submit() + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_work_until_killed(Path(sys.argv[1]), *sys.argv[2:]))
