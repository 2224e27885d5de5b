"""What every `DatasetStore` must do, whatever it stores in."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.database.base import ClaimLost, DatasetNotFound
from shared.database.stores import Stores
from shared.errors import Conflict
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus, Split
from shared.models.job import AttemptOutcome, Progress
from tests.support.store_values import a_dataset, an_adapter, an_audit, claimed, provenance_rows, queued

RUN_OUT_S = -1.0


def _building(stores: Stores, number: int = 0, *, lease_s: float = 60.0) -> tuple[Dataset, DatasetClaim]:
    stores.datasets.add(a_dataset(number), audit=an_audit("dataset.created", "dataset"))
    return _claimed(stores, lease_s=lease_s)


def _claimed(stores: Stores, owner: str = "builder-1", *, lease_s: float = 60.0) -> tuple[Dataset, DatasetClaim]:
    found = stores.datasets.claim(owner, lease_s=lease_s)
    assert found is not None, "nothing was pending"
    return found


def _completed(stores: Stores, number: int = 0) -> Dataset:
    dataset, claim = _building(stores, number)
    return stores.datasets.complete(claim, dataset, audit=an_audit("dataset.completed", "dataset"))


class DatasetStoreContract:
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    def test_a_dataset_is_read_as_it_was_stored(self, stores: Stores) -> None:
        dataset = stores.datasets.add(a_dataset(), audit=an_audit("dataset.created", "dataset"))

        assert stores.datasets.get(dataset.dataset_id) == dataset
        assert (dataset.status, dataset.version) == (DatasetStatus.PENDING, 1)
        assert stores.datasets.count() == 1
        assert [entry.action for _, entry in stores.audit.page()] == ["dataset.created"]

    def test_an_id_can_be_stored_once(self, stores: Stores) -> None:
        dataset = stores.datasets.add(a_dataset(), audit=an_audit())

        with pytest.raises(Conflict, match="exists already"):
            stores.datasets.add(dataset, audit=an_audit())

        assert len(stores.audit.page()) == 1

    def test_unknown_ids_are_not_found(self, stores: Stores) -> None:
        with pytest.raises(DatasetNotFound):
            stores.datasets.get("ds_0")
        with pytest.raises(DatasetNotFound):
            stores.datasets.page(after="ds_0")
        with pytest.raises(DatasetNotFound):
            stores.datasets.set_export("ds_0", "csv", "/x", audit=an_audit())
        with pytest.raises(DatasetNotFound):
            stores.datasets.delete("ds_0", audit=an_audit())

    def test_pages_are_newest_first_and_can_be_of_one_status(self, stores: Stores) -> None:
        completed = _completed(stores, 2)
        pending = [stores.datasets.add(a_dataset(number), audit=an_audit()) for number in (1, 3)]

        first = stores.datasets.page(limit=2)
        rest = stores.datasets.page(limit=2, after=first.next_after)

        assert [*first.items, *rest.items] == [pending[1], completed, pending[0]]
        assert (first.total, rest.next_after) == (3, None)
        assert stores.datasets.page(status=DatasetStatus.COMPLETED).items == [completed]

    def test_pages_can_be_of_a_part_of_a_name_and_of_one_user(self, stores: Stores) -> None:
        names = ("Gebühren 2026", "Übergebühren", "100%_sicher", "Gebuhren")
        made = [
            stores.datasets.add(
                replace(a_dataset(number), name=name, created_by=f"user-{number % 2}"), audit=an_audit()
            )
            for number, name in enumerate(names, start=1)
        ]

        def found(**filters: Any) -> list[str]:
            page = stores.datasets.page(**filters)
            assert page.total == len(page.items)
            return [each.name for each in page.items]

        assert found(name="Gebühren") == [made[0].name]
        assert found(name="bühren") == [made[1].name, made[0].name]
        assert found(name="%") == found(name="_") == [made[2].name]
        assert found(name="gebühren") == [made[1].name]
        assert found(name="") == [each.name for each in reversed(made)]
        assert found(created_by="user-0") == [made[3].name, made[1].name]
        assert found(name="Geb", created_by="user-0", status=DatasetStatus.PENDING) == [made[3].name]
        assert found(created_by="user") == []
        first = stores.datasets.page(created_by="user-1", limit=1)
        assert stores.datasets.page(created_by="user-1", limit=1, after=first.next_after).items == [made[0]]

    def test_a_list_goes_on_where_its_last_dataset_was_deleted_meanwhile(self, stores: Stores) -> None:
        made = [stores.datasets.add(a_dataset(number), audit=an_audit()) for number in (1, 2, 3)]
        first = stores.datasets.page(limit=2)
        for each in first.items:
            stores.datasets.cancel(each.dataset_id, audit=an_audit())
            stores.datasets.delete(each.dataset_id, audit=an_audit())

        rest = stores.datasets.page(limit=2, after=first.next_after)

        assert (rest.items, rest.next_after) == (made[:1], None)

    def test_the_id_of_a_dataset_is_a_cursor_too(self, stores: Stores) -> None:
        made = [stores.datasets.add(a_dataset(number), audit=an_audit()) for number in (1, 2)]

        assert stores.datasets.page(after=made[1].dataset_id).items == made[:1]

    def test_the_newest_completed_dataset_is_the_one_created_last(self, stores: Stores) -> None:
        assert stores.datasets.newest_completed() is None
        newest = _completed(stores, 5)
        _completed(stores, 2)
        stores.datasets.add(a_dataset(9), audit=an_audit())

        assert stores.datasets.newest_completed() == newest

    # --- building ---

    def test_the_oldest_pending_dataset_is_claimed(self, stores: Stores) -> None:
        stores.datasets.add(a_dataset(2), audit=an_audit())
        old = stores.datasets.add(a_dataset(1), audit=an_audit())

        dataset, claim = _claimed(stores, "builder-7")

        assert claim == DatasetClaim(old.dataset_id, "builder-7", 1)
        assert (dataset.status, dataset.owner, dataset.claim_epoch) == (DatasetStatus.PROCESSING, "builder-7", 1)
        assert dataset.lease_until is not None
        assert stores.datasets.get(old.dataset_id) == dataset

    def test_eight_threads_never_get_the_same_dataset(self, stores: Stores) -> None:
        for number in range(20):
            stores.datasets.add(a_dataset(number), audit=an_audit())

        def drain(number: int) -> list[str]:
            taken = []
            while (found := stores.datasets.claim(f"builder-{number}", lease_s=60)) is not None:
                taken.append(found[0].dataset_id)
            return taken

        with ThreadPoolExecutor(8) as pool:
            taken = [dataset_id for part in pool.map(drain, range(8)) for dataset_id in part]

        assert len(taken) == len(set(taken)) == 20

    def test_a_build_whose_lease_ran_out_is_claimed_again(self, stores: Stores) -> None:
        dataset, claim = _building(stores, lease_s=RUN_OUT_S)

        again, second = _claimed(stores, "builder-2")

        assert (again.dataset_id, second.epoch) == (dataset.dataset_id, claim.epoch + 1)
        assert stores.datasets.claim("builder-3", lease_s=60) is None

    def test_a_heartbeat_keeps_the_build(self, stores: Stores) -> None:
        _, claim = _building(stores, lease_s=RUN_OUT_S)

        stores.datasets.heartbeat(claim, lease_s=60)

        assert stores.datasets.claim("builder-2", lease_s=60) is None

    @pytest.mark.parametrize("lost_by", ["another claim", "completion", "wrong owner"])
    def test_no_write_of_a_zombie_is_accepted(self, stores: Stores, lost_by: str) -> None:
        dataset, claim = _building(stores, lease_s=RUN_OUT_S)
        if lost_by == "another claim":
            _claimed(stores)
        elif lost_by == "completion":
            stores.datasets.complete(claim, dataset, audit=an_audit())
        else:
            claim = replace(claim, owner="builder-9")
        before, audit = stores.datasets.get(dataset.dataset_id), stores.audit.page()

        for write in (
            lambda: stores.datasets.heartbeat(claim, lease_s=60),
            lambda: stores.datasets.add_provenance(claim, provenance_rows("r1")),
            lambda: stores.datasets.complete(claim, dataset, audit=an_audit()),
            lambda: stores.datasets.fail(claim, error_message="x"),
        ):
            with pytest.raises(ClaimLost):
                write()

        assert stores.datasets.get(dataset.dataset_id) == before
        assert stores.datasets.provenance(dataset.dataset_id) == []
        assert stores.audit.page() == audit

    def test_a_completed_dataset_has_what_its_builder_found(self, stores: Stores) -> None:
        dataset, claim = _building(stores)
        found = replace(
            dataset,
            document_count=3,
            record_count=40,
            total_tokens=5000,
            quality_score_avg=0.75,
            content_sha256="ef" * 32,
            path="/srv/clara/datasets/x",
            manifest_sha256="ab" * 32,
            export_paths={"jsonl": "/srv/clara/exports/x"},
            statistics={"dropped": {"too_short": 2}},
        )

        done = stores.datasets.complete(claim, found, audit=an_audit("dataset.completed", "dataset"))

        assert stores.datasets.get(dataset.dataset_id) == done
        assert done.completed_at is not None
        assert done == replace(
            found,
            status=DatasetStatus.COMPLETED,
            completed_at=done.completed_at,
            owner=None,
            lease_until=None,
            version=found.version + 1,
            event_seq=found.event_seq + 1,
        )
        assert stores.audit.page()[0][1].action == "dataset.completed"

    def test_a_failed_build_leaves_its_reason_and_no_rows(self, stores: Stores) -> None:
        dataset, claim = _building(stores)
        stores.datasets.add_provenance(claim, provenance_rows("r1"))

        failed = stores.datasets.fail(claim, error_message="no section matched 'Gebühr'")

        assert (failed.status, failed.error_message) == (DatasetStatus.FAILED, "no section matched 'Gebühr'")
        assert stores.datasets.get(dataset.dataset_id) == failed
        assert stores.datasets.provenance(dataset.dataset_id) == []

    # --- provenance ---

    def test_provenance_comes_in_order_of_record_ids(self, stores: Stores) -> None:
        dataset, claim = _building(stores)
        rows = provenance_rows("r1", "r2", "r3")
        held_out = provenance_rows("r0", split=Split.TEST)
        stores.datasets.add_provenance(claim, iter(rows[1:]))
        stores.datasets.add_provenance(claim, [rows[0], *held_out])
        stores.datasets.add_provenance(claim, [])

        assert stores.datasets.provenance(dataset.dataset_id) == [*held_out, *rows]
        assert stores.datasets.provenance(dataset.dataset_id, split=Split.TEST) == held_out
        assert stores.datasets.provenance(dataset.dataset_id, after="r1", limit=1) == [rows[1]]
        assert stores.datasets.provenance("ds_0") == []

    def test_a_batch_with_a_record_that_is_there_adds_nothing(self, stores: Stores) -> None:
        dataset, claim = _building(stores)
        stores.datasets.add_provenance(claim, provenance_rows("r1"))

        with pytest.raises(Conflict):
            stores.datasets.add_provenance(claim, provenance_rows("r0", "r1"))

        assert stores.datasets.provenance(dataset.dataset_id) == provenance_rows("r1")

    def test_rows_of_an_earlier_claim_are_dropped(self, stores: Stores) -> None:
        dataset, claim = _building(stores, lease_s=RUN_OUT_S)
        stores.datasets.add_provenance(claim, provenance_rows("r1", "r2"))
        _, claim = _claimed(stores)
        stores.datasets.add_provenance(claim, provenance_rows("r2"))

        assert stores.datasets.provenance(dataset.dataset_id) == provenance_rows("r2")

    # --- exports and deletion ---

    def test_exports_of_a_completed_dataset_add_up(self, stores: Stores) -> None:
        dataset = _completed(stores)

        stores.datasets.set_export(dataset.dataset_id, "csv", "/x/csv", audit=an_audit())
        after = stores.datasets.set_export(dataset.dataset_id, "jsonl", "/x/jsonl", audit=an_audit())

        assert after.export_paths == {"csv": "/x/csv", "jsonl": "/x/jsonl"}
        assert stores.datasets.get(dataset.dataset_id) == after

    def test_only_a_completed_dataset_has_exports(self, stores: Stores) -> None:
        dataset = stores.datasets.add(a_dataset(), audit=an_audit())

        with pytest.raises(Conflict, match="pending"):
            stores.datasets.set_export(dataset.dataset_id, "csv", "/x", audit=an_audit())

    def test_a_deleted_dataset_is_gone_with_its_rows(self, stores: Stores) -> None:
        dataset, claim = _building(stores)
        stores.datasets.add_provenance(claim, provenance_rows("r1"))
        stores.datasets.complete(claim, dataset, audit=an_audit())

        stores.datasets.delete(dataset.dataset_id, audit=an_audit("dataset.deleted", "dataset"))

        with pytest.raises(DatasetNotFound):
            stores.datasets.get(dataset.dataset_id)
        assert stores.datasets.provenance(dataset.dataset_id) == []
        assert stores.audit.page()[0][1].action == "dataset.deleted"

    def test_a_dataset_that_is_being_built_stays(self, stores: Stores) -> None:
        dataset, _ = _building(stores)

        with pytest.raises(Conflict, match="being built"):
            stores.datasets.delete(dataset.dataset_id, audit=an_audit())

    def test_a_dataset_that_a_job_or_adapter_needs_stays(self, stores: Stores) -> None:
        dataset = _completed(stores)
        queued(stores, dataset_id=dataset.dataset_id)
        with pytest.raises(Conflict, match="has not ended"):
            stores.datasets.delete(dataset.dataset_id, audit=an_audit())

        job, claim = claimed(stores)
        stores.jobs.complete(claim, an_adapter(job), progress=Progress())
        with pytest.raises(Conflict, match="was trained on it"):
            stores.datasets.delete(dataset.dataset_id, audit=an_audit())

        assert stores.datasets.get(dataset.dataset_id) == dataset

    def test_a_dataset_whose_jobs_all_failed_may_go(self, stores: Stores) -> None:
        dataset = _completed(stores)
        queued(stores, dataset_id=dataset.dataset_id)
        _, claim = claimed(stores)
        stores.jobs.fail(claim, error_message="x", outcome=AttemptOutcome.ERROR)

        stores.datasets.delete(dataset.dataset_id, audit=an_audit())

        assert stores.datasets.count() == 0
