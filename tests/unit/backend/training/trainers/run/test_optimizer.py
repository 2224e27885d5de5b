"""Learning rates by group, and the optimizer's state by parameter name."""

from pathlib import Path

import pytest
import torch

from backend.training.trainers.run.optimizer import (
    make_optimizer,
    optimizer_tensors,
    peak_rate,
    resolve_optimizer,
    restore_optimizer,
    set_rate,
)
from backend.training.training_config import TrainingSection
from backend.training.utils.tensor_files import read_tensors, write_tensors


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


@pytest.mark.parametrize(
    ("asked", "is_quantized", "has_gpu", "kind"),
    [
        ("auto", False, True, "adamw"),
        ("auto", True, False, "adamw"),
        ("auto", True, True, "paged_adamw_8bit"),
        ("adamw_8bit", False, False, "adamw_8bit"),
        ("paged_adamw_8bit", False, True, "paged_adamw_8bit"),
        ("paged_adamw_8bit", False, False, "adamw_8bit"),
    ],
)
def test_paging_is_for_scarce_memory_on_a_gpu(asked: str, is_quantized: bool, has_gpu: bool, kind: str) -> None:
    assert resolve_optimizer(asked, is_quantized=is_quantized, has_gpu=has_gpu) == kind


@pytest.mark.parametrize("kind", ["adamw", "adamw_8bit"])
def test_an_optimizer_goes_on_from_its_tensors_to_the_same_weights(kind: str, tmp_path: Path) -> None:
    def fresh() -> dict[str, torch.nn.Parameter]:
        torch.manual_seed(1)
        return {"large": torch.nn.Parameter(torch.randn(64, 128)), "small": torch.nn.Parameter(torch.randn(8))}

    def walk(parameters: dict[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer, steps: range) -> None:
        for step in steps:
            torch.manual_seed(step)
            for parameter in parameters.values():
                parameter.grad = torch.randn_like(parameter)
            set_rate(optimizer, 0.01)
            optimizer.step()

    straight = fresh()
    walk(straight, make_optimizer(straight, TrainingSection(), kind=kind), range(6))
    cut = fresh()
    first = make_optimizer(cut, TrainingSection(), kind=kind)
    walk(cut, first, range(3))
    write_tensors(tmp_path / "o.safetensors", optimizer_tensors(first, cut))
    second = make_optimizer(cut, TrainingSection(), kind=kind)
    restore_optimizer(second, cut, read_tensors(tmp_path / "o.safetensors"))
    walk(cut, second, range(3, 6))
    for name, parameter in straight.items():
        assert torch.equal(parameter, cut[name]), name


def test_eight_bits_take_a_quarter_of_the_memory() -> None:
    sizes = []
    for kind in ("adamw", "adamw_8bit"):
        weights = {"w": torch.nn.Parameter(torch.ones(256, 256))}
        optimizer = make_optimizer(weights, TrainingSection(), kind=kind)
        weights["w"].grad = torch.ones(256, 256)
        set_rate(optimizer, 0.01)
        optimizer.step()
        sizes.append(sum(tensor.nbytes for tensor in optimizer_tensors(optimizer, weights).values()))
    assert sizes[1] < 0.3 * sizes[0]
