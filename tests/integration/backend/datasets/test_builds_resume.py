"""A build that is killed with SIGKILL goes on from its finished stages and ends with the same bytes."""

import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.killed_builds import digests, finished_attempt, killed_after, killed_at

DOCUMENTS = 150
SEED = 20260314


class Undisturbed:
    """A build that nobody killed."""

    def __init__(self, folder: Path) -> None:
        started = time.monotonic()
        self.result, self.stages = finished_attempt(folder, 1, DOCUMENTS)
        self.took_s = time.monotonic() - started
        self.files = digests(folder / "1")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(tmp_path_factory.mktemp("undisturbed"))


def _same(result: dict[str, Any], undisturbed: Undisturbed) -> bool:
    kept = "content_sha256", "version_sha256", "manifest_sha256", "statistics", "provenance"
    return all(result[name] == undisturbed.result[name] for name in kept)


def test_killed_behind_every_stage_it_does_no_stage_twice(tmp_path: Path, undisturbed: Undisturbed) -> None:
    for number, stage in enumerate(undisturbed.stages, start=1):
        assert killed_after(tmp_path, number, DOCUMENTS, stage) == [stage]
    result, stages = finished_attempt(tmp_path, 4, DOCUMENTS)

    assert undisturbed.stages == ["found", "settled", "written"]
    assert stages == []
    assert not result["has_searched"]
    assert _same(result, undisturbed)
    assert digests(tmp_path / "4") == undisturbed.files


@pytest.mark.parametrize("kills", [pytest.param(3, id="three"), pytest.param(10, id="ten", marks=pytest.mark.long)])
def test_killed_at_random_moments_it_ends_with_the_same_bytes(
    tmp_path: Path, undisturbed: Undisturbed, kills: int
) -> None:
    chance, equal = random.Random(SEED), 0
    for run in range(kills):
        folder = tmp_path / str(run)
        killed_at(folder, 1, DOCUMENTS, chance.uniform(0.2, 1.0) * undisturbed.took_s)
        result, _ = finished_attempt(folder, 2, DOCUMENTS)
        equal += _same(result, undisturbed) and digests(folder / "2") == undisturbed.files

    assert equal == kills


def test_a_build_that_is_killed_again_and_again_still_ends(tmp_path: Path, undisturbed: Undisturbed) -> None:
    chance = random.Random(SEED + 1)
    for number in range(1, 5):
        killed_at(tmp_path, number, DOCUMENTS, chance.uniform(0.4, 1.0) * undisturbed.took_s)
    result, _ = finished_attempt(tmp_path, 5, DOCUMENTS)

    assert _same(result, undisturbed)
    assert digests(tmp_path / "5") == undisturbed.files
