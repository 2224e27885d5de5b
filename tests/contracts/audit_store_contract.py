"""What every `AuditStore` must do, whatever it stores in."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.database.audit.verify import verify
from shared.database.stores import Stores
from shared.errors import Conflict
from shared.models.audit import AuditFilter
from shared.models.audit_chain import GENESIS, AuditHead
from tests.contracts.key_store_contract import a_key
from tests.support.store_values import START, an_audit


class AuditStoreContract:
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    def test_an_entry_is_read_as_it_was_appended_with_a_date(self, stores: Stores) -> None:
        entry = replace(an_audit("auth.refused"), outcome="refused", detail={"route": "/api", "tries": [1, 2]})

        stores.audit.append(entry)

        ((_, found),) = stores.audit.page()
        assert found.created_at is not None
        assert found.created_at.tzinfo is not None
        assert replace(found, created_at=None) == entry

    def test_entries_come_newest_first_with_growing_numbers(self, stores: Stores) -> None:
        for number in range(5):
            stores.audit.append(an_audit(object_id=f"job_{number}"))

        first = stores.audit.page(limit=3)
        rest = stores.audit.page(limit=3, after=first[-1][0])

        assert [entry.object_id for _, entry in [*first, *rest]] == ["job_4", "job_3", "job_2", "job_1", "job_0"]
        numbers = [seq for seq, _ in [*first, *rest]]
        assert numbers == sorted(set(numbers), reverse=True)

    def test_entries_of_one_object_can_be_asked_for(self, stores: Stores) -> None:
        for object_id in ("job_1", "job_2", "job_1"):
            stores.audit.append(an_audit(object_id=object_id))

        assert len(stores.audit.page(object_id="job_1")) == 2
        assert stores.audit.page(object_id="job_3") == []

    def test_roles_and_address_are_kept(self, stores: Stores) -> None:
        entry = replace(an_audit(), roles=("admin", "trainer"), address="10.1.2.3")

        stores.audit.append(entry)

        (record,) = stores.audit.records()
        assert (record.entry.roles, record.entry.address) == (("admin", "trainer"), "10.1.2.3")

    def test_numbers_have_no_gaps_and_every_row_follows_from_the_one_before(self, stores: Stores) -> None:
        for number in range(4):
            stores.audit.append(replace(an_audit(), detail={"größe": number / 3, "nan": float("nan"), "list": [None]}))

        links = stores.audit.links()

        assert [link.seq for link in links] == [1, 2, 3, 4]
        assert all(
            link.follows(before) for before, link in zip([GENESIS, *(link.hash for link in links)], links, strict=False)
        )
        assert stores.audit.head() == AuditHead(4, links[-1].hash)
        assert [record.hash for record in stores.audit.records(after=2)] == [link.hash for link in links[2:]]
        assert stores.audit.links(after=3) == links[3:]
        assert verify(stores.audit).is_intact

    def test_texts_that_no_database_stores_are_read_written_out(self, stores: Stores) -> None:
        # as earlier versions took them over from tokens
        detail = {"subject": "x\ud800", "\x00": ["a\x00"]}
        stores.audit.append(replace(an_audit(), detail=detail))

        (record,) = stores.audit.records()

        assert record.entry.detail == {"subject": "x\\ud800", "\\u0000": ["a\\u0000"]}
        assert verify(stores.audit).is_intact

    def test_an_empty_log_is_intact(self, stores: Stores) -> None:
        assert stores.audit.head() == AuditHead(0, GENESIS)
        assert verify(stores.audit).is_intact

    def test_what_fails_leaves_no_gap(self, stores: Stores) -> None:
        stored, _ = a_key()
        stores.keys.add(stored, audit=an_audit())
        with pytest.raises(Conflict):
            stores.keys.add(stored, audit=an_audit())
        stores.audit.append(an_audit())

        assert [seq for seq, _ in stores.audit.page()] == [2, 1]
        assert verify(stores.audit).is_intact

    def test_many_writers_make_one_chain(self, stores: Stores) -> None:
        def work(number: int) -> None:
            for _ in range(5):
                stores.audit.append(an_audit(object_id=f"job_{number}"))

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))

        report = verify(stores.audit)
        assert (report.rows, report.findings) == (30, ())

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (AuditFilter(), [4, 3, 2, 1]),
            (AuditFilter(actor="bert"), [3]),
            (AuditFilter(action="job."), [4, 2, 1]),
            (AuditFilter(action="job.cancelled"), [2]),
            (AuditFilter(action="job"), []),
            (AuditFilter(object_id="job_1", outcome="ok"), [1]),
            (AuditFilter(outcome="refused"), [4]),
            (AuditFilter(since=START + timedelta(days=36500)), []),
            (AuditFilter(until=START - timedelta(days=36500)), []),
            (AuditFilter(since=START - timedelta(days=36500), until=START + timedelta(days=36500)), [4, 3, 2, 1]),
        ],
    )
    def test_entries_are_filtered(self, stores: Stores, wanted: AuditFilter, expected: list[int]) -> None:
        stores.audit.append(an_audit("job.submitted", object_id="job_1"))
        stores.audit.append(an_audit("job.cancelled", object_id="job_2"))
        stores.audit.append(replace(an_audit("dataset.created"), actor="bert"))
        stores.audit.append(replace(an_audit("job.submitted", object_id="job_1"), outcome="refused"))

        assert [record.seq for record in stores.audit.records(wanted)] == expected
        assert [record.seq for record in stores.audit.records(wanted, after=0)] == expected[::-1]
        assert [record.seq for record in stores.audit.records(wanted, before=2**53 - 1, limit=2)] == expected[:2]
