"""What happened: events of a job (a gap-free sequence per job) and entries of the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")

LARGEST_SEQ = 2**53 - 1
"""No sequence number is larger; JavaScript counts no further."""


class EventType(StrEnum):
    """Kinds of job events; `status` carries a state change, `step` the figures of one logged step."""

    STATUS = "status"
    STEP = "step"
    CHECKPOINT = "checkpoint"
    EVALUATION = "evaluation"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One thing that happened to a job.

    Args:
        job_id: The job it belongs to.
        seq: 1, 2, 3 … per job, without gaps; assigned in the transaction of the change it reports.
        type: What kind of thing happened.
        payload: JSON-able fields; for every event the job's public progress fields after the change.
        created_at: UTC, the database's clock.
    """

    job_id: str
    seq: int
    type: EventType
    payload: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EventSample:
    """Events of one kind, spread evenly over all there are; the first and the last are always among them.

    Args:
        events: In order.
        total: How many there are.
    """

    events: Sequence[JobEvent]
    total: int


def stride_of(total: int, points: int) -> int:
    """Take every n-th of `total` things, and the last, to have at most `points` of them.

    Args:
        total: How many there are.
        points: How many are wanted at most; 2 or more.
    """
    return max(1, -(-(total - 1) // (points - 1)))


def spread(items: Sequence[T], points: int) -> list[T]:
    """At most `points` (2 or more) of these, evenly spread, the first and the last always among them."""
    stride, last = stride_of(len(items), points), len(items) - 1
    return [item for number, item in enumerate(items) if number % stride == 0 or number == last]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One accountable action, written in the same transaction as the change it records.

    Args:
        action: Verb with its noun, e.g. `job.submitted`.
        object_type: `job`, `dataset`, `document`, `adapter` …
        object_id: Id of the object acted upon.
        actor: E-mail or subject of the principal; `system` for our own doing.
        outcome: `ok` or `refused`.
        detail: JSON-able fields; no document text, no tokens.
        request_id: Correlation id of the request that caused it, where there was one.
        created_at: UTC, set by the store.
        roles: Names of the actor's roles, in order of the alphabet.
        address: Network address that the request came from, where there was one.
    """

    action: str
    object_type: str
    object_id: str
    actor: str
    outcome: str = "ok"
    detail: Mapping[str, Any] = field(default_factory=dict)
    request_id: str | None = None
    created_at: datetime | None = None
    roles: Sequence[str] = ()
    address: str | None = None
