"""Seeds and threads for the time of a run."""

import torch

from backend.training.utils.determinism import deterministic


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
