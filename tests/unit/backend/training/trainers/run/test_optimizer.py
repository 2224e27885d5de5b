"""Learning rates by group, and the optimizer's state by parameter name."""

import pytest
import torch

from backend.training.trainers.run.optimizer import make_optimizer, peak_rate, set_rate
from backend.training.training_config import TrainingSection


def parameters() -> dict[str, torch.nn.Parameter]:
    return {name: torch.nn.Parameter(torch.ones(2)) for name in ("q.lora_A.default.weight", "q.lora_B.default.weight")}


def rates(training: TrainingSection) -> list[tuple[int, float]]:
    optimizer = make_optimizer(parameters(), training)
    set_rate(optimizer, 0.25)
    return [(len(group["params"]), group["lr"]) for group in optimizer.param_groups]


def test_all_parameters_share_one_rate_by_default() -> None:
    assert rates(TrainingSection()) == [(2, 0.25)]


def test_lora_plus_gives_the_b_matrices_a_multiple() -> None:
    assert rates(TrainingSection(lora_plus_ratio=16)) == [(1, 0.25), (1, 4.0)]


@pytest.mark.parametrize(
    ("asked", "objective", "parameters", "rate"),
    [
        (None, "sft", 8_000_000_000, 2e-4),
        (None, "sft", 30_000_000_000, 1e-4),
        (None, "dpo", 8_000_000_000, 5e-6),
        (0.01, "dpo", 70_000_000_000, 0.01),
    ],
)
def test_the_default_rate_depends_on_the_objective_and_the_size(
    asked: float | None, objective: str, parameters: int, rate: float
) -> None:
    assert peak_rate(TrainingSection(learning_rate=asked), objective=objective, parameters=parameters) == rate
