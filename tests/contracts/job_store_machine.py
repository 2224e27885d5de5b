"""Random lives of jobs: whatever the order of calls, a `JobStore` keeps to `TRANSITIONS` and to its promises.

Wall clocks jump by up to an hour at any time, services are opened anew, and rescues are decided by a `LeaseWatch` on a
monotonic clock. Rules are few and take short lists to choose from: that keeps a step cheap, and half of all steps with
the worker that holds the job, where lives have their depth.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backend.training.workers.lease_watch import LeaseWatch
from shared.database.base import ClaimLost, IdempotencyMismatch, JobAlreadyFinished, StaleVersion
from shared.database.job_changes import LONGEST_PAUSE_S
from shared.database.stores import Stores
from shared.models.job import (
    CRASHES,
    ERRORS,
    HAND_BACKS,
    AttemptOutcome,
    Claim,
    IdempotencyKey,
    IllegalTransition,
    JobStatus,
    Lease,
    Progress,
    TrainingJob,
)
from tests.contracts.fake_time import FakeTime
from tests.contracts.job_store_model import Known, compare
from tests.support.store_values import a_checkpoint, a_job, an_adapter, an_audit

LEASE_S = 10.0
MOST_JOBS = 6
KEYS = st.sampled_from([None, ("k1", "0"), ("k1", "1"), ("k2", "0")])
WAYS_OUT = st.sampled_from(sorted(CRASHES | ERRORS | HAND_BACKS))
PICKS = st.integers(0, 11)

T = TypeVar("T")
OpenStores = Callable[[], Stores]


class JobStoreMachine(RuleBasedStateMachine):
    """Set `new_database` in a subclass.

    Args:
        new_database: Makes an empty database on the wall clock of a `FakeTime`; what it returns opens the stores on it,
            as often as it is called.
        retry_s: Pause after repeated failures; 0 where the database's clock is not ours.
    """

    new_database: Callable[[FakeTime], OpenStores]
    retry_s: float = 30.0

    def __init__(self) -> None:
        super().__init__()
        self.time = FakeTime()
        self.open = type(self).new_database(self.time)
        self.stores = self.open()
        self.watch = LeaseWatch(LEASE_S, self.time.monotonic)
        self.known: dict[str, Known] = {}
        self.first_read: dict[str, TrainingJob] = {}
        self.claims: list[Claim] = []
        self.noted: list[Lease] = []
        self.requests: dict[tuple[str, str], tuple[str, str]] = {}

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._one_worker_that_lives_gets_everything_done()
                compare(self.stores, self.known, everything=True)
        finally:
            self.stores.close()

    @invariant()
    def the_store_tells_what_we_know(self) -> None:
        compare(self.stores, self.known)

    # --- users ---

    @initialize(priority=st.sampled_from([1, 5]), max_attempts=st.integers(1, 3))
    def begin(self, priority: int, max_attempts: int) -> None:
        self._submit(a_job(0, job_id="job_0", priority=priority, max_attempts=max_attempts, created_by="a"), None)
        self._check("job_0", is_accepted=True)

    # few jobs, so that a run tells whole lives and not many beginnings
    @precondition(lambda self: len(self.known) < MOST_JOBS)
    @rule(priority=st.sampled_from([1, 3, 5]), user=st.sampled_from("ab"), key=KEYS, is_checked=st.booleans())
    def submit(self, priority: int, user: str, key: tuple[str, str] | None, is_checked: bool) -> None:
        number = len(self.known)
        job = a_job(number, job_id=f"job_{number}", priority=priority, max_attempts=2, created_by=user)
        named = None if key is None else IdempotencyKey(user, key[0], key[1] * 64)
        if self._submit(job, named) and is_checked:
            self._check(job.job_id, is_accepted=True)

    @rule(pick=PICKS, is_accepted=st.booleans(), is_late=st.booleans())
    def check(self, pick: int, is_accepted: bool, is_late: bool) -> None:
        pending = [job_id for job_id, one in self.known.items() if one.status is JobStatus.PENDING]
        self._check(_one_of(pending or list(self.known), pick), is_accepted=is_accepted, is_late=is_late)

    @rule(pick=PICKS, wish=st.sampled_from(["cancel", "pause", "unpause"]))
    def wish(self, pick: int, wish: str) -> None:
        self._wish(_one_of(list(self.known), pick), wish)

    @precondition(lambda self: self._held())
    @rule(pick=PICKS, wish=st.sampled_from(["cancel", "pause"]))
    def wish_of_a_running_job(self, pick: int, wish: str) -> None:
        self._wish(_one_of(self._held(), pick).job_id, wish)

    # --- workers; one owner: only the epoch tells its claims apart, which is the harder case ---

    @rule()
    def claim(self) -> None:
        self._claim()

    @precondition(lambda self: self.claims)
    @rule(pick=PICKS, sign=st.sampled_from(["heartbeat", "step", "checkpoint"]))
    def work_on(self, pick: int, sign: str) -> None:
        claim = self._any_claim(pick)
        one = self.known[claim.job_id]
        if sign == "heartbeat":
            self._heartbeat(claim)
        elif sign == "step" and self._may(claim, lambda: self._record(claim, one.step + 1)):
            one.step += 1
        elif sign == "checkpoint":
            self._save(claim, one.farthest + 1)

    @precondition(lambda self: self._held())
    @rule(pick=PICKS, is_farther=st.booleans())
    def save(self, pick: int, is_farther: bool) -> None:
        self._save_one(pick, is_farther)

    @precondition(lambda self: self.claims)
    @rule(pick=PICKS, end=st.sampled_from(["complete", "complete", "fail", "cancel"]))
    def end(self, pick: int, end: str) -> None:
        claim, jobs = self._any_claim(pick), self.stores.jobs
        one = self.known[claim.job_id]
        adapter = an_adapter(a_job(job_id=claim.job_id, claim_epoch=claim.epoch), adapter_id=f"adp_{claim}")
        if end == "complete":
            write = lambda: jobs.complete(claim, adapter, progress=Progress())  # noqa: E731 - one of three
            if self._may(claim, write, is_fit=not one.is_cancel_asked):
                one.ended(JobStatus.COMPLETED, AttemptOutcome.COMPLETED)
        elif end == "fail":
            if self._may(claim, lambda: jobs.fail(claim, error_message="x", outcome=AttemptOutcome.ERROR)):
                one.ended(JobStatus.FAILED, AttemptOutcome.ERROR)
        elif self._may(claim, lambda: jobs.finish_cancel(claim), is_fit=one.is_cancel_asked):
            one.ended(JobStatus.CANCELLED, AttemptOutcome.CANCELLED)

    @precondition(lambda self: self.claims)
    @rule(pick=PICKS, outcome=WAYS_OUT)
    def give_back(self, pick: int, outcome: AttemptOutcome) -> None:
        claim = self._any_claim(pick)
        if self._may(claim, lambda: self.stores.jobs.release(claim, outcome=outcome, retry_s=self.retry_s)):
            self.known[claim.job_id].let_go(outcome)

    @precondition(lambda self: self._held())
    @rule(pick=PICKS, outcome=WAYS_OUT, saves=st.booleans(), is_farther=st.booleans())
    def go_on(self, pick: int, outcome: AttemptOutcome, saves: bool, is_farther: bool) -> None:
        """One attempt after the other: what counts over several of them is rare otherwise."""
        if saves:
            self._save_one(pick, is_farther)
        claim = _one_of(self._held(), pick)
        self.stores.jobs.release(claim, outcome=outcome, retry_s=self.retry_s)
        self.known[claim.job_id].let_go(outcome)
        self._claim()

    # --- the world ---

    @rule(event=st.sampled_from(["hour ahead", "hour back", "start anew"]))
    def something_happens(self, event: str) -> None:
        if event == "start anew":
            # J14; workers in other processes live on
            self.stores.close()
            self.stores, self.watch = self.open(), LeaseWatch(LEASE_S, self.time.monotonic)
        else:
            self.time.jump(3600 if event == "hour ahead" else -3600)

    @rule()
    def the_onlooker_cannot_look_for_a_while(self) -> None:
        self.watch.silent(self.stores.jobs.leases())
        self.time.pass_by(3 * LEASE_S)
        assert not self.watch.silent(self.stores.jobs.leases()), "judged by a time in which nobody could look"

    @rule(looks=st.sampled_from([1, 3, 12]))
    def time_passes_while_an_onlooker_looks(self, looks: int) -> None:
        for _ in range(looks):
            self.time.pass_by(LEASE_S / 5)
            for lease in self.watch.silent(self.stores.jobs.leases()):
                one = self.known[lease.claim.job_id]
                assert one.claim == lease.claim
                # J9: whatever wall clocks say
                assert self.time.monotonic() - one.beat_at >= LEASE_S, "taken from a worker that lives"
                self._rescue(lease)
        if looks * LEASE_S / 5 >= 2 * LEASE_S:
            assert not self.stores.jobs.leases(), "left with a worker that is silent"

    @precondition(lambda self: self.noted or self._held())
    @rule(pick=PICKS, is_overtaken=st.booleans())
    def rescue(self, pick: int, is_overtaken: bool) -> None:
        now = list(self.stores.jobs.leases())
        self.noted += [lease for lease in now if lease not in self.noted]
        lease = _one_of(now if now and pick % 3 else self.noted, pick)
        if is_overtaken and self.known[lease.claim.job_id].claim == lease.claim:
            self._heartbeat(lease.claim)
        if lease in self.stores.jobs.leases():
            self._rescue(lease)
        else:
            before = self.stores.jobs.get(lease.claim.job_id)
            assert self.stores.jobs.rescue(lease) is None
            assert self.stores.jobs.get(lease.claim.job_id) == before

    # --- how it is done ---

    def _claim(self) -> None:
        due = [job for job in self._jobs() if self._is_due(job)]
        found = self.stores.jobs.claim("worker-1", lease_s=LEASE_S)
        if found is None:
            assert not due
            return
        job, claim = found
        assert due
        assert job.job_id == min(due, key=lambda other: (other.queue_rank, other.created_at)).job_id
        self.known[job.job_id].taken(claim, self.time.monotonic())
        self.claims.append(claim)

    def _jobs(self) -> list[TrainingJob]:
        return [self.stores.jobs.get(job_id) for job_id in self.known]

    def _held(self) -> list[Claim]:
        return [one.claim for one in self.known.values() if one.claim]

    def _any_claim(self, pick: int) -> Claim:
        """Mostly one that is valid; of the others first those whose job somebody else holds now."""
        held = self._held()
        if held and pick % 4:
            return _one_of(held, pick)
        lost = [claim for claim in self.claims if self.known[claim.job_id].claim not in {None, claim}]
        return _one_of(lost or self.claims, pick // 4)

    def _is_due(self, job: TrainingJob) -> bool:
        now = self.time.wall()
        waits = job.not_before is not None and now < job.not_before <= now + timedelta(seconds=2 * LONGEST_PAUSE_S)
        return job.status is JobStatus.QUEUED and not self.known[job.job_id].is_paused and not waits

    def _may(self, claim: Claim, write: Callable[[], object], *, is_fit: bool = True) -> bool:
        """Whether the write went through; J4: it must if and only if the claim is the valid one (and the job fit)."""
        expected = is_fit and self.known[claim.job_id].claim == claim
        before = self.stores.jobs.get(claim.job_id)
        try:
            write()
        except ClaimLost:
            assert not expected
            assert self.stores.jobs.get(claim.job_id) == before
            return False
        assert expected
        return True

    def _submit(self, job: TrainingJob, key: IdempotencyKey | None) -> bool:
        """Whether a job was made; J11: one per user and key."""
        audit = an_audit(object_id=job.job_id)
        used = None if key is None else self.requests.get((key.user, key.key))
        if key is not None and used is not None:
            job_id, request = used
            try:
                assert self.stores.jobs.add(job, audit=audit, key=key).job_id == job_id
                assert request == key.request_sha256
            except IdempotencyMismatch:
                assert request != key.request_sha256
            return False
        stored = self.stores.jobs.add(job, audit=audit, key=key)
        assert stored.job_id == job.job_id
        self.known[job.job_id] = Known(JobStatus.PENDING, job.max_attempts)
        self.first_read[job.job_id] = stored
        if key is not None:
            self.requests[key.user, key.key] = job.job_id, key.request_sha256
        return True

    def _check(self, job_id: str, *, is_accepted: bool, is_late: bool = False) -> None:
        """The pre-flight check of a service, maybe one that read the job long ago."""
        one, jobs = self.known[job_id], self.stores.jobs
        now = jobs.get(job_id)
        read = self.first_read[job_id] if is_late else now
        allowed = {JobStatus.PENDING} if is_accepted else {JobStatus.PENDING, JobStatus.QUEUED}
        try:
            done = jobs.admit(read) if is_accepted else jobs.reject(read, error_message="impossible")
        except IllegalTransition:
            assert read.status not in allowed
        except StaleVersion:
            assert read.version != now.version
        else:
            assert (read.version, now.status in allowed) == (now.version, True)
            one.status = done.status
            assert done.status is (JobStatus.QUEUED if is_accepted else JobStatus.FAILED)

    def _wish(self, job_id: str, wish: str) -> None:
        one, jobs = self.known[job_id], self.stores.jobs
        change = {"cancel": jobs.cancel, "pause": jobs.pause, "unpause": jobs.unpause}[wish]
        try:
            change(job_id, audit=an_audit(object_id=job_id))
        except JobAlreadyFinished:
            assert one.status.is_terminal
            return
        assert not one.status.is_terminal
        if wish == "cancel":
            one.is_cancel_asked = True
            if one.claim is None:
                one.ended(JobStatus.CANCELLED)
        else:
            one.is_paused = wish == "pause"

    def _heartbeat(self, claim: Claim) -> None:
        one, answers = self.known[claim.job_id], list[object]()
        if self._may(claim, lambda: answers.append(self.stores.jobs.heartbeat(claim, lease_s=LEASE_S))):
            assert answers == [one.stop_request]
            one.beat_at = self.time.monotonic()

    def _record(self, claim: Claim, step: int) -> None:
        event = self.stores.jobs.record_progress(claim, Progress(0, 1, step, 100))
        assert event.payload["current_step"] == step

    def _save_one(self, pick: int, is_farther: bool) -> None:
        """A claim may save again how far an earlier one got, but each step only once."""
        claim = _one_of(self._held(), pick)
        one = self.known[claim.job_id]
        self._save(claim, one.farthest + (is_farther or one.has_saved_farthest or not one.farthest))

    def _save(self, claim: Claim, step: int) -> None:
        checkpoint = a_checkpoint(a_job(job_id=claim.job_id, claim_epoch=claim.epoch), step)
        if self._may(claim, lambda: self.stores.jobs.add_checkpoint(claim, checkpoint)):
            self.known[claim.job_id].saved(step)

    def _rescue(self, lease: Lease) -> None:
        assert self.stores.jobs.rescue(lease) is not None
        self.known[lease.claim.job_id].let_go(AttemptOutcome.LEASE_EXPIRED)

    def _one_worker_that_lives_gets_everything_done(self) -> None:
        """J10: whatever happened before, nothing that is not paused waits for ever."""
        for job_id, one in self.known.items():
            if not one.status.is_terminal:
                self._wish(job_id, "unpause")
            if one.status is JobStatus.PENDING:
                self._check(job_id, is_accepted=True)
        self.time_passes_while_an_onlooker_looks(12)
        self.time.pass_by(2 * LONGEST_PAUSE_S)
        for _ in range(sum(not one.status.is_terminal for one in self.known.values())):
            self.claim()
            self.end(1, "complete")
        assert all(one.status.is_terminal for one in self.known.values())


def _one_of(values: Sequence[T], pick: int) -> T:
    return values[pick % len(values)]
