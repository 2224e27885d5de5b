"""A build that fails leaves nothing on the disk; one of which nobody knows how it ended loses nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.build_beside import BesideFailed, begin_beside
from backend.datasets.export.order import ExportOrder
from backend.datasets.records.evaluation_texts import UnusableEvaluationSet
from backend.datasets.search_stores import open_search
from shared.errors import Unavailable
from shared.models.dataset import DatasetStatus, RecordFormat
from shared.storage import DiskFull, verify_folder
from tests.support.claimed_builds import Building, Killed
from tests.support.dataset_builds import a_plan, build
from tests.support.legal_texts import candidates
from tests.support.small_disk import NoSmallDisk, fill, free_bytes, small_disk

ORDER = {"export_formats": ["jsonl", "csv", "parquet"]}
STEP_BYTES = 96 << 10


class Outage(Unavailable):
    """The database cannot be reached."""

    code = "outage"


class BrokenStore:
    """A store of datasets whose connection breaks while a build is completed.

    Args:
        store: The real one.
        is_behind: Whether it breaks behind the commit, when nobody learns of it.
    """

    def __init__(self, store: Any, *, is_behind: bool) -> None:
        self._store = store
        self._is_behind = is_behind

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self._store, name)
        return self._complete if name == "complete" else found

    def _complete(self, *arguments: Any, **options: Any) -> None:
        if self._is_behind:
            self._store.complete(*arguments, **options)
        raise Outage("The connection broke.")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    try:
        with small_disk(tmp_path / "disk", size_mb=16) as folder:
            yield folder
    except NoSmallDisk as exc:
        pytest.skip(str(exc))


@pytest.fixture
def opened() -> Iterator[Callable[..., Building]]:
    made: list[Building] = []

    def ordered(home: Path, **options: Any) -> Building:
        settings = {"embedding_model": "none", "build_processes": 1}
        made.append(Building.ordered(home, documents=6, order=ORDER, **settings, **options))
        return made[-1]

    yield ordered
    for building in made:
        building.stores.close()


def _die() -> None:
    raise Killed


def _break_down() -> None:
    raise ZeroDivisionError


def _done_twice() -> None:
    raise AssertionError("this stage had been finished")


def _left(building: Building) -> list[Path]:
    folder = building.folders.dataset(building.dataset_id)
    return [path for path in folder.rglob("*") if path.is_file()]


def _feed(building: Building) -> None:
    with closing(open_search(building.settings, building.stores.documents)) as search:
        for store in search.fed_stores:
            search.catch_up(store)


def test_wherever_the_disk_is_full_the_build_says_so_and_gives_all_space_back(
    disk: Path, tmp_path: Path, opened: Callable[..., Building]
) -> None:
    building = opened(disk, database=tmp_path)
    _feed(building)
    free, failed = free_bytes(disk), 0
    while True:
        ballast = fill(disk, leave_bytes=(failed + 1) * STEP_BYTES)
        try:
            done = building.build()
            break
        except DiskFull:
            failed += 1
            assert _left(building) == []
        finally:
            ballast.unlink()
        assert free - free_bytes(disk) < STEP_BYTES / 4

    assert failed >= 3
    assert done.status is DatasetStatus.COMPLETED


def test_a_full_disk_under_the_second_process_is_named(disk: Path, tmp_path: Path) -> None:
    records = build(a_plan(tmp_path / "1"), candidates(3)).records_dir
    order = ExportOrder("dataset_1", "Satzungen", records, disk / "csv", "csv", RecordFormat.TEXT)
    fill(disk)
    with (
        closing(begin_beside(records, [order], {}, seed=1, scratch=disk)) as beside,
        pytest.raises(BesideFailed, match="No space is left"),
    ):
        beside.finish()

    (ballast,) = disk.iterdir()
    assert ballast.is_file()


@pytest.mark.parametrize("stage", ["settled", "written"])
def test_whatever_goes_wrong_nothing_is_left_of_this_attempt_or_an_earlier_one(
    tmp_path: Path, opened: Callable[..., Building], stage: str
) -> None:
    building = opened(tmp_path)
    with pytest.raises(Killed):
        building.build(found=_die)
    assert _left(building)
    with pytest.raises(ZeroDivisionError):
        building.build(**{stage: _break_down})

    assert _left(building) == []


def test_an_evaluation_set_that_cannot_be_read_leaves_nothing_of_what_was_built_before(
    tmp_path: Path, opened: Callable[..., Building]
) -> None:
    (tmp_path / "golden").mkdir()
    (tmp_path / "golden" / "a.jsonl").write_text('{"prompt": ', encoding="utf-8")
    building = opened(tmp_path)
    with pytest.raises(Killed):
        building.build(settled=_die)
    building.settings = building.settings.model_copy(update={"evaluation_sets": tmp_path / "golden"})
    with pytest.raises(UnusableEvaluationSet):
        building.build()

    assert _left(building) == []


@pytest.mark.parametrize("is_behind", [True, False])
def test_a_database_that_breaks_while_the_build_is_completed_costs_no_file(
    tmp_path: Path, opened: Callable[..., Building], is_behind: bool
) -> None:
    building = opened(tmp_path)
    real = building.stores
    broken: Any = BrokenStore(real.datasets, is_behind=is_behind)
    building.stores = replace(real, datasets=broken)
    with pytest.raises(Outage):
        building.build()
    building.stores = real
    done = real.datasets.get(building.dataset_id)
    if not is_behind:
        done = building.build(found=_done_twice, settled=_done_twice, written=_done_twice)

    assert done.status is DatasetStatus.COMPLETED
    assert verify_folder(Path(str(done.path))).sha256 == done.manifest_sha256
    assert sorted(done.export_paths) == sorted(ORDER["export_formats"])
    for folder in done.export_paths.values():
        verify_folder(Path(folder))
