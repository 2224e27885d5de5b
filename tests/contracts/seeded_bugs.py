"""Mistakes that a job store could make, each applied by patching: a state machine that misses one is no good.

They are made in the in-memory store, in what it shares with the SQL stores (`job_changes`), and in the watch over
leases.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from backend.training.workers.lease_watch import LeaseWatch
from shared.database import job_changes
from shared.database.memory import job_store
from shared.database.memory.job_store import MemoryJobStore
from shared.models.adapter import Checkpoint
from shared.models.events import EventType
from shared.models.job import Claim, JobStatus, Lease, TrainingJob
from shared.utils.ids import new_id

Seed = Callable[[], AbstractContextManager[Any]]


def _unfenced() -> AbstractContextManager[Any]:
    fenced = MemoryJobStore._held

    def held(self: MemoryJobStore, claim: Claim) -> TrainingJob:
        return fenced(self, replace(claim, epoch=self.get(claim.job_id).claim_epoch))

    return patch.object(MemoryJobStore, "_held", held)


def _complete_in_spite_of_a_cancel(original: Any) -> Any:
    def complete(self: MemoryJobStore, claim: Claim, *args: Any, **kwargs: Any) -> Any:
        self._state.jobs[claim.job_id] = replace(self._held(claim), cancel_requested=False)
        return original(self, claim, *args, **kwargs)

    return complete


def _complete_with_two_adapters(original: Any) -> Any:
    def complete(self: MemoryJobStore, claim: Claim, adapter: Any, **kwargs: Any) -> Any:
        done = original(self, claim, adapter, **kwargs)
        second = replace(adapter, adapter_id=new_id("adapter"), job_id=claim.job_id)
        self._state.adapters[second.adapter_id] = second
        return done

    return complete


def _rescue_whoever_holds_it(original: Any) -> Any:
    def rescue(self: MemoryJobStore, lease: Lease) -> Any:
        now = [other for other in self.leases() if other.claim == lease.claim]
        return original(self, now[0]) if now else None

    return rescue


def _apply_without_the_attempt(original: Any) -> Any:
    def apply(self: MemoryJobStore, job: TrainingJob, change: Any) -> Any:
        is_release = change.fields.get("status") is JobStatus.QUEUED
        return original(self, job, replace(change, attempt_outcome=None) if is_release else change)

    return apply


def _change_even_if_ended(self: MemoryJobStore, job_id: str, decide: Any) -> TrainingJob:
    job = self.get(job_id)
    change = decide(job)
    return job if change is None else self._apply(job, change)[0]


def _record_no_checkpoint(original: Any) -> Any:
    def record(self: MemoryJobStore, job: TrainingJob, change: Any) -> Any:
        event = original(self, job, change)
        if change.kind is EventType.CHECKPOINT:
            self._state.events[job.job_id].pop()
        return event

    return record


def _claim_with_the_epoch_of_before(original: Any) -> Any:
    def claim(self: MemoryJobStore, owner: str, *, lease_s: float) -> Any:
        for job_id, job in self._state.jobs.items():
            if job.status is JobStatus.QUEUED and job.claim_epoch > 0:
                self._state.jobs[job_id] = replace(job, claim_epoch=job.claim_epoch - 1)
        return original(self, owner, lease_s=lease_s)

    return claim


def _keys_of_all_users(original: Any) -> Any:
    def submitted_with(self: MemoryJobStore, key: Any) -> Any:
        users = [user for user, name in self._state.idempotency_keys if name == key.key]
        return original(self, replace(key, user=users[0]) if users else key)

    return submitted_with


def _impatient(self: LeaseWatch, leases: Any) -> list[Lease]:
    now = self._clock()
    self._since = {lease: self._since.get(lease, now) for lease in leases}
    return [lease for lease, since in self._since.items() if now - since >= self._lease_s]


def _is_claimable_though_paused(job: TrainingJob, _now: Any) -> bool:
    return job.status is JobStatus.QUEUED


def _never_counted(count: int, *, counts: bool, has_progressed: bool) -> int:
    return count


def _checkpointed_however_far(job: TrainingJob, checkpoint: Checkpoint) -> Any:
    return job_changes.checkpointed(replace(job, checkpoint_step=checkpoint.step - 1), checkpoint)


def _in(name: str, wrap: Callable[[Any], Any]) -> Seed:
    return lambda: patch.object(MemoryJobStore, name, wrap(getattr(MemoryJobStore, name)))


SEEDED_BUGS: Mapping[str, Seed] = {
    "writes are not fenced by the epoch": _unfenced,
    "an acknowledged cancel is completed": _in("complete", _complete_in_spite_of_a_cancel),
    "a completion leaves two adapters": _in("complete", _complete_with_two_adapters),
    "a rescue does not look at the beat": _in("rescue", _rescue_whoever_holds_it),
    "a release forgets the attempt": _in("_apply", _apply_without_the_attempt),
    "an ended job can be changed": lambda: patch.object(MemoryJobStore, "_change_unended", _change_even_if_ended),
    "an event is missing": _in("_record", _record_no_checkpoint),
    "a key counts for all users": _in("submitted_with", _keys_of_all_users),
    "a claim does not look at pauses": lambda: patch.object(job_store, "is_claimable", _is_claimable_though_paused),
    "crashes are never counted": lambda: patch.object(job_changes, "_counted", _never_counted),
    "saving the same step again is progress": lambda: patch.object(
        job_store, "checkpointed", _checkpointed_however_far
    ),
    "a hand-back burns the attempt": lambda: patch.object(job_changes, "HAND_BACKS", frozenset()),
    "a claim gets the epoch of an earlier one": _in("claim", _claim_with_the_epoch_of_before),
    "time in which nobody looked counts against a lease": lambda: patch.object(LeaseWatch, "silent", _impatient),
}
