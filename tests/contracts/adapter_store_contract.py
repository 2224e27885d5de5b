"""What every `AdapterStore` must do, whatever it stores in."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.database.base import ActiveAdapterChanged, AdapterNotFound, ClaimLost
from shared.database.stores import Stores
from shared.models.adapter import Adapter, Promotion, PromotionOrder
from shared.models.job import JobStatus, Progress
from tests.support.store_values import an_adapter, an_audit, running

BY = "tina@amt.example"


def _trained(stores: Stores, number: int, base_model: str = "starter") -> Adapter:
    job, claim = running(stores, number=number)
    metrics = {"eval_loss": 1.5, "perplexity": {"base": 20.0, "adapter": 8.0}}
    adapter = an_adapter(job, metrics=metrics, base_model=base_model)
    stores.jobs.complete(claim, adapter, progress=Progress())
    return adapter


def _promoted(stores: Stores, adapter: Adapter, *, over: str | None = None, is_override: bool = False) -> Promotion:
    order = PromotionOrder(over, BY, is_override=is_override)
    return stores.adapters.promote(adapter.adapter_id, order, audit=an_audit("adapter.promoted", "adapter", "promoted"))


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

    def test_the_newest_promotion_of_a_base_model_counts_and_earlier_ones_are_kept(self, stores: Stores) -> None:
        first, second = _trained(stores, 1), _trained(stores, 2)
        other = _trained(stores, 3, base_model="other")
        assert (stores.adapters.active("starter"), list(stores.adapters.all_active())) == (None, [])

        promotions = [
            _promoted(stores, first),
            _promoted(stores, other),
            _promoted(stores, second, over=first.adapter_id, is_override=True),
        ]

        assert stores.adapters.active("starter") == promotions[2]
        assert (promotions[2].adapter_id, promotions[2].replaced) == (second.adapter_id, first.adapter_id)
        assert (promotions[2].promoted_by, promotions[2].is_override) == (BY, True)
        assert list(stores.adapters.all_active()) == [promotions[1], promotions[2]]
        assert list(stores.adapters.promotions(base_model="starter")) == [promotions[2], promotions[0]]
        assert list(stores.adapters.promotions(limit=2)) == [promotions[2], promotions[1]]
        assert len(stores.audit.page(object_id="promoted")) == 3

    def test_promoting_the_active_adapter_again_writes_nothing(self, stores: Stores) -> None:
        adapter = _trained(stores, 1)
        first = _promoted(stores, adapter)

        assert _promoted(stores, adapter) == first
        assert len(stores.audit.page(object_id="promoted")) == 1

    def test_who_took_another_adapter_for_active_is_told(self, stores: Stores) -> None:
        first, second = _trained(stores, 1), _trained(stores, 2)
        _promoted(stores, first)

        with pytest.raises(ActiveAdapterChanged, match=first.adapter_id):
            _promoted(stores, second, over=None)
        with pytest.raises(AdapterNotFound):
            stores.adapters.promote("adp_0", PromotionOrder(None, BY), audit=an_audit())
        active = stores.adapters.active("starter")
        assert active is not None
        assert active.adapter_id == first.adapter_id

    def test_of_many_promotions_at_once_one_wins(self, stores: Stores) -> None:
        adapters = [_trained(stores, number) for number in range(6)]

        def attempt(adapter: Adapter) -> bool:
            try:
                _promoted(stores, adapter)
            except ActiveAdapterChanged:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(attempt, adapters)) == 1
        assert len(stores.adapters.promotions()) == 1

    def test_a_completion_promotes_over_the_adapter_that_it_was_compared_with(self, stores: Stores) -> None:
        before = _trained(stores, 1)
        _promoted(stores, before)
        job, claim = running(stores, number=2)
        adapter = an_adapter(job)

        done = stores.jobs.complete(
            claim, adapter, progress=Progress(), promotion=PromotionOrder(before.adapter_id, BY)
        )

        active = stores.adapters.active("starter")
        assert active is not None
        assert (done.status, active.adapter_id, active.replaced) == (
            JobStatus.COMPLETED,
            adapter.adapter_id,
            before.adapter_id,
        )
        assert stores.jobs.events(job.job_id)[-1].payload["is_promoted"] is True
        ((_, entry),) = stores.audit.page(object_id=adapter.adapter_id)
        assert (entry.action, entry.actor, entry.detail["job_id"]) == ("adapter.promoted", BY, job.job_id)

    def test_a_completion_whose_comparison_is_of_yesterday_promotes_nothing(self, stores: Stores) -> None:
        _promoted(stores, before := _trained(stores, 1))
        job, claim = running(stores, number=2)

        done = stores.jobs.complete(claim, an_adapter(job), progress=Progress(), promotion=PromotionOrder(None, BY))

        active = stores.adapters.active("starter")
        assert active is not None
        assert (done.status, active.adapter_id) == (JobStatus.COMPLETED, before.adapter_id)
        assert stores.jobs.events(job.job_id)[-1].payload["is_promoted"] is False

    def test_a_lost_claim_promotes_nothing(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.cancel(job.job_id, audit=an_audit())

        with pytest.raises(ClaimLost):
            stores.jobs.complete(claim, an_adapter(job), progress=Progress(), promotion=PromotionOrder(None, BY))

        assert stores.adapters.active("starter") is None
        assert stores.adapters.page().total == 0
