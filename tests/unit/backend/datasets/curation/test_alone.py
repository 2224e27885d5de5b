"""One task of quality at a time."""

import os
from pathlib import Path

import pytest

from backend.datasets.curation.alone import QualityIsBusy, alone


def test_a_second_task_is_told_what_is_under_way(tmp_path: Path) -> None:
    with (
        alone(tmp_path / "quality", "run"),
        pytest.raises(
            QualityIsBusy, match=rf"`clara quality run` is under way \(process {os.getpid()}, on .+, since 2"
        ),
        alone(tmp_path / "quality", "preview"),
    ):
        pass

    with alone(tmp_path / "quality", "preview"):
        pass


def test_a_task_that_fails_leaves_no_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), alone(tmp_path, "run"):
        _ = 1 // 0

    with alone(tmp_path, "run"):
        pass


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"task": "learn"}'])
def test_a_holder_that_has_not_said_who_it_is_is_in_the_way_all_the_same(tmp_path: Path, content: str) -> None:
    with alone(tmp_path, "learn"):
        (tmp_path / "task.lock").write_text(content)

        with (
            pytest.raises(QualityIsBusy, match="is under way, and `clara quality preview` would"),
            alone(tmp_path, "preview"),
        ):
            pass


def test_the_name_of_a_longer_task_leaves_nothing_behind(tmp_path: Path) -> None:
    for task in ("calibrate", "run"):
        with (
            alone(tmp_path, task),
            pytest.raises(QualityIsBusy, match=f"quality {task}`"),
            alone(tmp_path, "preview"),
        ):
            pass
