"""What every `AuditStore` must do, whatever it stores in."""

from dataclasses import replace

from shared.database.stores import Stores
from tests.support.store_values import an_audit


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
