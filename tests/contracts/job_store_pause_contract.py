"""How a `JobStore` keeps jobs from being claimed until they go on."""

import pytest

from shared.database.base import (
    IdempotencyMismatch,
    JobAlreadyFinished,
)
from shared.database.stores import Stores
from shared.models.job import (
    AttemptOutcome,
    IdempotencyKey,
    JobStatus,
    StopRequest,
)
from tests.support.store_values import HALF_WAY, a_job, an_adapter, an_audit, claimed, queued, rescue_all, running


class JobPauseContract:
    """A part of `JobStoreContract`."""

    # --- pause ---

    def test_a_paused_job_is_not_claimed_until_it_goes_on(self, stores: Stores) -> None:
        job = queued(stores)
        paused = stores.jobs.pause(job.job_id, audit=an_audit("job.paused", object_id=job.job_id))
        assert (paused.status, paused.is_paused) == (JobStatus.QUEUED, True)
        assert stores.jobs.claim("worker-1", lease_s=60) is None
        assert stores.jobs.pause(job.job_id, audit=an_audit()) == paused

        stores.jobs.unpause(job.job_id, audit=an_audit("job.unpaused", object_id=job.job_id))

        assert claimed(stores)[0].job_id == job.job_id

    def test_a_pause_of_a_running_job_asks_its_worker_and_costs_no_attempt(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.pause(job.job_id, audit=an_audit())

        assert stores.jobs.heartbeat(claim, lease_s=60) is StopRequest.PAUSE
        back = stores.jobs.release(claim, outcome=AttemptOutcome.PAUSED)

        assert (back.status, back.is_paused, back.attempt) == (JobStatus.QUEUED, True, 0)
        assert stores.jobs.claim("worker-1", lease_s=60) is None

    def test_a_cancel_outranks_a_pause(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.pause(job.job_id, audit=an_audit())
        stores.jobs.cancel(job.job_id, audit=an_audit())

        assert stores.jobs.heartbeat(claim, lease_s=60) is StopRequest.CANCEL
        assert stores.jobs.release(claim, outcome=AttemptOutcome.PAUSED).status is JobStatus.CANCELLED

    def test_a_finished_job_cannot_be_paused(self, stores: Stores) -> None:
        job = queued(stores)
        stores.jobs.cancel(job.job_id, audit=an_audit())

        for change in (stores.jobs.pause, stores.jobs.unpause):
            with pytest.raises(JobAlreadyFinished):
                change(job.job_id, audit=an_audit())

    def test_a_key_that_let_a_job_go_on_stands_for_that_job(self, stores: Stores) -> None:
        job, other = queued(stores, 1), queued(stores, 2)
        key, altered = IdempotencyKey("a", "k", "0" * 64), IdempotencyKey("a", "k", "1" * 64)
        stores.jobs.pause(job.job_id, audit=an_audit())
        stores.jobs.unpause(job.job_id, audit=an_audit(), key=key)
        again = stores.jobs.pause(job.job_id, audit=an_audit())

        assert stores.jobs.unpause(job.job_id, audit=an_audit(), key=key) == again
        assert stores.jobs.submitted_with(key) == again
        with pytest.raises(IdempotencyMismatch):
            stores.jobs.unpause(other.job_id, audit=an_audit(), key=altered)

    def test_a_key_of_a_refused_change_is_free(self, stores: Stores) -> None:
        key = IdempotencyKey("a", "k", "0" * 64)
        job = queued(stores)
        stores.jobs.cancel(job.job_id, audit=an_audit())

        with pytest.raises(JobAlreadyFinished):
            stores.jobs.unpause(job.job_id, audit=an_audit(), key=key)

        assert stores.jobs.submitted_with(key) is None

    @pytest.mark.parametrize("state", ["pending", "queued", "handed back", "crashed"])
    def test_a_job_that_waits_can_be_paused_and_goes_on_from_its_place(self, stores: Stores, state: str) -> None:
        first = stores.jobs.add(a_job(1), audit=an_audit())
        if state != "pending":
            stores.jobs.admit(first)
        if state in {"handed back", "crashed"}:
            outcome = AttemptOutcome.CRASH if state == "crashed" else AttemptOutcome.HANDED_BACK
            stores.jobs.release(claimed(stores)[1], outcome=outcome)
        second = queued(stores, 2)

        paused = stores.jobs.pause(first.job_id, audit=an_audit())
        if state == "pending":
            stores.jobs.admit(paused)
        taken, claim = claimed(stores)
        assert stores.jobs.claim("worker-1", lease_s=60) is None
        assert taken.job_id == second.job_id
        stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK)
        stores.jobs.unpause(first.job_id, audit=an_audit())

        assert [claimed(stores)[0].job_id for _ in range(2)] == [first.job_id, second.job_id]

    def test_a_pause_that_is_taken_back_in_time_lets_the_worker_go_on(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.pause(job.job_id, audit=an_audit())
        stores.jobs.unpause(job.job_id, audit=an_audit())

        assert stores.jobs.heartbeat(claim, lease_s=60) is None
        assert stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY).status is JobStatus.COMPLETED

    def test_a_pause_that_is_taken_back_too_late_costs_nothing(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.pause(job.job_id, audit=an_audit())
        stores.jobs.unpause(job.job_id, audit=an_audit())

        stores.jobs.release(claim, outcome=AttemptOutcome.PAUSED)

        again, _ = claimed(stores)
        assert (again.job_id, again.attempt, again.claim_epoch) == (job.job_id, 1, 2)

    def test_a_paused_job_can_complete_before_its_worker_hears_of_it(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.pause(job.job_id, audit=an_audit())

        assert stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY).status is JobStatus.COMPLETED

    def test_a_paused_job_can_be_cancelled(self, stores: Stores) -> None:
        job = queued(stores)
        stores.jobs.pause(job.job_id, audit=an_audit())

        assert stores.jobs.cancel(job.job_id, audit=an_audit()).status is JobStatus.CANCELLED

    def test_a_paused_job_of_a_silent_worker_is_rescued_and_stays_paused(self, stores: Stores) -> None:
        job, _ = running(stores)
        stores.jobs.pause(job.job_id, audit=an_audit())

        (rescued,) = rescue_all(stores)

        assert (rescued.status, rescued.is_paused) == (JobStatus.QUEUED, True)
        assert stores.jobs.claim("worker-1", lease_s=60) is None

    def test_pauses_are_events_and_audited_once_each(self, stores: Stores) -> None:
        job = queued(stores)
        for change in (stores.jobs.pause, stores.jobs.pause, stores.jobs.unpause, stores.jobs.unpause):
            change(job.job_id, audit=an_audit("job.changed", object_id=job.job_id))

        told = [event.payload.get("is_paused") for event in stores.jobs.events(job.job_id, after=job.event_seq)]
        audited = [entry.action for _, entry in stores.audit.page(object_id=job.job_id)]

        assert told == [True, False]
        assert audited.count("job.changed") == 2
