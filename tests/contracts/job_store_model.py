"""What is known of jobs without asking the store, and the comparison with what the store tells.

J1 to J14 are the invariants of jobs in the trust catalogue; those that a store can keep are checked here and in the
machine that plays with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from shared.database.stores import Stores
from shared.models.events import EventType, JobEvent
from shared.models.job import (
    CRASHES,
    ERRORS,
    HAND_BACKS,
    TRANSITIONS,
    AttemptOutcome,
    Claim,
    JobStatus,
    Lease,
    StopRequest,
    TrainingJob,
)
from shared.models.queue import HEAD_START


@dataclass
class Known:
    """One job as it must be.

    Args:
        status: Where it must be in `TRANSITIONS`.
        max_attempts: Crashes (or temporary errors) in a row that end it.
        claim: Of the worker that holds it.
        epoch: Of the newest claim.
        attempt: Claims that were not handed back.
        beat_at: Monotonic moment of the newest sign of life.
        step: Newest step of this attempt.
        crashes: In a row.
        errors: In a row.
        farthest: Step of the farthest checkpoint.
        farthest_by: Epoch of the claim that published it.
        has_saved_farthest: Whether this attempt published one of that very step.
        checkpoints: Of all attempts.
        is_cancel_asked: Whether a cancel was acknowledged.
        is_paused: Whether a pause was acknowledged.
        outcomes: How each attempt ended, by epoch; None while it lasts.
        last_seen: The job when it was compared last.
    """

    status: JobStatus
    max_attempts: int
    claim: Claim | None = None
    epoch: int = 0
    attempt: int = 0
    beat_at: float = 0.0
    step: int = 0
    crashes: int = 0
    errors: int = 0
    farthest: int = 0
    farthest_by: int = 0
    has_saved_farthest: bool = False
    checkpoints: int = 0
    is_cancel_asked: bool = False
    is_paused: bool = False
    outcomes: dict[int, AttemptOutcome | None] = field(default_factory=dict)
    last_seen: TrainingJob | None = None

    @property
    def stop_request(self) -> StopRequest | None:
        """What a heartbeat must answer."""
        if self.is_cancel_asked:
            return StopRequest.CANCEL
        return StopRequest.PAUSE if self.is_paused else None

    def taken(self, claim: Claim, now: float) -> None:
        """A worker has it; J4: by an epoch that was never there before."""
        assert claim.epoch > self.epoch
        assert self.claim is None
        self.claim, self.epoch, self.beat_at = claim, claim.epoch, now
        self.status, self.step = JobStatus.RUNNING, 0
        self.has_saved_farthest = False
        self.attempt += 1
        self.outcomes[claim.epoch] = None

    def saved(self, step: int) -> None:
        """A checkpoint was published."""
        self.checkpoints += 1
        self.has_saved_farthest = True
        if step > self.farthest:
            self.farthest, self.farthest_by = step, self.epoch

    def let_go(self, outcome: AttemptOutcome) -> None:
        """Its worker gave it back, or was silent."""
        if self.is_cancel_asked:
            self.ended(JobStatus.CANCELLED, outcome)
            return
        if self.farthest_by == self.epoch:
            self.crashes = self.errors = 0
        self.crashes += outcome in CRASHES
        self.errors += outcome in ERRORS
        if outcome not in HAND_BACKS and max(self.crashes, self.errors) >= self.max_attempts:
            self.ended(JobStatus.FAILED, outcome)
            return
        self.attempt -= outcome in HAND_BACKS
        self.outcomes[self.epoch] = outcome
        self.status, self.claim = JobStatus.QUEUED, None

    def ended(self, status: JobStatus, outcome: AttemptOutcome | None = None) -> None:
        """It will not change any more; J6: a cancel that was acknowledged before is no completion."""
        assert not (status is JobStatus.COMPLETED and self.is_cancel_asked)
        if self.claim is not None:
            self.outcomes[self.epoch] = outcome
        self.status, self.claim = status, None


def compare(stores: Stores, known: Mapping[str, Known], *, everything: bool = False) -> None:
    """Hold the store to what is known; jobs that look as they did last time are looked into with `everything` only."""
    page = stores.jobs.page(limit=1000)
    jobs = {job.job_id: job for job in page.items}
    # J1: every acknowledged job is there, once
    assert sorted(job.job_id for job in page.items) == sorted(known)
    changed = [(one, jobs[job_id]) for job_id, one in known.items() if everything or one.last_seen != jobs[job_id]]
    for one, job in changed:
        _compare_job(one, job)
        _compare_story(stores, one, job)
        one.last_seen = job
    if changed or everything:
        _compare_all(stores, known, jobs)


def _compare_all(stores: Stores, known: Mapping[str, Known], jobs: Mapping[str, TrainingJob]) -> None:
    # J3: one lease per claim that is valid, and no other
    held = {job_id: one.claim for job_id, one in known.items() if one.claim is not None}
    assert set(stores.jobs.leases()) == {Lease(claim, jobs[job_id].beat) for job_id, claim in held.items()}
    # J5: exactly one adapter per completed job
    completed = sorted(job_id for job_id, one in known.items() if one.status is JobStatus.COMPLETED)
    assert sorted(adapter.job_id for adapter in stores.adapters.page(limit=1000).items) == completed


def _compare_job(one: Known, job: TrainingJob) -> None:
    if one.last_seen is not None:
        # J2: what has ended stays as it is
        assert job == one.last_seen or not one.last_seen.status.is_terminal
        assert job.version >= one.last_seen.version
    assert (job.status, job.claim_epoch, job.attempt) == (one.status, one.epoch, one.attempt)
    assert (job.owner is None, job.lease_until is None) == (one.claim is None, one.claim is None)
    assert (job.cancel_requested, job.is_paused) == (one.is_cancel_asked, one.is_paused)
    assert (job.completed_at is not None) == job.status.is_terminal
    assert (job.failure_reason is not None) == (job.status is JobStatus.FAILED)
    # J8: the whole of it if and only if completed
    assert (job.progress_percent == 100) == (job.status is JobStatus.COMPLETED)
    if not job.status.is_terminal:
        assert (job.crash_count, job.error_count) == (one.crashes, one.errors)
        assert (job.checkpoint_step, job.checkpoint_epoch) == (one.farthest, one.farthest_by)
        assert max(one.crashes, one.errors) < one.max_attempts
    assert job.queue_rank == job.turn - HEAD_START * (job.priority - 1)


def _compare_story(stores: Stores, one: Known, job: TrainingJob) -> None:
    events = stores.jobs.events(job.job_id, limit=1000)
    # J12: no gap, no double, and the newest tells what the row holds
    assert [event.seq for event in events] == list(range(1, job.event_seq + 1))
    assert events[-1].payload["status"] == job.status
    assert events[-1].payload["current_step"] == job.progress.current_step
    _compare_life(events)
    # J13: one entry per change of state, cancel request or pause
    told = sum(event.type is EventType.STATUS for event in events)
    assert len(stores.audit.page(object_id=job.job_id, limit=1000)) == told
    attempts = stores.jobs.attempts(job.job_id)
    assert {record.claim_epoch: record.outcome for record in attempts} == one.outcomes
    assert all((record.ended_at is None) == (record.outcome is None) for record in attempts)
    assert len(stores.jobs.checkpoints(job.job_id)) == one.checkpoints


def _compare_life(events: list[JobEvent]) -> None:
    life = [event for event in events if event.type is EventType.STATUS]
    for before, after in pairwise(JobStatus(event.payload["status"]) for event in life):
        # a cancel request or a pause is an event of a job that stays as it is
        assert before is after or after in TRANSITIONS[before]
    for earlier, later in pairwise(events):
        # J8: within an attempt progress goes on only
        if later.type is EventType.STEP and earlier.type in {EventType.STEP, EventType.CHECKPOINT}:
            assert later.payload["current_step"] >= earlier.payload["current_step"]
