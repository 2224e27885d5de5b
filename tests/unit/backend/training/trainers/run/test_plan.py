"""Which checkpoints belong to which run."""

from pathlib import Path
from typing import Any

import pytest

from backend.training.trainers.run.plan import evaluation_distance, run_identity
from backend.training.training_config import TrainingSection
from tests.support.training_runs import make_context


def identity(root: Path, config: dict[str, Any], *, digest: str = "d") -> str:
    return run_identity(make_context(root, Path("m"), root / "t.jsonl", config=config), digest)


@pytest.mark.parametrize(
    "same",
    [
        {"training": {"save_steps": 3, "logging_steps": 1, "save_total_limit": 9, "cpu_threads": 2}},
        {"model": {"base_model": "elsewhere/the-same"}},
        {"probe": {"crash_at": 3, "crash_how": "kill", "on_attempts": 1, "seconds_per_step": 2}},
        {"lora": {"r": 32}},
    ],
    ids=str,
)
def test_what_does_not_decide_the_course_of_a_run_keeps_its_checkpoints(tmp_path: Path, same: dict[str, Any]) -> None:
    assert identity(tmp_path, same) == identity(tmp_path, {})


@pytest.mark.parametrize(
    "other", [{"lora": {"r": 31}}, {"training": {"seed": 1}}, {"probe": {"steps": 21}}, {"data": {"max_length": 9}}]
)
def test_what_decides_the_course_of_a_run_parts_it_from_its_checkpoints(tmp_path: Path, other: dict[str, Any]) -> None:
    assert identity(tmp_path, other) != identity(tmp_path, {})


def test_another_base_model_is_another_run(tmp_path: Path) -> None:
    assert identity(tmp_path, {}, digest="e") != identity(tmp_path, {})


@pytest.mark.parametrize(
    ("epochs", "share", "evaluations"),
    [(3, 0.1, 7), (1, 0.1, 2), (10, 0.1, 10), (1, 1.0, 1), (3, 0.0, 10)],
)
def test_evaluations_take_no_more_than_a_tenth_of_the_time(epochs: int, share: float, evaluations: int) -> None:
    distance = evaluation_distance(
        TrainingSection(), total_steps=1000 * epochs, steps_per_epoch=1000, validation_share=share
    )
    assert len({*range(distance, 1000 * epochs, distance), 1000 * epochs}) == evaluations


def test_a_distance_that_is_asked_for_is_kept() -> None:
    asked = TrainingSection(eval_steps=2)
    assert evaluation_distance(asked, total_steps=100, steps_per_epoch=100, validation_share=1.0) == 2
