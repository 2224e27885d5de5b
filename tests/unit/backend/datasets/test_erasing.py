"""Erasing a document over in-memory stores: what goes, what stays, and what an earlier crash left undone."""

from pathlib import Path

import pytest

from shared.database.base import DocumentNotFound
from shared.errors import Unavailable
from shared.models.audit import AuditFilter
from shared.models.users import Principal, Role
from tests.support.erasure_world import ErasureWorld

ADMIN = Principal("carla", "carla@amt.example", frozenset({Role.ADMIN}))
REASON = "Löschung nach Art. 17 DSGVO"


@pytest.fixture
def world(tmp_path: Path) -> ErasureWorld:
    return ErasureWorld(tmp_path)


def test_an_erased_document_leaves_nothing_but_what_is_named(world: ErasureWorld) -> None:
    gone, kept = world.ids[0], world.ids[1]
    done = world.desk.erase(gone, REASON, ADMIN, request_id="req_1")

    assert (done.is_new, done.uses.is_erased, done.pending) == (True, True, {})
    assert [each.is_withdrawn for each in done.uses.datasets] == [True]
    assert done.uses.datasets[0].export_formats == ["jsonl"]
    assert (world.has_reply(gone), world.has_reply(kept)) == (False, True)
    assert done.redacted_samples > 0
    assert "Satzung 0 über" not in world.report()
    with pytest.raises(DocumentNotFound):
        world.stores.documents.get(gone)


def test_the_audit_log_has_who_why_and_in_which_request(world: ErasureWorld) -> None:
    world.desk.erase(world.ids[0], REASON, ADMIN, request_id="req_1")

    (erased,) = world.stores.audit.records(AuditFilter(action="document.erased"))
    (withdrawn,) = world.stores.audit.records(AuditFilter(action="dataset.withdrawn"))
    assert (erased.entry.object_id, erased.entry.actor, erased.entry.request_id) == (world.ids[0], ADMIN.email, "req_1")
    assert erased.entry.detail == {"subject": "carla", "reason": REASON}
    assert (withdrawn.entry.object_id, withdrawn.entry.request_id) == (world.dataset.dataset_id, "req_1")


def test_erasing_again_does_what_a_crash_left_undone_and_writes_no_second_entry(world: ErasureWorld) -> None:
    def crash(document_id: str) -> None:
        raise Unavailable("no disk")

    with pytest.raises(Unavailable):
        world.a_desk(crash).erase(world.ids[0], REASON, ADMIN)
    assert world.has_reply(world.ids[0])
    done = world.desk.erase(world.ids[0], REASON, ADMIN)

    assert (done.is_new, world.has_reply(world.ids[0])) == (False, False)
    assert "Satzung 0 über" not in world.report()
    assert len(world.stores.audit.records(AuditFilter(action="document.erased"))) == 1


@pytest.mark.parametrize(
    "failure", [Unavailable("no disk"), PermissionError(13, "Permission denied", "signals/00001-x")]
)
def test_what_cannot_be_removed_in_one_place_leaves_all_others_and_is_told(
    world: ErasureWorld, failure: Exception
) -> None:
    def refuse(_document_id: str) -> None:
        raise failure

    desk = world.a_desk(refuse, world.replies.forget)
    with pytest.raises(Unavailable, match=r"no disk|Permission denied"):
        desk.erase(world.ids[0], REASON, ADMIN)

    assert not world.has_reply(world.ids[0])
    assert "Satzung 0 über" not in world.report()
    assert world.stores.documents.outbox_size("embedded") == 0


def test_a_search_store_that_is_away_is_named(world: ErasureWorld) -> None:
    world.search.is_away = True

    assert world.desk.erase(world.ids[0], REASON, ADMIN).pending == {"embedded": 4}


def test_uses_tell_of_versions_before_anything_is_erased(world: ErasureWorld) -> None:
    uses = world.desk.uses(world.ids[0])

    assert (uses.path, uses.is_erased, [each.is_withdrawn for each in uses.datasets]) == ("0.md", False, [False])
    for call in (world.desk.uses, lambda each: world.desk.erase(each, REASON, ADMIN)):
        with pytest.raises(DocumentNotFound):
            call("doc_0")
