"""Tasks of quality over registered documents, one at a time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.datasets.curation import tasks
from backend.datasets.curation.alone import QualityIsBusy
from backend.datasets.curation.calibration import Quantiles
from backend.datasets.curation.forgetting import forget_document
from backend.datasets.curation.run import Curation, OnProgress
from backend.datasets.quality.profile import built_in
from shared.database.stores import Stores, memory_stores
from tests.support.curated import PROSE, a_curation, a_law, different_prose, silent
from tests.support.store_values import an_audit

PROFILE = built_in("legal-de")
OTHER = built_in("general-en")
Task = Callable[[Curation, Stores, Path, OnProgress], object]
TASKS: dict[str, Task] = {
    "preview": lambda curation, stores, _, told: tasks.preview(curation, stores.documents, PROFILE, told),
    "run": lambda curation, stores, _, told: tasks.run(curation, stores.documents, PROFILE, told),
    "calibrate": lambda curation, _, folder, told: tasks.calibrate(
        curation, PROFILE, Quantiles(), folder / "x.yaml", told
    ),
    "learn": lambda curation, _, folder, told: tasks.learn(curation, PROFILE, folder / "fluency.model", told),
}


@pytest.fixture
def stores() -> Stores:
    opened = memory_stores()
    opened.documents.put_many([a_law(f"{n:03}.md", text) for n, text in enumerate(different_prose(250))])
    return opened


@pytest.mark.parametrize("second", TASKS)
@pytest.mark.parametrize("first", ["preview", "run", "calibrate"])
def test_whoever_comes_second_is_told_and_disturbs_nobody(
    stores: Stores, tmp_path: Path, first: str, second: str
) -> None:
    refused: list[str] = []

    def meanwhile(_stage: str, _done: int, _total: int) -> None:
        # a document came in between, and another profile measures in another way
        stores.documents.put_many([a_law("new.md", PROSE)])
        with pytest.raises(QualityIsBusy, match=f"quality {first}` is under way") as told:
            TASKS[second](a_curation(stores, tmp_path / "quality", profile=OTHER), stores, tmp_path, silent)
        refused.append(told.value.code)

    TASKS[first](a_curation(stores, tmp_path / "quality"), stores, tmp_path, meanwhile)

    assert set(refused) == {"quality_busy"}


def test_a_task_that_failed_is_in_nobodys_way(stores: Stores, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def dies(_stage: str, _done: int, _total: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        TASKS["run"](a_curation(stores, tmp_path / "quality"), stores, tmp_path, dies)

    TASKS["preview"](a_curation(stores, tmp_path / "quality"), stores, tmp_path, silent)


@pytest.mark.parametrize("task", ["preview", "run", "calibrate"])
def test_what_is_erased_while_a_task_measures_it_is_gone_when_the_task_ends(
    stores: Stores, tmp_path: Path, task: str
) -> None:
    quality = tmp_path / "quality"
    document = next(iter(stores.documents.iter_held())).document_id
    curation = a_curation(stores, quality)

    def erased_when_all_is_measured(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("judge", total):
            stores.documents.erase(document, audit=an_audit("document.erased"))

    TASKS[task](curation, stores, tmp_path, erased_when_all_is_measured)

    kept = b"".join(file.read_bytes() for file in quality.rglob("*") if file.is_file())
    assert document.encode() not in kept
    forget_document(quality, document)


def test_an_erasure_waits_for_no_task(stores: Stores, tmp_path: Path) -> None:
    document = next(iter(stores.documents.iter_held())).document_id
    forgotten: list[bool] = []

    def meanwhile(stage: str, done: int, _total: int) -> None:
        if (stage, done) == ("measure", 0):
            forget_document(tmp_path / "quality", document)
            forgotten.append(True)

    TASKS["run"](a_curation(stores, tmp_path / "quality"), stores, tmp_path, meanwhile)

    assert forgotten == [True]
