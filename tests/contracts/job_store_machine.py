"""Random lives of jobs: whatever the order of calls, a `JobStore` keeps to `TRANSITIONS` and to its promises.

Wall clocks jump by up to an hour at any time; rescues are decided by a `LeaseWatch` on a monotonic clock. What is known
without asking the store (who holds what, what was asked, how often it crashed) is kept beside it and compared.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule

from backend.training.workers.lease_watch import LeaseWatch
from shared.database.base import ClaimLost, IdempotencyMismatch, JobAlreadyFinished, StaleVersion
from shared.database.stores import Stores
from shared.models.events import EventType
from shared.models.job import (
    CRASHES,
    ERRORS,
    HAND_BACKS,
    TRANSITIONS,
    AttemptOutcome,
    Claim,
    IdempotencyKey,
    IllegalTransition,
    JobStatus,
    Lease,
    Progress,
    StopRequest,
    TrainingJob,
)
from tests.contracts.fake_time import FakeTime
from tests.support.store_values import a_checkpoint, a_job, an_adapter, an_audit

LEASE_S = 10.0
RETRY_S = 30.0
MOST_JOBS = 5
ENDS_OF_ATTEMPTS = st.sampled_from(sorted(CRASHES | ERRORS | HAND_BACKS))


@dataclass
class Known:
    """What we know of a job without asking the store."""

    claim: Claim | None = None
    epoch: int = 0
    beat_at: float = 0.0
    crashes: int = 0
    errors: int = 0
    has_checkpoint: bool = False
    cancel_asked: bool = False
    is_paused: bool = False
    end: TrainingJob | None = None
    checkpoints: int = 0
    keys: set[tuple[str, str]] = field(default_factory=set)


class JobStoreMachine(RuleBasedStateMachine):
    """Set `make_stores` in a subclass to something that gives empty `Stores` on the wall clock of a `FakeTime`."""

    make_stores: Callable[[FakeTime], Stores]
    claims = Bundle("claims")
    leases = Bundle("leases")
    seen = Bundle("seen")

    def __init__(self) -> None:
        super().__init__()
        self.time = FakeTime()
        self.stores = type(self).make_stores(self.time)
        self.watch = LeaseWatch(LEASE_S, self.time.monotonic)
        self.known: dict[str, Known] = {}
        self.key_requests: dict[tuple[str, str], tuple[str, str]] = {}

    def teardown(self) -> None:
        self.stores.close()

    # --- the world ---

    @rule(minutes=st.sampled_from([-60, -1, 1, 60]))
    def somebody_sets_the_clock(self, minutes: int) -> None:
        self.time.jump(60 * minutes)

    @rule(looks=st.sampled_from([1, 3, 12]))
    def time_passes_while_an_onlooker_looks(self, looks: int) -> None:
        for _ in range(looks):
            self.time.pass_by(LEASE_S / 5)
            for lease in self.watch.silent(self.stores.jobs.leases()):
                known = self.known[lease.claim.job_id]
                assert known.claim == lease.claim
                assert self.time.monotonic() - known.beat_at >= LEASE_S, "taken from a worker that lives"
                self._rescue(lease)
        if looks * LEASE_S / 5 >= 2 * LEASE_S:
            assert not self.stores.jobs.leases(), "left with a worker that is silent"

    @rule()
    def time_passes_and_nobody_looks(self) -> None:
        self.time.pass_by(3 * LEASE_S)
        assert not self.watch.silent(self.stores.jobs.leases()), "judged by a time in which nobody could look"

    # --- users ---

    # few jobs, so that a run tells whole lives and not many beginnings
    @precondition(lambda self: len(self.known) < MOST_JOBS)
    @rule(
        target=seen,
        priority=st.integers(1, 5),
        max_attempts=st.integers(1, 3),
        user=st.sampled_from("ab"),
        key=st.sampled_from([None, "k1", "k2"]),
        request=st.sampled_from("01"),
        is_checked=st.booleans(),
    )
    def submit(
        self, priority: int, max_attempts: int, user: str, key: str | None, request: str, is_checked: bool
    ) -> object:
        number = len(self.known)
        job = a_job(number, job_id=f"job_{number}", priority=priority, max_attempts=max_attempts, created_by=user)
        named = None if key is None else IdempotencyKey(user, key, request * 64)
        audit = an_audit(object_id=job.job_id)
        used = self.key_requests.get((user, key or ""))
        if named is not None and used is not None:
            earlier, known_request = used
            try:
                found = self.stores.jobs.add(job, audit=audit, key=named)
            except IdempotencyMismatch:
                assert known_request != request
                return multiple()
            assert (found.job_id, known_request) == (earlier, request)
            return found
        stored = self.stores.jobs.add(job, audit=audit, key=named)
        assert stored.job_id == job.job_id
        self.known[job.job_id] = Known()
        if key is not None:
            self.key_requests[user, key] = job.job_id, request
        return self.stores.jobs.admit(stored) if is_checked else stored

    @rule(job=seen)
    def pause(self, job: TrainingJob) -> None:
        if self._user_changes(job.job_id, self.stores.jobs.pause):
            self.known[job.job_id].is_paused = True

    @rule(job=seen)
    def unpause(self, job: TrainingJob) -> None:
        if self._user_changes(job.job_id, self.stores.jobs.unpause):
            self.known[job.job_id].is_paused = False

    @rule(job=seen)
    def cancel(self, job: TrainingJob) -> None:
        self._cancel(job.job_id)

    @precondition(lambda self: any(known.claim for known in self.known.values()))
    @rule(choice=st.integers(0, MOST_JOBS))
    def cancel_a_running_job(self, choice: int) -> None:
        held = sorted(job_id for job_id, known in self.known.items() if known.claim)
        self._cancel(held[choice % len(held)])

    # --- the pre-flight check ---

    @rule(target=seen, job=seen)
    def admit(self, job: TrainingJob) -> TrainingJob:
        now = self.stores.jobs.get(job.job_id)
        try:
            admitted = self.stores.jobs.admit(job)
        except IllegalTransition:
            assert job.status is not JobStatus.PENDING
            return now
        except StaleVersion:
            assert now.version != job.version
            return now
        assert (now.version, now.status) == (job.version, JobStatus.PENDING)
        return admitted

    @rule(job=seen)
    def reject(self, job: TrainingJob) -> None:
        now = self.stores.jobs.get(job.job_id)
        try:
            rejected = self.stores.jobs.reject(job, error_message="impossible")
        except IllegalTransition:
            assert job.status not in {JobStatus.PENDING, JobStatus.QUEUED}
        except StaleVersion:
            assert now.version != job.version
        else:
            self._end(rejected, JobStatus.FAILED)

    # --- workers ---

    # one owner: only the epoch tells its claims apart, which is the harder case
    @rule(target=claims, owner=st.just("worker-1"))
    def claim(self, owner: str) -> object:
        waiting = [job for job in self._jobs() if self._is_claimable(job)]
        found = self.stores.jobs.claim(owner, lease_s=LEASE_S)
        if found is None:
            assert not waiting
            return multiple()
        job, claim = found
        first = min(waiting, key=lambda waiting_job: (waiting_job.queue_rank, waiting_job.created_at))
        known = self.known[job.job_id]
        assert job.job_id == first.job_id
        assert known.claim is None
        assert claim.epoch > known.epoch
        assert job.attempt == first.attempt + 1
        known.claim, known.epoch, known.beat_at, known.has_checkpoint = claim, claim.epoch, self.time.monotonic(), False
        return claim

    @rule(claim=claims)
    def heartbeat(self, claim: Claim) -> None:
        known = self.known[claim.job_id]
        if self._fenced(claim, lambda: self.stores.jobs.heartbeat(claim, lease_s=LEASE_S)):
            known.beat_at = self.time.monotonic()
            asked = self.stores.jobs.heartbeat(claim, lease_s=LEASE_S)
            pause = StopRequest.PAUSE if known.is_paused else None
            assert asked is (StopRequest.CANCEL if known.cancel_asked else pause)

    @rule(claim=claims, step=st.integers(0, 20))
    def progress(self, claim: Claim, step: int) -> None:
        self._fenced(claim, lambda: self.stores.jobs.record_progress(claim, Progress(0, 1, step, 10)))

    @rule(claim=claims)
    def checkpoint(self, claim: Claim) -> None:
        known = self.known[claim.job_id]
        checkpoint = a_checkpoint(a_job(job_id=claim.job_id, claim_epoch=claim.epoch), known.checkpoints)
        if self._fenced(claim, lambda: self.stores.jobs.add_checkpoint(claim, checkpoint)):
            known.checkpoints += 1
            known.has_checkpoint = True

    @rule(claim=claims)
    def complete(self, claim: Claim) -> None:
        adapter = an_adapter(a_job(job_id=claim.job_id, claim_epoch=claim.epoch))
        may = not self.known[claim.job_id].cancel_asked
        if self._fenced(claim, lambda: self.stores.jobs.complete(claim, adapter, progress=Progress()), may=may):
            self._end(self.stores.jobs.get(claim.job_id), JobStatus.COMPLETED)

    @rule(claim=claims)
    def fail(self, claim: Claim) -> None:
        outcome = AttemptOutcome.ERROR
        if self._fenced(claim, lambda: self.stores.jobs.fail(claim, error_message="x", outcome=outcome)):
            self._end(self.stores.jobs.get(claim.job_id), JobStatus.FAILED)

    @rule(claim=claims, outcome=ENDS_OF_ATTEMPTS, retry_s=st.sampled_from([0.0, RETRY_S]))
    def release(self, claim: Claim, outcome: AttemptOutcome, retry_s: float) -> None:
        before = self.stores.jobs.get(claim.job_id)
        if self._fenced(claim, lambda: self.stores.jobs.release(claim, outcome=outcome, retry_s=retry_s)):
            self._let_go(before, outcome)

    @rule(claim=claims)
    def finish_cancel(self, claim: Claim) -> None:
        may = self.known[claim.job_id].cancel_asked
        if self._fenced(claim, lambda: self.stores.jobs.finish_cancel(claim), may=may):
            self._end(self.stores.jobs.get(claim.job_id), JobStatus.CANCELLED)

    @rule(target=leases)
    def somebody_notes_a_lease(self) -> object:
        found = self.stores.jobs.leases()
        return found[0] if found else multiple()

    @rule(lease=leases)
    def a_late_rescue(self, lease: Lease) -> None:
        now = self.stores.jobs.leases()
        if lease in now:
            self._rescue(lease)
        else:
            before = self.stores.jobs.get(lease.claim.job_id)
            assert self.stores.jobs.rescue(lease) is None
            assert self.stores.jobs.get(lease.claim.job_id) == before

    @precondition(lambda self: any(known.claim for known in self.known.values()))
    @rule()
    def a_heartbeat_overtakes_a_rescue(self) -> None:
        for lease in self.stores.jobs.leases():
            self.stores.jobs.heartbeat(lease.claim, lease_s=LEASE_S)
            self.known[lease.claim.job_id].beat_at = self.time.monotonic()
            assert self.stores.jobs.rescue(lease) is None

    # --- what always holds ---

    @invariant()
    def running_jobs_are_the_held_ones(self) -> None:
        running = {job.job_id: (job.owner, job.claim_epoch) for job in self._jobs() if job.status is JobStatus.RUNNING}
        held = {job_id: known.claim for job_id, known in self.known.items() if known.claim}
        assert running == {job_id: (claim.owner, claim.epoch) for job_id, claim in held.items()}

    @invariant()
    def ended_jobs_never_change(self) -> None:
        for job_id, known in self.known.items():
            assert known.end is None or self.stores.jobs.get(job_id) == known.end

    @invariant()
    def a_completed_job_has_its_adapter_and_no_other_has_one(self) -> None:
        jobs = self._jobs()
        completed = {job.job_id for job in jobs if job.status is JobStatus.COMPLETED}
        assert {adapter.job_id for adapter in self.stores.adapters.page(limit=1000).items} == completed
        assert {job.job_id for job in jobs if job.progress_percent == 100} == completed

    @invariant()
    def failures_are_counted(self) -> None:
        for job in self._jobs():
            known = self.known[job.job_id]
            if not job.status.is_terminal:
                assert (job.crash_count, job.error_count) == (known.crashes, known.errors)
                assert max(known.crashes, known.errors) < job.max_attempts
            assert job.is_paused == known.is_paused

    @precondition(lambda self: bool(self.known))
    @invariant()
    def events_tell_a_legal_life_without_gaps(self) -> None:
        for job in self._jobs():
            events = self.stores.jobs.events(job.job_id)
            assert [event.seq for event in events] == list(range(1, job.event_seq + 1))
            assert events[-1].payload["status"] == job.status
            life = [event.payload["status"] for event in events if event.type is EventType.STATUS]
            for before, after in pairwise(life):
                # a cancel request or a pause is an event of a job that stays as it is
                assert before == after or JobStatus(after) in TRANSITIONS[JobStatus(before)]
            assert len(self.stores.audit.page(object_id=job.job_id, limit=1000)) == len(life)
            assert [one.claim_epoch for one in self.stores.jobs.attempts(job.job_id)] == list(
                range(1, job.claim_epoch + 1)
            )

    # --- how it is done ---

    def _jobs(self) -> list[TrainingJob]:
        return [self.stores.jobs.get(job_id) for job_id in self.known]

    def _is_claimable(self, job: TrainingJob) -> bool:
        now = self.time.wall()
        waits = job.not_before is not None and now < job.not_before <= now + timedelta(seconds=600)
        return job.status is JobStatus.QUEUED and not self.known[job.job_id].is_paused and not waits

    def _fenced(self, claim: Claim, write: Callable[[], object], *, may: bool = True) -> bool:
        """Whether the write went through; it must if and only if the claim is the valid one (and `may`)."""
        expected = may and self.known[claim.job_id].claim == claim
        try:
            write()
        except ClaimLost:
            assert not expected
            return False
        assert expected
        return True

    def _user_changes(self, job_id: str, change: Callable[..., TrainingJob]) -> bool:
        before = self.stores.jobs.get(job_id)
        try:
            change(job_id, audit=an_audit(object_id=job_id))
        except JobAlreadyFinished:
            assert before.status.is_terminal
            return False
        assert not before.status.is_terminal
        return True

    def _cancel(self, job_id: str) -> None:
        before = self.stores.jobs.get(job_id)
        if self._user_changes(job_id, self.stores.jobs.cancel):
            self.known[job_id].cancel_asked = True
            after = self.stores.jobs.get(job_id)
            if before.status is JobStatus.RUNNING:
                assert (after.status, after.cancel_requested) == (JobStatus.RUNNING, True)
            else:
                self._end(after, JobStatus.CANCELLED)

    def _rescue(self, lease: Lease) -> None:
        before = self.stores.jobs.get(lease.claim.job_id)
        assert self.stores.jobs.rescue(lease) is not None
        self._let_go(before, AttemptOutcome.LEASE_EXPIRED)

    def _let_go(self, before: TrainingJob, outcome: AttemptOutcome) -> None:
        known = self.known[before.job_id]
        after = self.stores.jobs.get(before.job_id)
        if known.has_checkpoint:
            known.crashes = known.errors = 0
        known.crashes += outcome in CRASHES
        known.errors += outcome in ERRORS
        if known.cancel_asked:
            self._end(after, JobStatus.CANCELLED)
        elif outcome not in HAND_BACKS and max(known.crashes, known.errors) >= before.max_attempts:
            self._end(after, JobStatus.FAILED)
            assert after.failure_reason is outcome
        else:
            burned = outcome not in HAND_BACKS
            assert (after.status, after.attempt) == (JobStatus.QUEUED, before.attempt - (not burned))
            known.claim = None

    def _end(self, job: TrainingJob, status: JobStatus) -> None:
        assert (job.status, job.owner, job.lease_until) == (status, None, None)
        assert job.completed_at is not None
        known = self.known[job.job_id]
        known.end, known.claim = job, None
