"""Which checkpoints belong to which run."""

from pathlib import Path
from typing import Any

import pytest

from backend.training.trainers.run.plan import run_identity
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
