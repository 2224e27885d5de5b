"""What a `JobStore` keeps of a job while a worker runs it, and how it ends: figures, events, cancels, audit."""

import itertools

import pytest

from shared.database.base import (
    ClaimLost,
    JobAlreadyFinished,
    JobNotFound,
)
from shared.database.stores import Stores
from shared.errors import Conflict
from shared.models.events import LARGEST_SEQ, EventType
from shared.models.job import (
    AttemptOutcome,
    JobStatus,
    Progress,
    StopRequest,
)
from tests.support.store_values import (
    HALF_WAY,
    a_checkpoint,
    a_job,
    an_adapter,
    an_audit,
    claimed,
    queued,
    running,
)


class JobLifeContract:
    """A part of `JobStoreContract`."""

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
        assert stores.jobs.events(job.job_id, after=LARGEST_SEQ) == []

    @pytest.mark.parametrize(
        ("points", "steps"), [(2, [1, 9]), (3, [1, 5, 9]), (4, [1, 4, 7, 9]), (9, list(range(1, 10)))]
    )
    def test_a_sample_of_events_is_spread_evenly_and_has_the_first_and_the_last(
        self, stores: Stores, points: int, steps: list[int]
    ) -> None:
        job, claim = running(stores)
        for step in range(1, 10):
            stores.jobs.record_progress(claim, Progress(current_step=step, total_steps=9))
            stores.jobs.record_progress(claim, Progress(current_step=step), kind=EventType.EVALUATION)

        sample = stores.jobs.sample_events(job.job_id, EventType.STEP, points=points)

        assert sample.total == 9
        assert [event.payload["current_step"] for event in sample.events] == steps
        assert {event.type for event in sample.events} == {EventType.STEP}

    def test_a_sample_of_events_keeps_to_a_stretch_of_one_job(self, stores: Stores) -> None:
        job, claim = running(stores)
        _, other = running(stores, number=1)
        seqs = []
        for step in range(1, 6):
            seqs.append(stores.jobs.record_progress(claim, Progress(current_step=step)).seq)
            stores.jobs.record_progress(other, Progress(current_step=100))

        sample = stores.jobs.sample_events(job.job_id, EventType.STEP, points=50, after=seqs[1], until=seqs[3])

        assert ([event.seq for event in sample.events], sample.total) == (seqs[2:4], 2)
        nothing = stores.jobs.sample_events(job.job_id, EventType.STEP, points=50, after=LARGEST_SEQ)
        assert (list(nothing.events), nothing.total) == ([], 0)
        with pytest.raises(JobNotFound):
            stores.jobs.sample_events("job_none", EventType.STEP, points=50)

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
