"""Start a trainer process on its order, in an environment that holds no secret of the service."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from backend.common.child_environment import without_secrets
from backend.common.child_process import ChildProcess
from backend.common.process_mark import MARK_VARIABLE
from backend.training.workers.memory import MEMORY_VARIABLE
from backend.training.workers.protocol import TrainingOrder
from backend.training.workers.warm.programs import Program
from backend.training.workers.warm.warm_trainer import WarmTrainer

TRAINER_COMMAND = (sys.executable, "-m", "backend.training.workers.trainer.main")


async def start_trainer(
    order: TrainingOrder,
    *,
    log: Path,
    memory_mb: int | None = None,
    command: Sequence[str] = TRAINER_COMMAND,
    warm: WarmTrainer | None = None,
) -> ChildProcess:
    """A running trainer, forked from the warm parent if that can be had; its stderr is appended to `log`.

    Args:
        order: What it is to do.
        log: File that gets its stderr.
        memory_mb: MiB that it may allocate; None: no limit.
        command: Argument list that starts it cold.
        warm: Where it may be forked; None: it starts cold.

    Raises:
        OSError: If the process or its log cannot be made.
    """
    environment = _environment(order, memory_mb)
    if warm is not None:
        forked = await warm.start(Program.TRAINER, order.to_line(), log=log, environment=environment)
        if forked is not None:
            return forked
    return await ChildProcess.start(command, order.to_line(), log=log, environment=environment)


def mark_of(order: TrainingOrder) -> str:
    """What all processes of this attempt carry in their environment."""
    return f"{mark_of_all_attempts(order.job_id)}{order.claim_epoch}."


def mark_of_all_attempts(job_id: str) -> str:
    """How the marks of all attempts of this job begin."""
    return f"{job_id}.e"


def attempt_of_mark(mark: str) -> tuple[str, int] | None:
    """Job and claim epoch that a mark names; None for what is no mark of ours."""
    match = re.fullmatch(r"(.+)\.e([0-9]+)\.", mark)
    return (match[1], int(match[2])) if match else None


def libraries_environment(*, cpu_threads: int, is_offline: bool) -> dict[str, str]:
    """The environment of a process that computes with the libraries of a run: what they read when they are loaded.

    Args:
        cpu_threads: To compute with.
        is_offline: Whether no model hub is asked.
    """
    threads = str(cpu_threads)
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"} if is_offline else {}
    # a hub is told what it is asked for; its faster client connects where our guard does not see it
    hub = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
    # secrets of the service (database, key server) are none of its business; a hub token (HF_TOKEN) is
    inherited = without_secrets(os.environ, keep="HF_")
    computing = {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        # threads that wait must not spin: beside one other busy process that makes two threads ten times slower
        "OMP_WAIT_POLICY": inherited.get("OMP_WAIT_POLICY", "PASSIVE"),
    }
    return {**inherited, **computing, "PYTHONUNBUFFERED": "1", **hub, **offline}


def _environment(order: TrainingOrder, memory_mb: int | None) -> Mapping[str, str]:
    memory = {} if memory_mb is None else {MEMORY_VARIABLE: str(memory_mb)}
    computing = libraries_environment(cpu_threads=order.cpu_threads, is_offline=order.is_offline)
    return {**computing, **memory, MARK_VARIABLE: mark_of(order)}
