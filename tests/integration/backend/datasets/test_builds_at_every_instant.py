"""A build that is killed between any two changes of disk and database ends with the bytes of one that nobody killed."""

import os
import random
import shutil
from pathlib import Path

import pytest

from backend.datasets.leftovers import clear_finished
from shared.models.dataset import DatasetStatus
from tests.support.build_outcome import Outcome
from tests.support.claimed_builds import Building
from tests.support.instants import instants_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks and SIGKILL")

SEED = 20261122
SETTINGS = {"build_processes": 1, "embedding_model": "none"}


def build(home: Path) -> None:
    """One attempt in this process, or what the next service does where the database knows of the end already."""
    building = Building(home, **SETTINGS)
    try:
        dataset = building.stores.datasets.get(building.dataset_id)
        if dataset.status is DatasetStatus.COMPLETED:
            clear_finished(building.folders, dataset.dataset_id, Path(str(dataset.path)))
        else:
            building.build()
    finally:
        building.stores.close()


def _outcome(home: Path) -> Outcome:
    building = Building(home, **SETTINGS)
    try:
        return Outcome.of(building.stores.datasets, building.dataset_id, building.folders.dataset(building.dataset_id))
    finally:
        building.stores.close()


class Calm:
    """An order, and what a build of it left that nobody killed."""

    def __init__(self, folder: Path) -> None:
        self.order, home = folder / "ordered", folder / "calm"
        Building.ordered(self.order, documents=4, order={"export_formats": ["csv"]}, **SETTINGS).stores.close()
        shutil.copytree(self.order, home)
        found = instants_of(build, home)
        assert found is not None
        self.instants = found
        self.outcome = _outcome(home)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    return Calm(tmp_path_factory.mktemp("calm"))


def _goes_on(calm: Calm, home: Path, *instants: int) -> dict[str, bool]:
    """Kill an attempt before each of these instants, then let one come to its end; which parts are equal."""
    shutil.copytree(calm.order, home)
    try:
        for last in instants:
            if instants_of(build, home, last=last) is not None:
                break  # it came to its end before
        else:
            instants_of(build, home)
        return _outcome(home).compared(calm.outcome)
    finally:
        shutil.rmtree(home)


def _is_equal(compared: dict[str, bool]) -> bool:
    return all(compared.values())


def test_killed_at_some_instants_it_ends_with_the_same_bytes(tmp_path: Path, calm: Calm) -> None:
    chance = random.Random(SEED)
    for last in chance.sample(range(2, calm.instants), 2):
        assert _is_equal(_goes_on(calm, tmp_path / "home", last)), f"killed before instant {last}"


def test_killed_again_while_it_takes_over_it_ends_with_the_same_bytes(tmp_path: Path, calm: Calm) -> None:
    chance = random.Random(SEED)
    late = chance.randrange(calm.instants * 3 // 4, calm.instants)
    lasts = [late, *(chance.randrange(2, 20) for _ in range(2))]

    assert _is_equal(_goes_on(calm, tmp_path / "home", *lasts)), f"killed before the instants {lasts}"


@pytest.mark.long
def test_killed_at_any_instant_it_ends_with_the_same_bytes(tmp_path: Path, calm: Calm) -> None:
    torn = [last for last in range(1, calm.instants) if not _is_equal(_goes_on(calm, tmp_path / "home", last))]

    assert torn == []


@pytest.mark.long
def test_killed_at_any_two_instants_it_ends_with_the_same_bytes(tmp_path: Path, calm: Calm) -> None:
    chance = random.Random(SEED)
    pairs = [(chance.randrange(1, calm.instants), chance.randrange(1, 60)) for _ in range(100)]
    torn = [pair for pair in pairs if not _is_equal(_goes_on(calm, tmp_path / "home", *pair))]

    assert torn == []
