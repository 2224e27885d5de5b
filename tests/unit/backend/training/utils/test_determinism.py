"""Seeds and threads for the time of a run."""

import random

import numpy as np
import torch

from backend.training.utils.determinism import deterministic, seed_rank


def test_a_seed_gives_the_same_numbers_and_the_settings_come_back() -> None:
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory
    drawn = []
    for _ in range(2):
        with deterministic(seed=5, threads=1):
            assert torch.get_num_threads() == 1
            assert not torch.utils.deterministic.fill_uninitialized_memory
            drawn.append(torch.rand(3).tolist())
    assert drawn[0] == drawn[1]
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == (threads, strict)
    assert torch.utils.deterministic.fill_uninitialized_memory == filled


def test_further_ranks_draw_numbers_of_their_own() -> None:
    def drawn(rank: int) -> list[float]:
        with deterministic(seed=5, threads=1):
            seed_rank(5, rank)
            return [random.random(), float(np.random.normal()), *torch.rand(2).tolist()]

    first, second = drawn(0), drawn(1)
    assert second == drawn(1)
    assert not set(first) & set(second)
    with deterministic(seed=5, threads=1):
        assert [random.random(), float(np.random.normal()), *torch.rand(2).tolist()] == first
