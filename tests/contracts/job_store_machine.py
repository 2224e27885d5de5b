"""Random lives of jobs: whatever the order of calls, a `JobStore` keeps to `TRANSITIONS` and to its promises."""

from collections.abc import Callable
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule

from shared.database.base import ClaimLost, JobAlreadyFinished, StaleVersion
from shared.database.stores import Stores
from shared.models.events import EventType
from shared.models.job import TRANSITIONS, Claim, IllegalTransition, JobStatus, Progress, TrainingJob
from tests.support.store_values import a_checkpoint, a_job, an_adapter, an_audit

NEVER_S, RUN_OUT_S = 3600.0, -1.0
MOST_JOBS = 5


class JobStoreMachine(RuleBasedStateMachine):
    """Set `make_stores` in a subclass to something that gives empty `Stores`."""

    make_stores: Callable[[], Stores]
    claims = Bundle("claims")
    seen = Bundle("seen")

    def __init__(self) -> None:
        super().__init__()
        self.stores = type(self).make_stores()
        self.job_ids: list[str] = []
        # what we know without asking the store: the valid claim of each running job, and how jobs ended
        self.held: dict[str, Claim] = {}
        self.run_out: set[str] = set()
        self.cancel_asked: set[str] = set()
        self.ended: dict[str, TrainingJob] = {}
        self.epochs: dict[str, int] = {}

    def teardown(self) -> None:
        self.stores.close()

    # few jobs, so that a run tells whole lives and not many beginnings
    @precondition(lambda self: len(self.job_ids) < MOST_JOBS)
    @rule(target=seen, priority=st.integers(1, 5), max_attempts=st.integers(1, 4), is_checked=st.booleans())
    def submit(self, priority: int, max_attempts: int, is_checked: bool) -> TrainingJob:
        number = len(self.job_ids)
        job = a_job(number, job_id=f"job_{number}", priority=priority, max_attempts=max_attempts)
        self.job_ids.append(job.job_id)
        stored = self.stores.jobs.add(job, audit=an_audit(object_id=job.job_id))
        return self.stores.jobs.admit(stored) if is_checked else stored

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

    # one owner: only the epoch tells its claims apart, which is the harder case
    @rule(target=claims, owner=st.just("worker-1"), lease_s=st.sampled_from([NEVER_S, RUN_OUT_S]))
    def claim(self, owner: str, lease_s: float) -> object:
        waiting = [job for job in self._jobs() if job.status is JobStatus.QUEUED]
        found = self.stores.jobs.claim(owner, lease_s=lease_s)
        if found is None:
            assert not waiting
            return multiple()
        job, claim = found
        first = min(waiting, key=lambda waiting_job: (-waiting_job.priority, waiting_job.created_at))
        assert job.job_id == first.job_id
        assert job.job_id not in self.held
        assert claim.epoch > self.epochs.get(job.job_id, 0)
        assert job.attempt == first.attempt + 1 <= job.max_attempts
        self.epochs[job.job_id] = claim.epoch
        self.held[job.job_id] = claim
        self._lease(job.job_id, lease_s)
        return claim

    @rule(claim=claims, lease_s=st.sampled_from([NEVER_S, RUN_OUT_S]))
    def heartbeat(self, claim: Claim, lease_s: float) -> None:
        if self._fenced(claim, lambda: self.stores.jobs.heartbeat(claim, lease_s=lease_s)):
            assert self.stores.jobs.heartbeat(claim, lease_s=lease_s) is (claim.job_id in self.cancel_asked)
            self._lease(claim.job_id, lease_s)

    @rule(claim=claims, step=st.integers(0, 20))
    def progress(self, claim: Claim, step: int) -> None:
        self._fenced(claim, lambda: self.stores.jobs.record_progress(claim, Progress(0, 1, step, 10)))

    @rule(claim=claims)
    def checkpoint(self, claim: Claim) -> None:
        number = len(self.stores.jobs.checkpoints(claim.job_id))
        checkpoint = a_checkpoint(a_job(job_id=claim.job_id, claim_epoch=claim.epoch), number)
        self._fenced(claim, lambda: self.stores.jobs.add_checkpoint(claim, checkpoint))

    @rule(claim=claims)
    def complete(self, claim: Claim) -> None:
        adapter = an_adapter(a_job(job_id=claim.job_id, claim_epoch=claim.epoch))
        may = claim.job_id not in self.cancel_asked
        if self._fenced(claim, lambda: self.stores.jobs.complete(claim, adapter, progress=Progress()), may=may):
            self._end(self.stores.jobs.get(claim.job_id), JobStatus.COMPLETED)

    @rule(claim=claims)
    def fail(self, claim: Claim) -> None:
        if self._fenced(claim, lambda: self.stores.jobs.fail(claim, error_message="x", reason="error")):
            self._end(self.stores.jobs.get(claim.job_id), JobStatus.FAILED)

    @rule(claim=claims, burn=st.booleans())
    def release(self, claim: Claim, burn: bool) -> None:
        before = self.stores.jobs.get(claim.job_id)
        if self._fenced(claim, lambda: self.stores.jobs.release(claim, reason="stop", burn_attempt=burn)):
            self._let_go(before, burn=burn)

    @rule(claim=claims)
    def finish_cancel(self, claim: Claim) -> None:
        may = claim.job_id in self.cancel_asked
        if self._fenced(claim, lambda: self.stores.jobs.finish_cancel(claim), may=may):
            self._end(self.stores.jobs.get(claim.job_id), JobStatus.CANCELLED)

    @precondition(lambda self: bool(self.held))
    @rule(choice=st.integers(0, MOST_JOBS))
    def cancel_a_running_job(self, choice: int) -> None:
        held = sorted(self.held)
        self._cancel(held[choice % len(held)])

    @rule(job=seen)
    def cancel(self, job: TrainingJob) -> None:
        self._cancel(job.job_id)

    @rule()
    def rescue(self) -> None:
        before = {job.job_id: job for job in self._jobs()}
        rescued = self.stores.jobs.rescue_expired(grace_s=0.5)
        assert {job.job_id for job in rescued} == self.run_out & self.held.keys()
        for job in rescued:
            self._let_go(before[job.job_id], burn=True)

    @invariant()
    def running_jobs_are_the_held_ones(self) -> None:
        running = {job.job_id: job.owner for job in self._jobs() if job.status is JobStatus.RUNNING}
        assert running == {job_id: claim.owner for job_id, claim in self.held.items()}

    @invariant()
    def ended_jobs_never_change(self) -> None:
        for job_id, job in self.ended.items():
            assert self.stores.jobs.get(job_id) == job

    @invariant()
    def a_completed_job_has_its_adapter_and_no_other_has_one(self) -> None:
        completed = {job.job_id for job in self._jobs() if job.status is JobStatus.COMPLETED}
        assert {adapter.job_id for adapter in self.stores.adapters.page(limit=1000).items} == completed

    @precondition(lambda self: bool(self.job_ids))
    @invariant()
    def events_tell_a_legal_life_without_gaps(self) -> None:
        for job in self._jobs():
            events = self.stores.jobs.events(job.job_id)
            assert [event.seq for event in events] == list(range(1, job.event_seq + 1))
            assert events[-1].payload["status"] == job.status
            life = [event.payload["status"] for event in events if event.type is EventType.STATUS]
            for before, after in pairwise(life):
                # a cancel request is an event of a job that goes on running
                assert JobStatus(after) in TRANSITIONS[JobStatus(before)] or before == after == JobStatus.RUNNING
            assert len(self.stores.audit.page(object_id=job.job_id, limit=1000)) == len(life)

    def _jobs(self) -> list[TrainingJob]:
        return [self.stores.jobs.get(job_id) for job_id in self.job_ids]

    def _fenced(self, claim: Claim, write: Callable[[], object], *, may: bool = True) -> bool:
        """Whether the write went through; it must if and only if the claim is the valid one (and `may`)."""
        expected = may and self.held.get(claim.job_id) == claim
        try:
            write()
        except ClaimLost:
            assert not expected
            return False
        assert expected
        return True

    def _cancel(self, job_id: str) -> None:
        before = self.stores.jobs.get(job_id)
        try:
            after = self.stores.jobs.cancel(job_id, audit=an_audit(object_id=job_id))
        except JobAlreadyFinished:
            assert before.status.is_terminal
            return
        assert not before.status.is_terminal
        self.cancel_asked.add(job_id)
        if before.status is JobStatus.RUNNING:
            assert (after.status, after.cancel_requested) == (JobStatus.RUNNING, True)
        else:
            self._end(after, JobStatus.CANCELLED)

    def _lease(self, job_id: str, lease_s: float) -> None:
        (self.run_out.add if lease_s == RUN_OUT_S else self.run_out.discard)(job_id)

    def _let_go(self, before: TrainingJob, *, burn: bool) -> None:
        after = self.stores.jobs.get(before.job_id)
        if before.cancel_requested:
            self._end(after, JobStatus.CANCELLED)
        elif burn and before.attempt == before.max_attempts:
            self._end(after, JobStatus.FAILED)
        else:
            assert (after.status, after.attempt) == (JobStatus.QUEUED, before.attempt - (not burn))
            del self.held[before.job_id]

    def _end(self, job: TrainingJob, status: JobStatus) -> None:
        assert (job.status, job.owner, job.lease_until) == (status, None, None)
        assert job.completed_at is not None
        self.ended[job.job_id] = job
        self.held.pop(job.job_id, None)
