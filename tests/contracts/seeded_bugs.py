"""Ten mistakes that a job store could make, each applied by patching: a state machine that misses one is no good."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from backend.training.workers.lease_watch import LeaseWatch
from shared.database import job_changes
from shared.database.memory.job_store import MemoryJobStore
from shared.models.events import EventType
from shared.models.job import Claim, JobStatus, Lease, TrainingJob

Seed = Callable[[], AbstractContextManager[Any]]


def _held_by_anyone(self: MemoryJobStore, claim: Claim) -> TrainingJob:
    return self.get(claim.job_id)


def _complete_anyway(original: Any) -> Any:
    def complete(self: MemoryJobStore, claim: Claim, *args: Any, **kwargs: Any) -> TrainingJob:
        job = self._held(claim)
        self._state.jobs[job.job_id] = replace(job, cancel_requested=False)
        done: TrainingJob = original(self, claim, *args, **kwargs)
        return done

    return complete


def _rescue_whoever_holds_it(original: Any) -> Any:
    def rescue(self: MemoryJobStore, lease: Lease) -> TrainingJob | None:
        now = [other for other in self.leases() if other.claim.job_id == lease.claim.job_id]
        return original(self, now[0]) if now else None

    return rescue


def _impatient(self: LeaseWatch, leases: Any) -> list[Lease]:
    now = self._clock()
    self._since = {lease: self._since.get(lease, now) for lease in leases}
    return [lease for lease, since in self._since.items() if now - since >= self._lease_s]


def _without_looking(self: MemoryJobStore, job_id: str, decide: Any) -> TrainingJob:
    job = self.get(job_id)
    change = decide(job)
    return job if change is None else self._apply(job, change)[0]


def _forgetful(original: Any) -> Any:
    def record(self: MemoryJobStore, job: TrainingJob, change: Any) -> Any:
        event = original(self, job, change)
        if change.kind is EventType.CHECKPOINT:
            self._state.events[job.job_id].pop()
        return event

    return record


def _same_epoch_again(original: Any) -> Any:
    def claim(self: MemoryJobStore, owner: str, *, lease_s: float) -> Any:
        waiting = {job.job_id for job in self._all() if job.status is JobStatus.QUEUED and job.claim_epoch > 0}
        for job_id in waiting:
            job = self._state.jobs[job_id]
            self._state.jobs[job_id] = replace(job, claim_epoch=job.claim_epoch - 1)
        return original(self, owner, lease_s=lease_s)

    return claim


def _for_all_users(original: Any) -> Any:
    def submitted_with(self: MemoryJobStore, key: Any) -> Any:
        users = [user for user, name in self._state.idempotency_keys if name == key.key]
        return original(self, replace(key, user=users[0]) if users else key)

    return submitted_with


def _store(name: str, wrap: Callable[[Any], Any]) -> Seed:
    return lambda: patch.object(MemoryJobStore, name, wrap(getattr(MemoryJobStore, name)))


SEEDED_BUGS: Mapping[str, Seed] = {
    "writes are not fenced": lambda: patch.object(MemoryJobStore, "_held", _held_by_anyone),
    "an acknowledged cancel is completed": _store("complete", _complete_anyway),
    "a rescue does not look at the beat": _store("rescue", _rescue_whoever_holds_it),
    "time in which nobody looked counts against a lease": lambda: patch.object(LeaseWatch, "silent", _impatient),
    "a hand-back burns the attempt": lambda: patch.object(job_changes, "HAND_BACKS", frozenset()),
    "crashes are never counted": lambda: patch.object(
        job_changes, "_counted", lambda count, *, counts, has_progressed: count
    ),
    "an ended job can be changed": lambda: patch.object(MemoryJobStore, "_change_unended", _without_looking),
    "an event is missing": _store("_record", _forgetful),
    "a claim gets the epoch of an earlier one": _store("claim", _same_epoch_again),
    "a key counts for all users": _store("submitted_with", _for_all_users),
}
