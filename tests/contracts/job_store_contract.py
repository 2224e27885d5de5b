"""What every `JobStore` must do, whatever it stores in."""

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.database.base import (
    ClaimLost,
    IdempotencyMismatch,
    JobAlreadyFinished,
    JobNotFound,
    QueueFull,
    StaleVersion,
)
from shared.database.stores import Stores
from shared.errors import Conflict
from shared.models.events import EventType
from shared.models.job import (
    AttemptOutcome,
    Claim,
    IdempotencyKey,
    IllegalTransition,
    JobCounts,
    JobStatus,
    Lease,
    Progress,
    QueueLimits,
    StopRequest,
    TrainingJob,
)
from shared.models.queue import HEAD_START
from tests.support.store_values import START, a_checkpoint, a_job, an_adapter, an_audit, claimed, queued, running

# A lease that has run out already: no test has to wait for one.
RUN_OUT_S = -1.0
HALF_WAY = Progress(current_epoch=0, total_epochs=2, current_step=5, total_steps=10, metrics={"loss": 1.25})


def rescue_all(stores: Stores) -> list[TrainingJob]:
    """Every running job is taken from its worker."""
    return [job for lease in stores.jobs.leases() if (job := stores.jobs.rescue(lease))]


class JobStoreContract:
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    # --- storing and reading ---

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

    # --- progress, checkpoints, events ---

    def test_progress_is_stored_with_its_event(self, stores: Stores) -> None:
        job, claim = running(stores)

        event = stores.jobs.record_progress(claim, HALF_WAY, detail={"note": "Schritt"})

        after = stores.jobs.get(job.job_id)
        assert (after.progress, after.progress_percent, after.event_seq) == (HALF_WAY, 50.0, event.seq)
        assert event == stores.jobs.events(job.job_id)[-1]
        assert (event.type, event.seq) == (EventType.STEP, job.event_seq + 1)
        assert event.payload == {
            "note": "Schritt",
            "status": "running",
            "progress_percent": 50.0,
            "current_epoch": 0,
            "total_epochs": 2,
            "current_step": 5,
            "total_steps": 10,
            "metrics": {"loss": 1.25},
        }

    def test_a_figure_that_is_no_number_is_stored_as_null(self, stores: Stores) -> None:
        job, claim = running(stores)

        stores.jobs.record_progress(claim, Progress(metrics={"loss": float("nan"), "norms": [float("inf"), 1.0]}))

        assert stores.jobs.get(job.job_id).progress.metrics == {"loss": None, "norms": [None, 1.0]}

    def test_checkpoints_come_newest_first_and_can_be_forgotten(self, stores: Stores) -> None:
        job, claim = running(stores)
        first, second = a_checkpoint(job, 5), a_checkpoint(job, 10, loss=None)
        stores.jobs.add_checkpoint(claim, second)
        event = stores.jobs.add_checkpoint(claim, first)
        stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK)
        again, claim = claimed(stores)
        resumed = a_checkpoint(again, 7)
        stores.jobs.add_checkpoint(claim, resumed)

        assert event.type is EventType.CHECKPOINT
        assert (event.payload["step"], event.payload["status"]) == (5, "running")
        assert stores.jobs.checkpoints(job.job_id) == [resumed, second, first]

        stores.jobs.forget_checkpoints(job.job_id, [first.path, resumed.path])
        assert stores.jobs.checkpoints(job.job_id) == [second]

    def test_a_checkpoint_is_registered_once(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.add_checkpoint(claim, a_checkpoint(job, 5))

        with pytest.raises(Conflict):
            stores.jobs.add_checkpoint(claim, a_checkpoint(job, 5))

        assert stores.jobs.get(job.job_id).event_seq == job.event_seq + 1

    def test_events_are_a_sequence_without_gaps_that_replays_to_the_job(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.record_progress(claim, HALF_WAY)
        stores.jobs.heartbeat(claim, lease_s=60)
        stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK)
        again, claim = claimed(stores)
        stores.jobs.record_progress(claim, HALF_WAY, kind=EventType.EVALUATION)
        done = stores.jobs.complete(claim, an_adapter(again), progress=HALF_WAY)

        events = stores.jobs.events(job.job_id)

        assert [event.seq for event in events] == list(range(1, done.event_seq + 1))
        statuses = [event.payload["status"] for event in events if event.type is EventType.STATUS]
        assert statuses == ["pending", "queued", "running", "queued", "running", "completed"]
        assert events[-1].payload["progress_percent"] == done.progress_percent == 100.0
        assert all(before.created_at <= after.created_at for before, after in itertools.pairwise(events))
        assert [event.seq for event in stores.jobs.events(job.job_id, after=2, limit=3)] == [3, 4, 5]
        assert stores.jobs.events(job.job_id, after=done.event_seq) == []

    def test_the_first_look_for_changes_names_every_job_that_has_not_ended(self, stores: Stores) -> None:
        assert stores.jobs.changes().heads == {}
        ended = queued(stores)
        stores.jobs.cancel(ended.job_id, audit=an_audit())
        job, claim = running(stores)
        event = stores.jobs.record_progress(claim, HALF_WAY)

        assert stores.jobs.changes().heads == {job.job_id: event.seq}

    def test_later_looks_name_what_changed_since_the_earlier_one(self, stores: Stores) -> None:
        job, claim = running(stores)
        first = stores.jobs.changes()
        assert stores.jobs.changes(first.cursor).heads == {}
        stores.jobs.heartbeat(claim, lease_s=60)
        assert stores.jobs.changes(first.cursor).heads == {}

        event = stores.jobs.record_progress(claim, HALF_WAY)
        short_lived = stores.jobs.add(a_job(2), audit=an_audit())
        stores.jobs.cancel(short_lived.job_id, audit=an_audit())

        second = stores.jobs.changes(first.cursor)
        assert second.heads == {job.job_id: event.seq, short_lived.job_id: 2}
        assert stores.jobs.changes(second.cursor).heads == {}

    # --- ends ---

    def test_completion_writes_job_adapter_event_and_audit_together(self, stores: Stores) -> None:
        job, claim = running(stores)
        adapter = an_adapter(job)

        done = stores.jobs.complete(claim, adapter, progress=HALF_WAY)

        assert (done.status, done.progress_percent, done.progress) == (JobStatus.COMPLETED, 100.0, HALF_WAY)
        assert (done.adapter_id, done.adapter_path) == (adapter.adapter_id, adapter.path)
        assert (done.owner, done.lease_until) == (None, None)
        assert done.completed_at is not None
        assert stores.jobs.get(job.job_id) == done
        assert stores.adapters.get(adapter.adapter_id) == adapter
        event = stores.jobs.events(job.job_id)[-1]
        assert (event.payload["status"], event.payload["adapter_id"]) == ("completed", adapter.adapter_id)
        assert stores.audit.page(object_id=job.job_id)[0][1].action == "job.completed"

    def test_a_completion_that_cannot_store_its_adapter_changes_nothing(self, stores: Stores) -> None:
        first, claim = running(stores)
        stores.jobs.complete(claim, an_adapter(first), progress=HALF_WAY)
        job, claim = running(stores, number=2)
        audit = stores.audit.page()

        with pytest.raises(Conflict):
            stores.jobs.complete(claim, an_adapter(job, adapter_id=f"adp_{first.job_id}"), progress=HALF_WAY)

        assert stores.jobs.get(job.job_id) == job
        assert stores.jobs.events(job.job_id)[-1].seq == job.event_seq
        assert stores.audit.page() == audit
        assert stores.adapters.page().total == 1

    def test_a_failed_job_says_why(self, stores: Stores) -> None:
        job, claim = running(stores)

        failed = stores.jobs.fail(claim, error_message="loss is NaN\x00 \udcff at step 7", outcome=AttemptOutcome.ERROR)

        assert failed.status is JobStatus.FAILED
        assert (failed.owner, failed.lease_until) == (None, None)
        assert failed.error_message is not None
        assert "loss is NaN" in failed.error_message
        assert stores.jobs.get(job.job_id) == failed
        assert stores.jobs.events(job.job_id)[-1].payload["reason"] == "error"
        assert failed.failure_reason is AttemptOutcome.ERROR

    def test_a_hand_back_does_not_burn_an_attempt(self, stores: Stores) -> None:
        job, claim = running(stores, max_attempts=1)

        for epoch in range(2, 5):
            back = stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK)
            assert (back.status, back.attempt, back.owner, back.lease_until) == (JobStatus.QUEUED, 0, None, None)
            again, claim = claimed(stores)
            assert (again.attempt, again.claim_epoch) == (1, epoch)
            assert again.started_at == job.started_at

    def test_the_last_burned_attempt_fails_the_job(self, stores: Stores) -> None:
        _, claim = running(stores, max_attempts=2)
        back = stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, message="signal 11")
        assert (back.status, back.attempt) == (JobStatus.QUEUED, 1)
        job, claim = claimed(stores)
        assert job.attempt == 2

        failed = stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, message="signal 11")

        assert failed.status is JobStatus.FAILED
        assert failed.error_message is not None
        assert "2 attempts" in failed.error_message
        assert "signal 11" in failed.error_message

    # --- cancel ---

    def test_a_cancel_of_a_waiting_job_is_final_at_once(self, stores: Stores) -> None:
        for job in (stores.jobs.add(a_job(1), audit=an_audit()), queued(stores, 2)):
            cancelled = stores.jobs.cancel(job.job_id, audit=an_audit("job.cancelled", object_id=job.job_id))

            assert cancelled.status is JobStatus.CANCELLED
            assert cancelled.completed_at is not None
            assert stores.jobs.events(job.job_id)[-1].payload["status"] == "cancelled"
            assert stores.audit.page(object_id=job.job_id)[0][1].actor == "tina@amt.example"
        assert stores.jobs.claim("worker-1", lease_s=60) is None

    def test_a_cancel_of_a_running_job_asks_its_worker_to_let_go(self, stores: Stores) -> None:
        job, claim = running(stores)

        asked = stores.jobs.cancel(job.job_id, audit=an_audit())

        assert (asked.status, asked.cancel_requested) == (JobStatus.RUNNING, True)
        assert stores.jobs.heartbeat(claim, lease_s=60) is StopRequest.CANCEL
        assert stores.jobs.events(job.job_id)[-1].payload["cancel_requested"] is True
        gone = stores.jobs.finish_cancel(claim)
        assert (gone.status, gone.owner) == (JobStatus.CANCELLED, None)
        assert stores.jobs.get(job.job_id) == gone

    def test_a_second_cancel_of_a_running_job_changes_nothing(self, stores: Stores) -> None:
        job, _ = running(stores)
        asked = stores.jobs.cancel(job.job_id, audit=an_audit())
        audit = stores.audit.page()

        assert stores.jobs.cancel(job.job_id, audit=an_audit()) == asked
        assert stores.audit.page() == audit

    def test_an_acknowledged_cancel_can_never_be_completed(self, stores: Stores) -> None:
        job, claim = running(stores)
        stores.jobs.cancel(job.job_id, audit=an_audit())

        with pytest.raises(ClaimLost):
            stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY)

        assert stores.adapters.page().total == 0
        assert stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK).status is JobStatus.CANCELLED

    def test_letting_go_needs_a_cancel(self, stores: Stores) -> None:
        _, claim = running(stores)

        with pytest.raises(ClaimLost):
            stores.jobs.finish_cancel(claim)

    @pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
    def test_a_finished_job_cannot_be_cancelled(self, stores: Stores, end: str) -> None:
        job, claim = running(stores)
        if end == "completed":
            stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY)
        elif end == "failed":
            stores.jobs.fail(claim, error_message="x", outcome=AttemptOutcome.ERROR)
        else:
            stores.jobs.cancel(job.job_id, audit=an_audit())
            stores.jobs.finish_cancel(claim)
        before = stores.jobs.get(job.job_id)

        with pytest.raises(JobAlreadyFinished, match=end):
            stores.jobs.cancel(job.job_id, audit=an_audit())

        assert stores.jobs.get(job.job_id) == before

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

    # --- the queue ---

    def test_a_newcomer_is_not_put_behind_a_backlog_that_is_still_to_be_checked(self, stores: Stores) -> None:
        for number in range(30):
            stores.jobs.add(a_job(number, created_by="a@amt.example"), audit=an_audit())
        stores.jobs.add(a_job(30, created_by="b@amt.example"), audit=an_audit())

        users = [job.created_by for job in stores.jobs.pending(4)]

        assert "b@amt.example" in users[:2]

    def test_a_job_knows_how_many_are_claimed_before_it(self, stores: Stores) -> None:
        jobs = [queued(stores, number) for number in range(4)]
        urgent = queued(stores, 4, priority=5)
        stores.jobs.pause(jobs[1].job_id, audit=an_audit())

        waiting = [stores.jobs.waiting_before(job) for job in (urgent, jobs[0], jobs[2], jobs[3])]
        order = [claimed(stores)[0].job_id for _ in range(4)]

        assert waiting == [0, 1, 2, 3]
        assert order == [job.job_id for job in (urgent, jobs[0], jobs[2], jobs[3])]

    def test_a_newcomer_starts_next_however_many_jobs_another_user_has(self, stores: Stores) -> None:
        for number in range(8):
            queued(stores, number, created_by="a@amt.example")
        claimed(stores)
        claimed(stores)
        queued(stores, 20, created_by="b@amt.example")
        queued(stores, 21, created_by="b@amt.example")
        queued(stores, 22, created_by="c@amt.example")

        order = [claimed(stores)[0].created_by[0] for _ in range(5)]

        assert order.index("b") < 2
        assert order.index("c") <= 2
        assert order[3:] != ["b", "b"]

    def test_own_jobs_of_a_higher_priority_come_first(self, stores: Stores) -> None:
        for number in range(12):
            queued(stores, number, priority=1)
        urgent = [queued(stores, number, priority=5) for number in (20, 21)]

        assert [claimed(stores)[0].job_id for _ in range(2)] == [job.job_id for job in urgent]

    def test_an_endless_stream_of_urgent_jobs_starves_nobody(self, stores: Stores) -> None:
        patient = queued(stores, 0, priority=1, created_by="b@amt.example")
        for number in range(1, 60):
            queued(stores, number, priority=5, created_by="a@amt.example")
            job, claim = claimed(stores)
            if job.job_id == patient.job_id:
                break
            stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY)
        assert job.job_id == patient.job_id
        assert number <= 4 * HEAD_START + 2

    def test_a_job_that_was_handed_back_keeps_its_place(self, stores: Stores) -> None:
        first, claim = running(stores)
        queued(stores, 2)

        stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK)

        assert claimed(stores)[0].job_id == first.job_id

    def test_limits_hold_however_many_submit_at_once(self, stores: Stores) -> None:
        limits = QueueLimits(total=7, per_user=4)

        def submit(number: int) -> bool:
            user = "ab"[number % 2] + "@amt.example"
            try:
                stores.jobs.add(a_job(number, created_by=user), audit=an_audit(), limits=limits)
            except QueueFull:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            accepted = sum(pool.map(submit, range(24)))

        assert accepted == stores.jobs.counts().active == 7

    def test_a_limit_of_one_user_leaves_room_for_others(self, stores: Stores) -> None:
        limits = QueueLimits(per_user=1)
        first = stores.jobs.add(a_job(1, created_by="a"), audit=an_audit(), limits=limits)
        with pytest.raises(QueueFull, match="a has 1 active"):
            stores.jobs.add(a_job(2, created_by="a"), audit=an_audit(), limits=limits)
        stores.jobs.add(a_job(3, created_by="b"), audit=an_audit(), limits=limits)
        stores.jobs.cancel(first.job_id, audit=an_audit())

        stores.jobs.add(a_job(4, created_by="a"), audit=an_audit(), limits=limits)

    # --- idempotency ---

    def test_one_key_makes_one_job_however_many_submit_at_once(self, stores: Stores) -> None:
        key = IdempotencyKey("a", "k1", "0" * 64)

        with ThreadPoolExecutor(8) as pool:
            jobs = list(pool.map(lambda n: stores.jobs.add(a_job(n), audit=an_audit(), key=key), range(16)))

        assert len({job.job_id for job in jobs}) == stores.jobs.counts().total == 1
        assert stores.jobs.submitted_with(key) == jobs[0]

    def test_a_key_with_another_request_is_refused_and_stores_nothing(self, stores: Stores) -> None:
        key = IdempotencyKey("a", "k1", "0" * 64)
        stores.jobs.add(a_job(1), audit=an_audit(), key=key)
        other = IdempotencyKey("a", "k1", "1" * 64)

        with pytest.raises(IdempotencyMismatch):
            stores.jobs.add(a_job(2), audit=an_audit(), key=other)
        with pytest.raises(IdempotencyMismatch):
            stores.jobs.submitted_with(other)

        assert stores.jobs.counts().total == 1

    def test_keys_of_different_users_never_meet(self, stores: Stores) -> None:
        stores.jobs.add(a_job(1), audit=an_audit(), key=IdempotencyKey("a", "k", "0" * 64))

        stores.jobs.add(a_job(2), audit=an_audit(), key=IdempotencyKey("b", "k", "1" * 64))

        assert stores.jobs.counts().total == 2
        assert stores.jobs.submitted_with(IdempotencyKey("c", "k", "0" * 64)) is None

    def test_a_full_queue_still_answers_a_known_key(self, stores: Stores) -> None:
        key = IdempotencyKey("a", "k", "0" * 64)
        first = stores.jobs.add(a_job(1), audit=an_audit(), key=key)

        assert stores.jobs.add(a_job(2), audit=an_audit(), key=key, limits=QueueLimits(total=1)) == first

    # --- audit ---

    def test_every_change_of_state_has_exactly_one_audit_entry(self, stores: Stores) -> None:
        job = stores.jobs.add(a_job(job_id="job_1"), audit=an_audit(object_id="job_1"))
        stores.jobs.admit(job)
        taken, claim = claimed(stores)
        stores.jobs.record_progress(claim, HALF_WAY)
        stores.jobs.add_checkpoint(claim, a_checkpoint(taken, 5))
        stores.jobs.release(claim, outcome=AttemptOutcome.CRASH)
        _, claim = claimed(stores)
        stores.jobs.cancel("job_1", audit=an_audit("job.cancel_requested", object_id="job_1"))
        stores.jobs.finish_cancel(claim)

        actions = [entry.action for _, entry in reversed(stores.audit.page(object_id="job_1"))]

        assert actions == [
            "job.submitted",
            "job.queued",
            "job.claimed",
            "job.released",
            "job.claimed",
            "job.cancel_requested",
            "job.cancelled",
        ]
