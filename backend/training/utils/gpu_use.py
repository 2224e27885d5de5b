"""What the GPU of this process does, as torch and the driver tell it."""

import importlib
import logging
import sys
from typing import Any, Protocol

logger = logging.getLogger(__name__)

_MIB = 1 << 20


class Cuda(Protocol):
    """What is asked of `torch.cuda`."""

    def is_available(self) -> bool:
        """Whether there is a GPU."""
        ...

    def max_memory_allocated(self) -> int:
        """The most that torch has held (unit: bytes)."""
        ...

    def mem_get_info(self) -> tuple[int, int]:
        """Free and total memory of the device (unit: bytes)."""
        ...

    def utilization(self) -> int:
        """Share of the last moments in which the device was busy (unit: percent)."""
        ...


class GpuUse:
    """Figures of the current device; none where there is no GPU.

    Args:
        cuda: None: `torch.cuda`, if this process has loaded torch (without it there is nothing on a GPU).
    """

    def __init__(self, cuda: Cuda | None = None) -> None:
        self._cuda = cuda
        self._is_busy_known = True

    def figures(self) -> dict[str, float]:
        """Memory in MiB and, where the driver tells it, how busy the device is.

        `gpu_memory_mb` is the most that torch has held, `gpu_memory_used_mb` what all processes hold now.
        """
        cuda = self._cuda or _loaded_cuda()
        if cuda is None or not cuda.is_available():
            return {}
        free, total = cuda.mem_get_info()
        figures = {"gpu_memory_mb": cuda.max_memory_allocated() / _MIB, "gpu_memory_used_mb": (total - free) / _MIB}
        return figures | self._utilization(cuda)

    def _utilization(self, cuda: Cuda) -> dict[str, float]:
        if not self._is_busy_known:
            return {}
        try:
            return {"gpu_utilization_percent": float(cuda.utilization())}
        except _silence() as exc:
            # some drivers, containers and partitioned devices do not tell; asking at every step would not change that
            self._is_busy_known = False
            logger.info("gpu.utilization_unknown", extra={"reason": str(exc) or type(exc).__name__})
            return {}


def _loaded_cuda() -> Cuda | None:
    torch: Any = sys.modules.get("torch")
    return None if torch is None else torch.cuda


def _silence() -> tuple[type[Exception], ...]:
    """How torch and the driver's binding say that they cannot tell."""
    try:
        error: type[Exception] = importlib.import_module("pynvml").NVMLError
    except ImportError:
        return ImportError, RuntimeError
    return ImportError, RuntimeError, error
