"""Figures of a GPU, without one: what torch would be asked, and what happens when the driver keeps silent."""

import pytest

from backend.training.utils.gpu_use import GpuUse

GIB = 1 << 30


class OneGpu:
    """Stands where `torch.cuda` stands."""

    def __init__(self, silent_for: Exception | None = None, *, is_there: bool = True) -> None:
        self.asked = 0
        self._silent_for = silent_for
        self._is_there = is_there

    def is_available(self) -> bool:
        return self._is_there

    def max_memory_allocated(self) -> int:
        return 3 * GIB

    def mem_get_info(self) -> tuple[int, int]:
        return 70 * GIB, 80 * GIB

    def utilization(self) -> int:
        self.asked += 1
        if self._silent_for is not None:
            raise self._silent_for
        return 87


def test_memory_and_utilisation_are_told() -> None:
    assert GpuUse(OneGpu()).figures() == {
        "gpu_memory_mb": 3072.0,
        "gpu_memory_used_mb": 10240.0,
        "gpu_utilization_percent": 87.0,
    }


@pytest.mark.parametrize("silent_for", [ModuleNotFoundError("nvidia-ml-py"), RuntimeError("no driver")])
def test_a_driver_that_keeps_silent_is_asked_once_and_memory_is_told_all_the_same(silent_for: Exception) -> None:
    gpu = OneGpu(silent_for)
    use = GpuUse(gpu)
    assert use.figures() == use.figures() == {"gpu_memory_mb": 3072.0, "gpu_memory_used_mb": 10240.0}
    assert gpu.asked == 1


def test_without_a_gpu_nothing_is_told() -> None:
    assert GpuUse(OneGpu(is_there=False)).figures() == {}


def test_the_errors_of_the_driver_binding_are_known() -> None:
    pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    assert GpuUse(OneGpu(pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED))).figures().keys() == {
        "gpu_memory_mb",
        "gpu_memory_used_mb",
    }
