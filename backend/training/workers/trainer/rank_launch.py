"""Ranks started by torchrun's agent, as a library within this process: one host, no restarts, no port."""

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backend.common.child_process import describe_exit
from backend.training.workers.protocol import TrainingOrder
from shared.errors import InvalidInput
from shared.storage import disk_errors

_LOOPBACKS = ("lo", "lo0")
_LOOK_S = 0.1

Work = Callable[[Sequence[socket.socket], float], None]


class TooFewDevices(InvalidInput):
    """Fewer GPUs than processes that need one each."""

    code = "too_few_devices"

    def __init__(self, asked: int, found: int) -> None:
        super().__init__(
            f"training.num_processes is {asked}, and each process needs a GPU of its own; this machine has {found}. "
            f"Set training.num_processes to {found} or less.",
            num_processes=asked,
            devices=found,
        )


class RankFailed(Exception):
    """A rank ended otherwise than it should."""

    def __init__(self, rank: int, exit_code: int) -> None:
        super().__init__(f"rank {rank}: {describe_exit(exit_code)}")
        self.rank = rank
        self.exit_code = exit_code


def launch_ranks(order: TrainingOrder, work: Work, arguments: tuple[Any, ...]) -> None:
    """Start the ranks with torchrun's agent and wait for their end.

    They meet over files in the attempt's scratch folder: no port is opened for it.

    Raises:
        RankFailed: With the rank that was the first to fail.
        TooFewDevices: If there are GPUs, but not one for each.
        DiskFull: If there is no space for the files.
    """
    import torch
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    _prepare_environment(order)
    has_gpus = torch.cuda.is_available()
    if has_gpus and torch.cuda.device_count() < order.num_processes:
        raise TooFewDevices(order.num_processes, torch.cuda.device_count())
    folder = meeting_folder(order)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=order.num_processes,
        run_id=f"{order.job_id}.e{order.claim_epoch}",
        rdzv_backend="c10d",
        rdzv_endpoint=str(folder / "agent"),
        rdzv_configs={"store_type": "file"},
        local_addr="127.0.0.1",
        logs_specs=DefaultLogsSpecs(log_dir=str(folder / "logs")),
        max_restarts=0,
        monitor_interval=_LOOK_S,
        # each sees its own GPU only, as device 0
        virtual_local_rank=has_gpus,
    )
    try:
        elastic_launch(config, work)(*arguments)
    except ChildFailedError as failed:
        rank, failure = failed.get_first_failure()
        raise RankFailed(rank, failure.exitcode) from failed


def meeting_folder(order: TrainingOrder) -> Path:
    """Where the ranks of an attempt meet."""
    return Path(order.job_dir) / "scratch" / f"e{order.claim_epoch}" / "ranks"


def _prepare_environment(order: TrainingOrder) -> None:
    """What every rank inherits: its share of the threads, and the loopback interface as the only way to the others."""
    threads = str(max(1, order.cpu_threads // order.num_processes))
    os.environ |= {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        # the agent would open a port for an exchange that the ranks have no use for
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    there = [name for _, name in socket.if_nameindex()] if hasattr(socket, "if_nameindex") else []
    for loopback in (name for name in there if name in _LOOPBACKS):
        os.environ |= {"GLOO_SOCKET_IFNAME": loopback, "NCCL_SOCKET_IFNAME": loopback}
