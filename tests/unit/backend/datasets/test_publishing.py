"""Finished datasets go out to the places that the settings open, and it is noted who sent them."""

import asyncio
from pathlib import Path

import pytest

from backend.datasets.publishing import PublishDesk, PublishRequest, PublishTask
from shared.models.users import Principal, Role
from shared.object_storage import NotPublished, TargetNotAllowed, Targets, copy_folder, verify_copy
from tests.unit.backend.datasets.test_export_desk import Desk

ANNA = Principal(subject="anna", email="anna@amt.example", roles=frozenset({Role.TRAINER}))


def _desk(tmp_path: Path) -> tuple[PublishDesk, Desk, str]:
    around = Desk(tmp_path / "home")
    dataset_id = around.completed().dataset_id

    def copy(task: PublishTask) -> None:
        copy_folder(task.folder, task.url)

    targets = Targets((f"file://{tmp_path}/share",))
    return PublishDesk(around.desk, targets, around.stores.audit, copy, around.turns), around, dataset_id


def test_an_export_lies_at_its_target_and_the_audit_names_who_sent_it(tmp_path: Path) -> None:
    desk, around, dataset_id = _desk(tmp_path)
    order = PublishRequest(format="jsonl", destination=f"file://{tmp_path}/share/permits/")
    done = asyncio.run(desk.publish(dataset_id, order, ANNA, request_id="req_9"))
    again = asyncio.run(desk.publish(dataset_id, order, ANNA))
    (_, newest), (_, _), (_, first), *_ = around.stores.audit.page(object_id=dataset_id)

    assert done == again
    assert done.url == f"file://{tmp_path}/share/permits/{dataset_id}/jsonl"
    assert verify_copy(done.url, Path(around.stores.datasets.get(dataset_id).export_paths["jsonl"]))
    assert {newest.action, first.action} == {"dataset.published"}
    assert (first.actor, first.request_id, first.detail["url"]) == ("anna@amt.example", "req_9", done.url)


def test_a_place_that_is_not_open_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    desk, around, dataset_id = _desk(tmp_path)

    with pytest.raises(TargetNotAllowed):
        asyncio.run(desk.publish(dataset_id, PublishRequest(format="csv", destination="file:///etc/x"), ANNA))
    assert around.exports == []


def test_a_copy_that_fails_is_not_noted_as_published(tmp_path: Path) -> None:
    desk, around, dataset_id = _desk(tmp_path)
    (tmp_path / "share").write_text("a file")

    with pytest.raises(NotPublished):
        asyncio.run(
            desk.publish(dataset_id, PublishRequest(format="jsonl", destination=f"file://{tmp_path}/share/a"), ANNA)
        )
    assert "dataset.published" not in [entry.action for _, entry in around.stores.audit.page(object_id=dataset_id)]
