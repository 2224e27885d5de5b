"""How a `JobStore` takes jobs from silent workers, counts failures and keeps attempts."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.database.base import JobNotFound
from shared.database.stores import Stores
from shared.models.job import (
    AttemptOutcome,
    Claim,
    JobStatus,
    Lease,
    TrainingJob,
)
from tests.support.store_values import (
    HALF_WAY,
    a_checkpoint,
    an_adapter,
    an_audit,
    claimed,
    queued,
    rescue_all,
    running,
)


class JobAttemptsContract:
    """A part of `JobStoreContract`."""

    # --- rescue ---

    def test_a_rescue_takes_the_job_from_its_worker(self, stores: Stores) -> None:
        silent, claim = running(stores)
        held, _ = running(stores, number=2)

        rescued = stores.jobs.rescue(Lease(claim, silent.beat))

        assert rescued is not None
        assert (rescued.status, rescued.attempt, rescued.crash_count) == (JobStatus.QUEUED, 1, 1)
        assert (rescued.owner, rescued.lease_until) == (None, None)
        assert stores.jobs.get(silent.job_id) == rescued
        assert stores.jobs.get(held.job_id) == held
        assert stores.jobs.events(silent.job_id)[-1].payload["reason"] == "lease_expired"

    @pytest.mark.parametrize("since", ["heartbeat", "hand-back", "completion", "other owner"])
    def test_a_rescue_does_nothing_if_the_lease_changed_since_it_was_read(self, stores: Stores, since: str) -> None:
        job, claim = running(stores)
        lease = Lease(claim, job.beat)
        if since == "heartbeat":
            stores.jobs.heartbeat(claim, lease_s=60)
        elif since == "hand-back":
            stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK)
        elif since == "completion":
            stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY)
        else:
            lease = Lease(Claim(claim.job_id, "worker-9", claim.epoch), job.beat)
        before = stores.jobs.get(job.job_id)

        assert stores.jobs.rescue(lease) is None

        assert stores.jobs.get(job.job_id) == before

    def test_a_rescue_of_the_last_attempt_fails_the_job(self, stores: Stores) -> None:
        running(stores, max_attempts=1)

        (rescued,) = rescue_all(stores)

        assert rescued.status is JobStatus.FAILED
        assert rescued.failure_reason is AttemptOutcome.LEASE_EXPIRED
        assert rescued.error_message is not None
        assert "lease_expired" in rescued.error_message

    def test_a_rescue_finishes_a_requested_cancel(self, stores: Stores) -> None:
        job, _ = running(stores)
        stores.jobs.cancel(job.job_id, audit=an_audit())

        (rescued,) = rescue_all(stores)

        assert rescued.status is JobStatus.CANCELLED

    def test_a_job_is_rescued_once_however_many_look(self, stores: Stores) -> None:
        for number in range(10):
            running(stores, number=number)
        leases = stores.jobs.leases()

        def take_all(_: int) -> list[TrainingJob]:
            return [job for lease in leases if (job := stores.jobs.rescue(lease))]

        with ThreadPoolExecutor(4) as pool:
            rescued = [job for part in pool.map(take_all, range(4)) for job in part]

        assert len(rescued) == len({job.job_id for job in rescued}) == 10

    # --- counting ---

    def test_crashes_and_temporary_errors_are_counted_apart(self, stores: Stores) -> None:
        _, claim = running(stores, max_attempts=2)
        crashed = stores.jobs.release(claim, outcome=AttemptOutcome.STALLED)
        _, claim = claimed(stores)
        erred = stores.jobs.release(claim, outcome=AttemptOutcome.TEMPORARY_ERROR)

        assert (crashed.crash_count, crashed.error_count) == (1, 0)
        assert (erred.status, erred.crash_count, erred.error_count) == (JobStatus.QUEUED, 1, 1)

    def test_a_new_checkpoint_ends_the_row_of_failures(self, stores: Stores) -> None:
        job, claim = running(stores, max_attempts=2)
        for step in range(1, 5):
            stores.jobs.add_checkpoint(claim, a_checkpoint(job, step))
            back = stores.jobs.release(claim, outcome=AttemptOutcome.CRASH)
            assert (back.status, back.crash_count) == (JobStatus.QUEUED, 1)
            job, claim = claimed(stores)

        failed = stores.jobs.release(claim, outcome=AttemptOutcome.OUT_OF_MEMORY, message="killed at 64 MiB")

        assert failed.status is JobStatus.FAILED
        assert failed.failure_reason is AttemptOutcome.OUT_OF_MEMORY
        assert "killed at 64 MiB" in (failed.error_message or "")

    def test_the_second_retry_in_a_row_has_to_wait(self, stores: Stores) -> None:
        _, claim = running(stores, max_attempts=4)
        stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, retry_s=60)
        _, claim = claimed(stores)
        waiting = stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, retry_s=60)

        assert stores.jobs.claim("worker-1", lease_s=60) is None
        assert stores.jobs.get(waiting.job_id).not_before is not None

    def test_attempts_are_kept_with_their_outcome(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, message="signal 11")
        claimed(stores, "worker-2")

        first, second = stores.jobs.attempts(job.job_id)

        assert (first.claim_epoch, first.owner, first.outcome) == (1, "worker-1", AttemptOutcome.CRASH)
        assert (first.message, first.ended_at is None) == ("signal 11", False)
        assert (second.claim_epoch, second.owner, second.outcome, second.ended_at) == (2, "worker-2", None, None)

    def test_a_hand_back_neither_counts_nor_ends_the_row_of_failures(self, stores: Stores) -> None:
        _, claim = running(stores, max_attempts=3)
        for outcome in (AttemptOutcome.CRASH, AttemptOutcome.HANDED_BACK, AttemptOutcome.PAUSED):
            job = stores.jobs.release(claim, outcome=outcome)
            assert (job.crash_count, job.attempt) == (1, 1)
            _, claim = claimed(stores)

        assert stores.jobs.release(claim, outcome=AttemptOutcome.CRASH).crash_count == 2

    def test_a_checkpoint_ends_the_row_of_errors_too_and_even_if_the_attempt_is_handed_back(
        self, stores: Stores
    ) -> None:
        _, claim = running(stores, max_attempts=3)
        stores.jobs.release(claim, outcome=AttemptOutcome.TEMPORARY_ERROR)
        job, claim = claimed(stores)
        stores.jobs.release(claim, outcome=AttemptOutcome.CRASH)
        job, claim = claimed(stores)
        stores.jobs.add_checkpoint(claim, a_checkpoint(job, 5))

        back = stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK)

        assert (back.crash_count, back.error_count) == (0, 0)

    def test_a_checkpoint_that_is_no_farther_than_earlier_ones_ends_no_row(self, stores: Stores) -> None:
        # a job that dies behind its last checkpoint would otherwise go round for ever
        job, claim = running(stores, max_attempts=3)
        stores.jobs.add_checkpoint(claim, a_checkpoint(job, 5))
        stores.jobs.release(claim, outcome=AttemptOutcome.CRASH)
        for step in (5, 4):
            job, claim = claimed(stores)
            stores.jobs.add_checkpoint(claim, a_checkpoint(job, step))
            back = stores.jobs.release(claim, outcome=AttemptOutcome.CRASH)

        assert (back.status, back.checkpoint_step) == (JobStatus.FAILED, 5)

    def test_a_checkpoint_of_an_earlier_attempt_ends_no_row(self, stores: Stores) -> None:
        job, claim = running(stores, max_attempts=2)
        stores.jobs.add_checkpoint(claim, a_checkpoint(job, 5))
        stores.jobs.release(claim, outcome=AttemptOutcome.CRASH)
        _, claim = claimed(stores)

        assert stores.jobs.release(claim, outcome=AttemptOutcome.CRASH).status is JobStatus.FAILED

    def test_temporary_errors_in_a_row_fail_the_job_with_their_name(self, stores: Stores) -> None:
        _, claim = running(stores, max_attempts=2)
        stores.jobs.release(claim, outcome=AttemptOutcome.TEMPORARY_ERROR, message="disk full")
        _, claim = claimed(stores)

        failed = stores.jobs.release(claim, outcome=AttemptOutcome.TEMPORARY_ERROR, message="disk full")

        assert (failed.status, failed.failure_reason) == (JobStatus.FAILED, AttemptOutcome.TEMPORARY_ERROR)
        assert "disk full" in (failed.error_message or "")

    @pytest.mark.parametrize("outcome", [AttemptOutcome.ERROR, AttemptOutcome.TIMEOUT, AttemptOutcome.REJECTED])
    def test_what_would_end_the_same_way_again_fails_at_once(self, stores: Stores, outcome: AttemptOutcome) -> None:
        job, claim = running(stores, max_attempts=3)

        failed = stores.jobs.fail(claim, error_message="no such column", outcome=outcome)

        assert (failed.status, failed.failure_reason) == (JobStatus.FAILED, outcome)
        assert stores.jobs.attempts(job.job_id)[-1].outcome is outcome

    def test_the_first_retry_comes_at_once_and_a_claim_ends_the_pause(self, stores: Stores) -> None:
        _, claim = running(stores, max_attempts=4)

        first = stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, retry_s=60)
        job, _ = claimed(stores)

        assert (first.not_before, job.not_before) == (None, None)

    def test_a_rescue_ends_the_lease_and_the_attempt(self, stores: Stores) -> None:
        job, claim = running(stores)

        rescue_all(stores)

        assert stores.jobs.leases() == []
        (attempt,) = stores.jobs.attempts(job.job_id)
        assert (attempt.outcome, attempt.claim_epoch) == (AttemptOutcome.LEASE_EXPIRED, claim.epoch)

    def test_attempts_of_an_unknown_job_are_not_found(self, stores: Stores) -> None:
        assert stores.jobs.attempts(queued(stores).job_id) == []
        with pytest.raises(JobNotFound):
            stores.jobs.attempts("job_0")
