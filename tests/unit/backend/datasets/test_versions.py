"""The use cases around versions over in-memory stores."""

from pathlib import Path

import pytest

from backend.common.ownership import NotTheirOwn
from backend.datasets.folders import DatasetFolders
from backend.datasets.sorted_index import Change
from backend.datasets.version_diff import NoLineage, Part
from backend.datasets.versions import NothingToCompare, UnknownVersionCursor, VersionDesk
from backend.datasets.withdrawal import WithdrawnFromReaders, refuse_reader
from shared.auth.policies import Actor
from shared.database.base import DatasetNotFound
from shared.database.dataset_changes import DatasetNotCompleted
from shared.database.stores import memory_stores
from shared.models.dataset import Dataset, DatasetStatus
from shared.models.users import Principal, Role
from tests.support.built_versions import completed_version
from tests.support.legal_texts import candidates
from tests.support.store_values import a_dataset, an_audit

ANNA = Principal("anna", "anna@amt.example", frozenset({Role.ANALYST}))
ADMIN = Principal("ida", "ida@amt.example", frozenset({Role.ADMIN}))


class Desk:
    """Version desk with what stands around it."""

    def __init__(self, tmp_path: Path) -> None:
        self.stores = memory_stores()
        self.folders = DatasetFolders(tmp_path)
        self.cancelled: list[str] = []
        self.desk = VersionDesk(self.stores.datasets, self.folders, on_cancel=self.cancelled.append)

    def version(self, number: int, documents: int, parent: Dataset | None = None) -> Dataset:
        found = candidates(documents)
        return completed_version(self.stores.datasets, self.folders, number, found, parent=parent)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_version_is_compared_with_its_parent(desk: Desk) -> None:
    first = desk.version(1, 4)
    second = desk.version(2, 5, first)
    before, after, page = desk.desk.diff(
        second.dataset_id, None, part=Part.DOCUMENTS, change=None, limit=10, after=None
    )

    assert (before.dataset_id, after.dataset_id) == (first.dataset_id, second.dataset_id)
    assert page.counts["documents"] == {"added": 1, "removed": 0, "changed": 0, "unchanged": 4}
    assert [each.change for each in page.changes] == [Change.ADDED]
    assert page.parameters == {}


def test_versions_of_other_lines_are_compared_when_they_are_named(desk: Desk) -> None:
    one, two = desk.version(1, 4), desk.version(2, 3)
    _, _, page = desk.desk.diff(two.dataset_id, one.dataset_id, part=Part.RECORDS, change=None, limit=1, after=None)

    assert page.counts["documents"]["removed"] == 1
    assert len(page.changes) == 1
    assert page.next_after == page.changes[0].id
    with pytest.raises(NothingToCompare):
        desk.desk.diff(two.dataset_id, None, part=Part.RECORDS, change=None, limit=1, after=None)


def test_what_cannot_be_compared_says_why(desk: Desk) -> None:
    one, old = desk.version(1, 3), desk.version(2, 3)
    waiting = desk.stores.datasets.add(a_dataset(3), audit=an_audit())
    (Path(str(old.path)).parent / "lineage" / "version.json").unlink()

    for against, error in ((waiting.dataset_id, DatasetNotCompleted), (old.dataset_id, NoLineage)):
        with pytest.raises(error):
            desk.desk.diff(one.dataset_id, against, part=Part.RECORDS, change=None, limit=1, after=None)


def test_a_cancelled_build_loses_its_builder_and_its_files(desk: Desk) -> None:
    dataset = desk.stores.datasets.add(a_dataset(1), audit=an_audit())
    (desk.folders.attempt(dataset.dataset_id, 1) / "work").mkdir(parents=True)
    cancelled = desk.desk.cancel(dataset.dataset_id, Actor(ANNA, is_limited_to_own=False))

    assert cancelled.status is DatasetStatus.FAILED
    assert desk.cancelled == [dataset.dataset_id]
    assert not desk.folders.dataset(dataset.dataset_id).exists()
    assert desk.stores.audit.page()[0][1].action == "dataset.cancelled"


def test_whoever_may_end_only_what_is_theirs_ends_nothing_of_others(desk: Desk) -> None:
    made_by = {"anna": desk.version(1, 3).dataset_id, "bert": desk.version(2, 3).dataset_id}
    owners = {dataset_id: subject for subject, dataset_id in made_by.items()}
    own = VersionDesk(desk.stores.datasets, desk.folders, on_cancel=desk.cancelled.append, creator_of=owners.get)
    anna = Actor(ANNA, is_limited_to_own=True)

    with pytest.raises(NotTheirOwn):
        own.cancel(made_by["bert"], anna)
    with pytest.raises(NotTheirOwn):
        own.withdraw(made_by["bert"], "weg damit", anna)
    with pytest.raises(DatasetNotFound):
        own.withdraw("ds_unknown", "weg damit", anna)
    assert own.withdraw(made_by["anna"], "Einwilligung fehlt", anna).withdrawn_at is not None
    assert own.get(made_by["bert"]).withdrawn_at is None
    assert desk.cancelled == []


def test_a_withdrawn_version_is_read_by_administrators_only(desk: Desk) -> None:
    dataset = desk.version(1, 3)
    refuse_reader(dataset, ANNA)
    withdrawn = desk.desk.withdraw(dataset.dataset_id, "Einwilligung fehlt", Actor(ANNA, is_limited_to_own=False))

    refuse_reader(withdrawn, ADMIN)
    with pytest.raises(WithdrawnFromReaders, match="Einwilligung fehlt"):
        refuse_reader(withdrawn, ANNA)
    entry = desk.stores.audit.page()[0][1]
    assert (entry.action, entry.actor, entry.detail) == (
        "dataset.withdrawn",
        "anna@amt.example",
        {"reason": "Einwilligung fehlt"},
    )


def test_a_line_is_paged_by_numbers(desk: Desk) -> None:
    first = desk.version(1, 3)
    desk.version(2, 3, first)
    page, erased = desk.desk.versions(first.dataset_id, limit=1, after=None)
    rest, _ = desk.desk.versions(first.dataset_id, limit=1, after=page.next_after)

    assert [each.version_number for each in (*page.items, *rest.items)] == [2, 1]
    assert erased == {}
    for odd in ("x", "-1", "9" * 30, "²"):
        with pytest.raises(UnknownVersionCursor):
            desk.desk.versions(first.dataset_id, limit=1, after=odd)
