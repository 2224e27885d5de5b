"""What a run will take, by its arithmetic."""

import pytest

from backend.training.inspection.estimate import Workload, seconds
from backend.training.inspection.model_size import ModelSize
from backend.training.training_config import TrainingConfig

SIZE = ModelSize(1_200_000, {"q": (1000, 1000)}, 100, 400, 2, 1000, 128)


def taken(*, processes: int, threads: int, steps: int = 0) -> float:
    config = TrainingConfig.parse({"training": {"num_processes": processes}})
    load = Workload(100_000 if steps == 0 else 0, 100, 1, steps, 1.0, 0, 0)
    return seconds(SIZE, config, load, operations_per_s=1e10, cpu_threads=threads)


def test_processes_share_the_threads_that_there_are() -> None:
    assert taken(processes=2, threads=2) == pytest.approx(taken(processes=1, threads=2))


def test_each_process_has_a_thread_even_if_there_are_fewer() -> None:
    assert taken(processes=2, threads=1) == pytest.approx(taken(processes=1, threads=1) / 2)


def test_processes_share_what_every_forward_pass_costs() -> None:
    assert taken(processes=2, threads=2, steps=10) == pytest.approx(taken(processes=1, threads=2, steps=10) / 2)
