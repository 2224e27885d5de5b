"""What every `AdapterStore` must do, whatever it stores in."""

import pytest

from shared.database.base import AdapterNotFound
from shared.database.stores import Stores
from shared.models.adapter import Adapter
from shared.models.job import Progress
from tests.support.store_values import an_adapter, running


def _trained(stores: Stores, number: int) -> Adapter:
    job, claim = running(stores, number=number)
    adapter = an_adapter(job, metrics={"eval_loss": 1.5, "perplexity": {"base": 20.0, "adapter": 8.0}})
    stores.jobs.complete(claim, adapter, progress=Progress())
    return adapter


class AdapterStoreContract:
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    def test_an_adapter_is_read_as_its_job_registered_it(self, stores: Stores) -> None:
        adapter = _trained(stores, 1)

        assert stores.adapters.get(adapter.adapter_id) == adapter

    def test_unknown_ids_are_not_found(self, stores: Stores) -> None:
        with pytest.raises(AdapterNotFound):
            stores.adapters.get("adp_0")
        with pytest.raises(AdapterNotFound):
            stores.adapters.page(after="adp_0")

    def test_pages_are_newest_first(self, stores: Stores) -> None:
        adapters = [_trained(stores, number) for number in (1, 3, 2)]

        first = stores.adapters.page(limit=2)
        rest = stores.adapters.page(limit=2, after=first.next_after)

        assert [*first.items, *rest.items] == [adapters[1], adapters[2], adapters[0]]
        assert (first.total, rest.total, rest.next_after) == (3, 3, None)
