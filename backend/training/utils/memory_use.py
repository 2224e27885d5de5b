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
