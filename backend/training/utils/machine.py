"""What this machine has to compute with, told without loading anything that computes."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_DEVICES = Path("/dev")
_VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True)
class Machine:
    """Processors that a run may use.

    Args:
        cpus: Cores that this process may run on.
        gpus: NVIDIA devices that it may use; 0 also where the system does not show them as files.
    """

    cpus: int
    gpus: int

    @classmethod
    def here(cls, devices: Path = _DEVICES) -> Self:
        """This machine, as its processes see it.

        Args:
            devices: Folder of the system's devices.
        """
        return cls(_cpus(), _gpus(devices))


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpus(devices: Path) -> int:
    there = sum(1 for path in devices.glob("nvidia[0-9]*") if path.name.removeprefix("nvidia").isdigit())
    visible = os.environ.get(_VISIBLE)
    return there if visible is None else min(there, sum(1 for name in visible.split(",") if name.strip()))
