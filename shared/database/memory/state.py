"""What the in-memory stores share: plain dictionaries under one lock, and a clock that a test may set."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import RLock
from typing import Protocol, TypeVar

from shared.database.base import OutboxEntry, Page
from shared.database.cursors import Place, cursor_of, place_of
from shared.database.sql_json import as_stored, dump_json
from shared.models.adapter import Adapter, Checkpoint, Promotion, PromotionOrder
from shared.models.api_key import StoredKey
from shared.models.audit_chain import CHAINED, GENESIS, AuditLink, content_of, linked
from shared.models.dataset import Dataset, RecordProvenance
from shared.models.dataset_events import DatasetEvent
from shared.models.document import Document, StoredSection
from shared.models.events import AuditEntry, JobEvent
from shared.models.feedback import FeedbackItem
from shared.models.job import AttemptRecord, TrainingJob
from shared.models.review import Review
from shared.utils.clock import Clock, utc_now


class Created(Protocol):
    """Anything that knows when it was made."""

    @property
    def created_at(self) -> datetime:
        """Moment of birth."""
        ...


C = TypeVar("C", bound=Created)


@dataclass(frozen=True, slots=True)
class ExportRow:
    """What is kept of the exports of one job to one destination."""

    number: int
    not_before: datetime
    reason: str | None = None
    reference: str | None = None
    exported_at: datetime | None = None


@dataclass
class MemoryState:
    """One database's worth of values; every store method holds `lock` from start to end.

    Args:
        clock: Plays the database's clock, by which leases expire.
    """

    clock: Clock = utc_now
    lock: RLock = field(default_factory=RLock, repr=False)
    jobs: dict[str, TrainingJob] = field(default_factory=dict)
    change_nos: dict[str, int] = field(default_factory=dict)
    last_change_no: int = 0
    events: dict[str, list[JobEvent]] = field(default_factory=dict)
    attempts: dict[tuple[str, int], AttemptRecord] = field(default_factory=dict)
    idempotency_keys: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    checkpoints: dict[tuple[str, int, int], Checkpoint] = field(default_factory=dict)
    adapters: dict[str, Adapter] = field(default_factory=dict)
    promotions: list[Promotion] = field(default_factory=list)
    feedback: list[FeedbackItem] = field(default_factory=list)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    provenance: dict[str, dict[str, RecordProvenance]] = field(default_factory=dict)
    dataset_lines: dict[str, int] = field(default_factory=dict)
    dataset_events: dict[str, list[DatasetEvent]] = field(default_factory=dict)
    dataset_change_nos: dict[str, int] = field(default_factory=dict)
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    sections: dict[tuple[str, int], list[StoredSection]] = field(default_factory=dict)
    erased: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    outbox: dict[int, tuple[str, OutboxEntry]] = field(default_factory=dict)
    last_entry_id: int = 0
    exports: dict[tuple[str, str], ExportRow] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)
    review_runs: dict[str, str] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    audit_links: list[AuditLink] = field(default_factory=list)
    api_keys: dict[str, StoredKey] = field(default_factory=dict)

    def write_audit(self, entry: AuditEntry) -> None:
        """Append an entry, dated by our clock."""
        entry = replace(entry, detail=as_stored(dict(entry.detail)), created_at=self.clock())
        previous = self.audit_links[-1].hash if self.audit_links else GENESIS
        self.audit_links.append(_link(len(self.audit) + 1, previous, entry))
        self.audit.append(entry)

    def active(self, base_model: str) -> Promotion | None:
        """The newest promotion for a base model."""
        return next((one for one in reversed(self.promotions) if one.base_model == base_model), None)

    def add_promotion(self, base_model: str, adapter_id: str, order: PromotionOrder) -> Promotion:
        """An adapter becomes the active one of its base model."""
        number = len(self.promotions) + 1
        promotion = Promotion(
            number, base_model, adapter_id, order.over, self.clock(), order.by, is_override=order.is_override
        )
        self.promotions.append(promotion)
        return promotion


def _link(seq: int, previous: str, entry: AuditEntry) -> AuditLink:
    columns = {name: getattr(entry, name) for name in CHAINED}
    columns |= {"detail": dump_json(entry.detail), "roles": ",".join(entry.roles)}
    moment = entry.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if entry.created_at else ""
    return AuditLink(seq, moment, columns, linked(previous, seq, moment, content_of(columns)))


def newest_first(
    values: Iterable[C],
    key: Callable[[C], str],
    *,
    limit: int,
    after: str | None,
    find: Callable[[str], C],
) -> Page[C]:
    """A page ordered by creation, newest first, values of the same moment by id.

    `find` gets the value of an id that was given as cursor, and raises where there is none.
    """

    def place(value: C) -> Place:
        return Place(value.created_at, key(value))

    ordered = sorted(values, key=place, reverse=True)
    start = None if after is None else place_of(after, lambda asked: find(asked).created_at)
    following = ordered if start is None else [value for value in ordered if place(value) < start]
    items = following[:limit]
    more = len(following) > limit
    return Page(items, next_after=cursor_of(place(items[-1])) if more and items else None, total=len(ordered))
