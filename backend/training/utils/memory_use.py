"""Memory of this process, as its own figures tell it."""

import sys

_MIB = 1 << 20


def memory_figures() -> dict[str, float]:
    """`memory_mb`: what the process holds now (MiB)."""
    import psutil  # type: ignore[import-untyped]  # it ships no types

    return {"memory_mb": psutil.Process().memory_info().rss / _MIB}


def peak_memory_mb() -> float:
    """The most that this process has held at once (unit: MiB); on Windows the peak of its working set."""
    import psutil

    found = psutil.Process().memory_info()
    if hasattr(found, "peak_wset"):
        return float(found.peak_wset / _MIB)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / _MIB if sys.platform == "darwin" else peak / 1024
