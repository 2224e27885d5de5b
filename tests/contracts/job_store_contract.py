"""What every `JobStore` must do, whatever it stores in; the parts have files of their own."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.database.base import (
    ClaimLost,
    JobNotFound,
    StaleVersion,
)
from shared.database.stores import Stores
from shared.errors import Conflict
from shared.models.job import (
    AttemptOutcome,
    Claim,
    IllegalTransition,
    JobCounts,
    JobStatus,
    Lease,
)
from tests.contracts.job_store_attempts_contract import JobAttemptsContract
from tests.contracts.job_store_life_contract import JobLifeContract
from tests.contracts.job_store_pause_contract import JobPauseContract
from tests.contracts.job_store_queue_contract import JobQueueContract
from tests.support.store_values import (
    HALF_WAY,
    START,
    a_checkpoint,
    a_job,
    an_adapter,
    an_audit,
    claimed,
    queued,
    rescue_all,
    running,
)

# A lease that has run out already: no test has to wait for one.
RUN_OUT_S = -1.0


class JobStoreContract(JobLifeContract, JobAttemptsContract, JobPauseContract, JobQueueContract):
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    # --- storing and reading ---

    def test_the_newest_job_of_a_user_is_found(self, stores: Stores) -> None:
        assert stores.jobs.newest_of("tina@amt.example") is None
        older, newest = (stores.jobs.add(a_job(number), audit=an_audit()) for number in (1, 3))
        stores.jobs.add(a_job(2), audit=an_audit())
        stores.jobs.add(a_job(9, created_by="otto@amt.example"), audit=an_audit())

        assert stores.jobs.newest_of("tina@amt.example") == newest != older
        assert stores.jobs.newest_of("nobody@amt.example") is None

    def test_a_job_is_read_as_it_was_stored(self, stores: Stores) -> None:
        job = a_job(
            tags=("eilig", "Gebühren"), priority=4, dataset_id="ds_1", config_path="a.yaml", resume_from="job_0"
        )

        stored = stores.jobs.add(job, audit=an_audit())

        assert stores.jobs.get(job.job_id) == stored
        assert (stored.config, stored.tags, stored.created_at) == (job.config, ("eilig", "Gebühren"), START)
        assert (stored.status, stored.version, stored.event_seq) == (JobStatus.PENDING, 1, 1)

    def test_an_id_can_be_stored_once(self, stores: Stores) -> None:
        job = stores.jobs.add(a_job(), audit=an_audit())

        with pytest.raises(Conflict, match="exists already"):
            stores.jobs.add(job, audit=an_audit())

        assert len(stores.jobs.events(job.job_id)) == 1
        assert len(stores.audit.page()) == 1

    def test_unknown_ids_are_not_found(self, stores: Stores) -> None:
        for call in (stores.jobs.get, stores.jobs.events, stores.jobs.checkpoints):
            with pytest.raises(JobNotFound):
                call("job_0")
        with pytest.raises(JobNotFound):
            stores.jobs.cancel("job_0", audit=an_audit())
        with pytest.raises(JobNotFound):
            stores.jobs.page(after="job_0")
        with pytest.raises(JobNotFound):
            stores.jobs.admit(a_job())

    def test_pages_are_newest_first_and_meet_every_job_once(self, stores: Stores) -> None:
        same_moment = [stores.jobs.add(a_job(3), audit=an_audit()) for _ in range(3)]
        others = [stores.jobs.add(a_job(number), audit=an_audit()) for number in (1, 5)]
        expected = sorted(same_moment + others, key=lambda job: (job.created_at, job.job_id), reverse=True)

        found, after = [], None
        while True:
            page = stores.jobs.page(limit=2, after=after)
            assert page.total == 5
            found += page.items
            after = page.next_after
            if after is None:
                break

        assert [job.job_id for job in found] == [job.job_id for job in expected]

    def test_a_page_can_be_of_one_status(self, stores: Stores) -> None:
        waiting = queued(stores, 1)
        stores.jobs.add(a_job(2), audit=an_audit())

        page = stores.jobs.page(status=JobStatus.QUEUED)

        assert [job.job_id for job in page.items] == [waiting.job_id]
        assert (page.total, page.next_after) == (1, None)

    def test_counts_are_of_all_jobs(self, stores: Stores) -> None:
        assert stores.jobs.counts() == JobCounts()
        stores.jobs.add(a_job(1), audit=an_audit())
        job, claim = running(stores, number=2)
        stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY)
        _, claim = running(stores, number=3)
        stores.jobs.fail(claim, error_message="x", outcome=AttemptOutcome.ERROR)
        stores.jobs.cancel(queued(stores, 4).job_id, audit=an_audit())
        running(stores, number=5)

        assert stores.jobs.counts() == JobCounts(total=5, active=2, completed=1, failed=1)

    # --- admission ---

    def test_pending_jobs_come_in_the_order_in_which_they_will_be_claimed(self, stores: Stores) -> None:
        jobs = [stores.jobs.add(a_job(number), audit=an_audit()) for number in range(3)]
        urgent = stores.jobs.add(a_job(3, priority=5), audit=an_audit())
        stores.jobs.pause(jobs[0].job_id, audit=an_audit())
        stores.jobs.admit(stores.jobs.add(a_job(4), audit=an_audit()))

        order = [job.job_id for job in stores.jobs.pending()]

        assert order == [job.job_id for job in (urgent, jobs[1], jobs[2], jobs[0])]
        assert [job.job_id for job in stores.jobs.pending(limit=1)] == [urgent.job_id]

    def test_admitting_wins_once_over_the_version_that_was_read(self, stores: Stores) -> None:
        job = stores.jobs.add(a_job(), audit=an_audit())

        admitted = stores.jobs.admit(job)

        assert (admitted.status, admitted.version) == (JobStatus.QUEUED, 2)
        with pytest.raises(StaleVersion):
            stores.jobs.admit(job)
        with pytest.raises(IllegalTransition):
            stores.jobs.admit(admitted)

    @pytest.mark.parametrize("ends", ["queued", "failed"])
    def test_what_was_found_beforehand_is_in_the_event(self, stores: Stores, ends: str) -> None:
        job = stores.jobs.add(a_job(), audit=an_audit())
        found = {"records": 3, "sample": {"pieces": [{"text": "a\x00b \ud800", "is_trained": True}]}, "share": 0.5}

        if ends == "queued":
            stores.jobs.admit(job, preflight=found)
        else:
            stores.jobs.reject(job, error_message="no", preflight=found)

        kept = stores.jobs.events(job.job_id)[-1].payload
        assert kept["status"] == ends
        assert (kept["preflight"]["records"], kept["preflight"]["share"]) == (3, 0.5)
        assert kept["preflight"]["sample"]["pieces"][0]["is_trained"]

    def test_a_cancel_beats_an_admission_that_read_before_it(self, stores: Stores) -> None:
        job = stores.jobs.add(a_job(), audit=an_audit())
        stores.jobs.cancel(job.job_id, audit=an_audit())

        with pytest.raises(StaleVersion):
            stores.jobs.admit(job)

        assert stores.jobs.get(job.job_id).status is JobStatus.CANCELLED

    def test_a_rejected_job_has_failed_with_its_reason(self, stores: Stores) -> None:
        for job in (stores.jobs.add(a_job(1), audit=an_audit()), queued(stores, 2)):
            rejected = stores.jobs.reject(job, error_message="base model 'x' is missing")

            assert (rejected.status, rejected.error_message) == (JobStatus.FAILED, "base model 'x' is missing")
            assert rejected.completed_at is not None
            assert stores.jobs.get(job.job_id) == rejected
            with pytest.raises(StaleVersion):
                stores.jobs.reject(job, error_message="again")

    def test_a_running_job_cannot_be_rejected(self, stores: Stores) -> None:
        job, _ = running(stores)

        with pytest.raises(IllegalTransition):
            stores.jobs.reject(job, error_message="too late")

    # --- claims ---

    def test_nothing_queued_is_nothing_claimed(self, stores: Stores) -> None:
        stores.jobs.add(a_job(), audit=an_audit())

        assert stores.jobs.claim("worker-1", lease_s=60) is None

    def test_a_claim_takes_the_highest_priority_then_the_one_accepted_first(self, stores: Stores) -> None:
        old, young, urgent = queued(stores, 1), queued(stores, 3), queued(stores, 9, priority=5)

        taken = [claimed(stores)[0].job_id for _ in range(3)]

        assert taken == [urgent.job_id, old.job_id, young.job_id]

    def test_a_claim_gives_owner_epoch_lease_and_attempt(self, stores: Stores) -> None:
        waiting = queued(stores)

        job, claim = claimed(stores, "worker-7")

        assert claim == Claim(waiting.job_id, "worker-7", 1)
        assert (job.status, job.owner, job.claim_epoch, job.attempt) == (JobStatus.RUNNING, "worker-7", 1, 1)
        assert (job.version, job.event_seq) == (waiting.version + 1, waiting.event_seq + 1)
        assert job.started_at is not None
        assert job.lease_until is not None
        assert 59 <= (job.lease_until - job.started_at).total_seconds() <= 61
        assert stores.jobs.get(job.job_id) == job

    def test_eight_threads_never_get_the_same_job(self, stores: Stores) -> None:
        expected = {queued(stores, number).job_id for number in range(40)}

        def drain(number: int) -> list[str]:
            taken = []
            while (found := stores.jobs.claim(f"worker-{number}", lease_s=60)) is not None:
                taken.append(found[0].job_id)
            return taken

        with ThreadPoolExecutor(8) as pool:
            taken = [job_id for part in pool.map(drain, range(8)) for job_id in part]

        assert Counter(taken) == Counter(expected)

    def test_a_heartbeat_extends_the_lease_and_is_no_event(self, stores: Stores) -> None:
        job, claim = running(stores, lease_s=RUN_OUT_S)

        assert stores.jobs.heartbeat(claim, lease_s=60) is None

        after = stores.jobs.get(job.job_id)
        assert after.lease_until is not None
        assert job.lease_until is not None
        assert after.lease_until > job.lease_until
        assert (after.version, after.event_seq) == (job.version, job.event_seq)
        assert after.beat == job.beat + 1
        assert stores.jobs.leases() == [Lease(claim, after.beat)]

    # --- fencing ---

    @pytest.mark.parametrize("lost_by", ["rescue", "release", "wrong owner", "later epoch", "completion"])
    def test_no_write_of_a_zombie_is_accepted(self, stores: Stores, lost_by: str) -> None:
        job, claim = running(stores, lease_s=RUN_OUT_S)
        if lost_by == "rescue":
            rescue_all(stores)
            claimed(stores, "worker-1")
        elif lost_by == "release":
            stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK)
        elif lost_by == "wrong owner":
            claim = Claim(claim.job_id, "worker-2", claim.epoch)
        elif lost_by == "later epoch":
            claim = Claim(claim.job_id, claim.owner, claim.epoch + 1)
        else:
            stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY)
        before = stores.jobs.get(job.job_id)
        events, adapters, audit = stores.jobs.events(job.job_id), stores.adapters.page(), stores.audit.page()

        for write in (
            lambda: stores.jobs.heartbeat(claim, lease_s=60),
            lambda: stores.jobs.record_progress(claim, HALF_WAY),
            lambda: stores.jobs.add_checkpoint(claim, a_checkpoint(job, 5)),
            lambda: stores.jobs.complete(claim, an_adapter(job, adapter_id="adp_second"), progress=HALF_WAY),
            lambda: stores.jobs.fail(claim, error_message="x", outcome=AttemptOutcome.ERROR),
            lambda: stores.jobs.release(claim, outcome=AttemptOutcome.CRASH),
            lambda: stores.jobs.finish_cancel(claim),
        ):
            with pytest.raises(ClaimLost):
                write()

        assert stores.jobs.get(job.job_id) == before
        assert stores.jobs.events(job.job_id) == events
        assert stores.jobs.checkpoints(job.job_id) == []
        assert (stores.adapters.page(), stores.audit.page()) == (adapters, audit)
