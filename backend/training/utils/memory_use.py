"""Memory of this process, as its own figures tell it."""

_MIB = 1 << 20


def memory_figures() -> dict[str, float]:
    """`memory_mb`: what the process holds now (MiB)."""
    import psutil  # type: ignore[import-untyped]  # it ships no types

    return {"memory_mb": psutil.Process().memory_info().rss / _MIB}
