"""Same seed, same bytes: seeds, thread count and deterministic kernels for the time of a run."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def deterministic(*, seed: int, threads: int) -> Iterator[None]:
    """Seed python, numpy and torch, pin the CPU threads, and give the caller's settings back afterwards.

    On a GPU some attention kernels have no deterministic form, so there equality is not promised.
    """
    import torch

    strictness: Any = torch.utils.deterministic  # it declares its one flag in no way that a type checker could see
    threads_before = torch.get_num_threads()
    strict_before = torch.are_deterministic_algorithms_enabled()
    filled_before = strictness.fill_uninitialized_memory
    seed_without_torch(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    if not torch.cuda.is_available():
        torch.use_deterministic_algorithms(True)
        # it would overwrite every fresh tensor to find code that reads what it never wrote: 3 % of the time of a run
        strictness.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.set_num_threads(threads_before)
        torch.use_deterministic_algorithms(strict_before)
        strictness.fill_uninitialized_memory = filled_before


def seed_rank(seed: int, rank: int) -> None:
    """Give a further process of a run random numbers of its own; the first one keeps those of `deterministic`."""
    import numpy as np
    import torch

    if rank == 0:
        return
    own = int(np.random.SeedSequence([seed, rank]).generate_state(1)[0])
    seed_without_torch(own)
    torch.manual_seed(own)


def seed_without_torch(seed: int) -> None:
    """Seed python and numpy: for a run that uses nothing else."""
    import numpy as np

    random.seed(seed)
    np.random.seed(seed)
