"""Start a trainer process on its order, in an environment that holds no secret of the service."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from backend.common.child_process import ChildProcess
from backend.training.workers.protocol import TrainingOrder

TRAINER_COMMAND = (sys.executable, "-m", "backend.training.workers.trainer_main")


async def start_trainer(order: TrainingOrder, *, log: Path, command: Sequence[str] = TRAINER_COMMAND) -> ChildProcess:
    """A running trainer; its stderr is appended to `log`.

    Raises:
        OSError: If the process or its log cannot be made.
    """
    return await ChildProcess.start(command, order.to_line(), log=log, environment=_environment(order))


def _environment(order: TrainingOrder) -> Mapping[str, str]:
    threads = str(order.cpu_threads)
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"} if order.is_offline else {}
    # secrets of the service (database, key server) are none of the trainer's business; a hub token (HF_TOKEN) is
    inherited = {name: value for name, value in os.environ.items() if not _is_secret(name)}
    computing = {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        # threads that wait must not spin: beside one other busy process that makes two threads ten times slower
        "OMP_WAIT_POLICY": inherited.get("OMP_WAIT_POLICY", "PASSIVE"),
    }
    return {**inherited, **computing, "PYTHONUNBUFFERED": "1", **offline}


def _is_secret(name: str) -> bool:
    return name.upper().endswith(("PASSWORD", "SECRET", "TOKEN", "DATABASE_URL")) and not name.startswith("HF_")
