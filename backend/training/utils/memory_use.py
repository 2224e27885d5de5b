"""Memory of this process, as its own figures tell it."""

import sys

_MIB = 1 << 20


def memory_figures() -> dict[str, float]:
    """`memory_mb`: what the process holds now; with a GPU also `gpu_memory_mb`, the most that torch has held (MiB)."""
    import psutil  # type: ignore[import-untyped]  # it ships no types

    figures = {"memory_mb": psutil.Process().memory_info().rss / _MIB}
    # a process without torch has nothing on a GPU
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        figures["gpu_memory_mb"] = torch.cuda.max_memory_allocated() / _MIB
    return figures


def peak_memory_mb() -> float:
    """The most that this process has held at once (unit: MiB); on Windows the peak of its working set."""
    import psutil

    found = psutil.Process().memory_info()
    if hasattr(found, "peak_wset"):
        return float(found.peak_wset / _MIB)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / _MIB if sys.platform == "darwin" else peak / 1024
