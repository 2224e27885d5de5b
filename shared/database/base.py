"""What CLARA asks of a database: one Protocol per subject, implemented on SQL and in memory.

Stores are synchronous and thread-safe; services call them off the event loop. Every method is one transaction: when
it returns, its effect is durable (`synchronous=FULL`), when it raises, nothing happened. Stores raise `NotFound`,
`Conflict` and `Unavailable`, never a driver's errors.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from shared.database.dataset_protocols import DatasetEventLog, DatasetLines
from shared.database.document_erasure import DocumentErasure
from shared.database.search_store import DocumentChange, HeldDocument
from shared.errors import Conflict, InvalidInput, NotFound, Unavailable
from shared.models.adapter import Adapter, Checkpoint, Promotion, PromotionOrder
from shared.models.audit import AuditFilter, AuditRecord
from shared.models.audit_chain import AuditHead, AuditLink
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus, RecordProvenance, Split
from shared.models.document import Document, ParsedDocument, StoredSection
from shared.models.events import LARGEST_SEQ, AuditEntry, EventSample, EventType, JobEvent
from shared.models.export import ExportClaim, ExportStatus
from shared.models.feedback import FeedbackFilter, FeedbackItem, StoredFeedback
from shared.models.job import (
    AttemptOutcome,
    AttemptRecord,
    Claim,
    IdempotencyKey,
    JobCounts,
    JobStatus,
    Lease,
    Progress,
    QueueLimits,
    StopRequest,
    TrainingJob,
)

T = TypeVar("T")


class JobNotFound(NotFound):
    """No job has this id."""

    code = "job_not_found"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"No training job has the id '{job_id}'. `clara jobs list` shows all.", job_id=job_id)


class DatasetNotFound(NotFound):
    """No dataset has this id."""

    code = "dataset_not_found"

    def __init__(self, dataset_id: str) -> None:
        super().__init__(
            f"No dataset has the id '{dataset_id}'. `clara datasets list` shows all.", dataset_id=dataset_id
        )


class DocumentNotFound(NotFound):
    """No document has this id."""

    code = "document_not_found"

    def __init__(self, document_id: str) -> None:
        super().__init__(
            f"No document has the id '{document_id}'. `clara documents list` shows all.", document_id=document_id
        )


class DocumentErased(Conflict):
    """The document was erased for good; nothing may be registered under its path again."""

    code = "document_erased"

    def __init__(self, source: str, path: str) -> None:
        super().__init__(
            f"'{path}' of '{source}' was erased and is not taken in again. If it is another document, give it another "
            "path or source.",
            source=source,
            path=path,
        )


class AdapterNotFound(NotFound):
    """No adapter has this id."""

    code = "adapter_not_found"

    def __init__(self, adapter_id: str) -> None:
        super().__init__(
            f"No adapter has the id '{adapter_id}'. `clara adapters list` shows all.", adapter_id=adapter_id
        )


class FeedbackNotFound(NotFound):
    """No item of feedback has this id."""

    code = "feedback_not_found"

    def __init__(self, feedback_id: str) -> None:
        super().__init__(
            f"No feedback has the id '{feedback_id}'. `clara feedback list` shows all.", feedback_id=feedback_id
        )


class ActiveAdapterChanged(Conflict):
    """Somebody else promoted an adapter of this base model since the caller looked."""

    code = "active_adapter_changed"

    def __init__(self, base_model: str, expected: str | None, found: str | None) -> None:
        super().__init__(
            f"The active adapter of base model '{base_model}' is {found or 'none'}, expected was {expected or 'none'}: "
            "it was changed meanwhile. Look at it again (`clara adapters active`) and decide anew.",
            base_model=base_model,
            expected=expected,
            found=found,
        )


class JobAlreadyFinished(Conflict):
    """A cancel or a pause of a job that has ended already."""

    code = "job_already_finished"

    def __init__(self, job_id: str, status: JobStatus) -> None:
        super().__init__(f"Job {job_id} is already {status}; it cannot change any more.", job_id=job_id, status=status)


class QueueFull(Unavailable):
    """More active jobs than the service, or this user, may have; nothing was stored."""

    code = "queue_full"

    def __init__(self, limit: int, *, user: str | None = None) -> None:
        whose = f"{user} has" if user else "The queue has"
        super().__init__(
            f"{whose} {limit} active jobs, which is the limit. Wait until some have ended, or cancel some.",
            limit=limit,
            user=user,
        )


class IdempotencyMismatch(InvalidInput):
    """A key that stands for another request already."""

    code = "idempotency_mismatch"

    def __init__(self, key: str, job_id: str) -> None:
        super().__init__(
            f"The Idempotency-Key '{key}' was used for job {job_id} with another request. Use a new key.", job_id=job_id
        )


class StoreNotBuilt(Unavailable):
    """A derived store is missing or of an older shape; it has to be rebuilt before it can be trusted."""

    code = "store_not_built"

    def __init__(self, store: str, reason: str) -> None:
        super().__init__(
            f"The search store '{store}' {reason}. Starting the dataset service or `clara ingest` builds it from the "
            "registered documents.",
            store=store,
            reason=reason,
        )


class ClaimLost(Conflict):
    """A fenced write came from a worker that no longer holds the job or dataset: it must stop at once."""

    code = "claim_lost"

    def __init__(self, object_id: str, epoch: int) -> None:
        super().__init__(
            f"Claim {epoch} of {object_id} is no longer valid; another worker took over or it has ended.",
            object_id=object_id,
            claim_epoch=epoch,
        )


class StaleVersion(Conflict):
    """The loser of a race: the row changed since it was read."""

    code = "stale_version"

    def __init__(self, object_id: str, version: int) -> None:
        super().__init__(
            f"{object_id} is no longer at version {version}; read it again and retry.",
            object_id=object_id,
            version=version,
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A slice of a list, newest first, with the cursor of the next one.

    Args:
        items: At most `limit` values.
        next_after: Pass as `after` to get what follows, None at the end.
        total: Size of the whole list (with the same filter).
    """

    items: Sequence[T]
    next_after: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Changes:
    """Jobs (or datasets) that changed, and where to look on next time.

    Args:
        heads: Id -> its newest `seq`.
        cursor: For the next call.
    """

    heads: Mapping[str, int]
    cursor: int


class JobStore(Protocol):
    """Jobs with their attempts, events, checkpoints and adapters.

    Every change of a job appends its event (next `seq`) in the same transaction, and a change of state its audit
    entry too (steps and checkpoints have none; a heartbeat is no change).
    """

    def add(
        self,
        job: TrainingJob,
        *,
        audit: AuditEntry,
        key: IdempotencyKey | None = None,
        limits: QueueLimits = QueueLimits(),  # noqa: B008 - frozen and empty
    ) -> TrainingJob:
        """Store a new pending job with its first event and its place in the queue; durable when this returns.

        With a key that was used before nothing is stored, and the job of that time is returned. However many callers
        come at once, a key makes one job and no limit is overrun.

        Raises:
            Conflict: If the id exists.
            IdempotencyMismatch: If the key stands for another request.
            QueueFull: If a limit is reached.
        """
        ...

    def submitted_with(self, key: IdempotencyKey) -> TrainingJob | None:
        """The job that was submitted with this key, None if there is none.

        Raises:
            IdempotencyMismatch: If the key stands for another request.
        """
        ...

    def get(self, job_id: str) -> TrainingJob:
        """The job in its newest state.

        Raises:
            JobNotFound: If there is none.
        """
        ...

    def page(self, *, status: JobStatus | None = None, limit: int = 50, after: str | None = None) -> Page[TrainingJob]:
        """Jobs, newest first; `after` is a job id from an earlier page.

        Raises:
            JobNotFound: If `after` names no job.
        """
        ...

    def newest_of(self, created_by: str) -> TrainingJob | None:
        """The job that this user submitted last, None if there is none."""
        ...

    def counts(self) -> JobCounts:
        """Numbers over all jobs."""
        ...

    def admit(self, job: TrainingJob, *, preflight: Mapping[str, Any] | None = None) -> TrainingJob:
        """Move a checked job from pending to queued, over the version that was read.

        Args:
            job: As it was read.
            preflight: What was found beforehand, plain JSON; the payload of the event has it.

        Raises:
            StaleVersion: If someone else was faster (another service, a cancel).
            IllegalTransition: If it is not pending.
        """
        ...

    def reject(
        self, job: TrainingJob, *, error_message: str, preflight: Mapping[str, Any] | None = None
    ) -> TrainingJob:
        """Fail a job that no worker holds (pre-flight found it impossible).

        Args:
            job: As it was read.
            error_message: Why.
            preflight: As for `admit`.

        Raises:
            StaleVersion: As for `admit`.
            IllegalTransition: If it is neither pending nor queued.
        """
        ...

    def pending(self, limit: int = 20) -> Sequence[TrainingJob]:
        """Pending jobs in the order in which they will be claimed, so that no backlog of one user holds up others."""
        ...

    def waiting_before(self, job: TrainingJob) -> int:
        """Queued jobs that come before this one, those in a retry pause too; newcomers may still be put in front."""
        ...

    def claim(self, owner: str, *, lease_s: float) -> tuple[TrainingJob, Claim] | None:
        """Take the queued job with the smallest rank in one statement; none that is paused or in a retry pause.

        Sets `owner`, `claim_epoch + 1`, `beat + 1`, `lease_until` from the database's clock, status running,
        `attempt + 1`, and records the attempt. None when nothing is to be had. Two callers never get the same job.
        """
        ...

    def heartbeat(self, claim: Claim, *, lease_s: float) -> StopRequest | None:
        """Extend the lease (`beat + 1`); returns what the worker is asked to do.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def leases(self) -> Sequence[Lease]:
        """Every claim that is valid now; whoever watches them sees whose beat stands still."""
        ...

    def rescue(self, lease: Lease) -> TrainingJob | None:
        """Take the job from a worker that is silent: queued again, failed (too many crashes) or cancelled (requested).

        One conditional update: it does nothing and returns None if the claim or its beat changed since `lease` was
        read.
        """
        ...

    def record_progress(
        self,
        claim: Claim,
        progress: Progress,
        *,
        kind: EventType = EventType.STEP,
        detail: Mapping[str, Any] | None = None,
    ) -> JobEvent:
        """Store where the attempt stands, with its event.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def add_checkpoint(self, claim: Claim, checkpoint: Checkpoint) -> JobEvent:
        """Register a published checkpoint, with its event.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def complete(
        self, claim: Claim, adapter: Adapter, *, progress: Progress, promotion: PromotionOrder | None = None
    ) -> TrainingJob:
        """Completion + adapter row + event + audit entry + end of attempt (+ promotion), all or nothing.

        Args:
            claim: The claim that ends.
            adapter: What the attempt made.
            progress: Where it stands at the end.
            promotion: Makes the adapter the active one, if the one it was compared with still is; the event says
                whether it was.

        Raises:
            ClaimLost: If the claim is no longer the valid one, or a cancel was acknowledged before.
        """
        ...

    def fail(self, claim: Claim, *, error_message: str, outcome: AttemptOutcome) -> TrainingJob:
        """End the job as failed.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def release(self, claim: Claim, *, outcome: AttemptOutcome, message: str = "", retry_s: float = 0.0) -> TrainingJob:
        """Give the job back to the queue, cancel it if that was requested, or fail it if it failed too often.

        A crash or a temporary error counts, unless the attempt published a checkpoint farther than all before it; a
        hand-back counts nothing, and lowers `attempt` again.

        Args:
            claim: The claim that ends.
            outcome: One of `CRASHES`, `ERRORS` and `HAND_BACKS`.
            message: What there is to say about it.
            retry_s: Pause before the next attempt after a first repetition, doubled with each further one.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def finish_cancel(self, claim: Claim) -> TrainingJob:
        """The worker has let go of a job whose cancel was requested: running -> cancelled.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def cancel(self, job_id: str, *, audit: AuditEntry) -> TrainingJob:
        """Cancel at once (pending, queued) or ask the worker to let go (running: `cancel_requested`).

        Raises:
            JobNotFound: If there is none.
            JobAlreadyFinished: If it has ended.
        """
        ...

    def pause(self, job_id: str, *, audit: AuditEntry) -> TrainingJob:
        """Keep the job from being claimed; a worker that holds it is asked to let go with a checkpoint.

        Raises:
            JobNotFound: If there is none.
            JobAlreadyFinished: If it has ended.
        """
        ...

    def unpause(self, job_id: str, *, audit: AuditEntry, key: IdempotencyKey | None = None) -> TrainingJob:
        """Let a paused job go on from its place in the queue; a job that is not paused stays as it is.

        From now on a key stands for this job, as with `add`; one that was used before changes nothing.

        Raises:
            JobNotFound: If there is none.
            JobAlreadyFinished: If it has ended.
            IdempotencyMismatch: If the key stands for another request.
        """
        ...

    def attempts(self, job_id: str) -> Sequence[AttemptRecord]:
        """Every attempt of the job, oldest first.

        Raises:
            JobNotFound: If there is no such job.
        """
        ...

    def events(self, job_id: str, *, after: int = 0, limit: int = 500) -> Sequence[JobEvent]:
        """Events with `seq > after`, in order.

        Raises:
            JobNotFound: If there is no such job.
        """
        ...

    def sample_events(
        self, job_id: str, kind: EventType, *, points: int, after: int = 0, until: int = LARGEST_SEQ
    ) -> EventSample:
        """At most `points` (2 or more) events of a kind with `after < seq <= until`, spread evenly over all of them.

        A run of a hundred thousand logged steps is drawn from as many values as a picture has room for; only those are
        read.

        Raises:
            JobNotFound: If there is no such job.
        """
        ...

    def changes(self, cursor: int | None = None) -> Changes:
        """What a feed polls: jobs that changed since `cursor` was given out, by no clock.

        A change that was committed is named by the next call or was by an earlier one; some are named twice. Without a
        cursor: every job that has not ended (one that is named later for the first time is new since then).
        """
        ...

    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """Registered checkpoints, newest first.

        Raises:
            JobNotFound: If there is no such job.
        """
        ...

    def forget_checkpoints(self, job_id: str, paths: Sequence[str]) -> None:
        """Remove rows of checkpoints whose folders retention has deleted."""
        ...


class AdapterStore(Protocol):
    """Finished adapters; rows are born in `JobStore.complete` only."""

    def get(self, adapter_id: str) -> Adapter:
        """The adapter.

        Raises:
            AdapterNotFound: If there is none.
        """
        ...

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[Adapter]:
        """Adapters, newest first."""
        ...

    def promote(self, adapter_id: str, order: PromotionOrder, *, audit: AuditEntry) -> Promotion:
        """Make an adapter the active one of its base model; the one that is active already stays so, unwritten.

        Raises:
            AdapterNotFound: If there is none.
            ActiveAdapterChanged: If another one is active than `order.over`.
        """
        ...

    def active(self, base_model: str) -> Promotion | None:
        """The newest promotion for a base model, None before the first."""
        ...

    def all_active(self) -> Sequence[Promotion]:
        """The newest promotion of every base model that has one, ordered by its name."""
        ...

    def promotions(self, *, base_model: str | None = None, limit: int = 50) -> Sequence[Promotion]:
        """Promotions, newest first: what was active before."""
        ...


class FeedbackStore(Protocol):
    """Feedback: items are added and never changed.

    `seq` follows the order in which items become visible: once an item is seen, none with a smaller `seq` appears.
    """

    def add(self, items: Sequence[FeedbackItem], *, audit: AuditEntry) -> Sequence[StoredFeedback]:
        """Store items in their order; durable when this returns.

        One with the content of an item that is there (or stands earlier in `items`) is not stored: the first one comes
        back, marked. However many callers come at once, no content is stored twice. The audit entry is written if
        anything was.
        """
        ...

    def get(self, feedback_id: str) -> FeedbackItem:
        """The item.

        Raises:
            FeedbackNotFound: If there is none.
        """
        ...

    def page(
        self,
        wanted: FeedbackFilter = FeedbackFilter(),  # noqa: B008 - frozen and empty
        *,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[FeedbackItem]:
        """Items, newest first; `after` is an id from an earlier page.

        Raises:
            FeedbackNotFound: If `after` names no item.
        """
        ...

    def targets(
        self, *, min_score: float, after: int = 0, until: int | None = None, limit: int = 1000
    ) -> Sequence[FeedbackItem]:
        """Items with `after < seq <= until` that `target_of` finds a target in, in order."""
        ...

    def count_targets(self, *, min_score: float, after: int = 0, until: int | None = None) -> int:
        """How many `targets` there are without a limit."""
        ...

    def newest_seq(self) -> int:
        """The highest `seq`, 0 before the first item."""
        ...


class ExportStore(Protocol):
    """Which ended (completed or failed) jobs were exported to where.

    Nothing is written when a job ends: what has not been exported is what is missing here, so that no crash can lose
    an export.
    """

    def claim(self, destination: str, *, lease_s: float) -> ExportClaim | None:
        """Take an ended job that is not at this destination; None if there is none, or somebody else was faster.

        Those that were never tried come first, of these the one that ended last. A claim is good for `lease_s` seconds
        by the database's clock.
        """
        ...

    def renew(self, claim: ExportClaim, *, lease_s: float) -> None:
        """Keep a claim for `lease_s` seconds more.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def done(self, claim: ExportClaim, *, reference: str) -> None:
        """The job is there, for good; `reference` is what the destination calls it.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def postpone(self, claim: ExportClaim, *, reason: str, pause_s: float) -> None:
        """The export failed; it may be claimed again after `pause_s` seconds.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def status(self, destination: str) -> ExportStatus:
        """How many jobs are there, how many are not, and why."""
        ...


class DocumentStore(DocumentErasure, Protocol):
    """Registry of documents, their versions and sections: the truth that search stores derive from."""

    def put(
        self, parsed: ParsedDocument, *, source: str, path: str, sha256: str, size_bytes: int, ingested_by: str
    ) -> tuple[Document, bool]:
        """Register a parsed document under (source, path); returns it and whether anything was written.

        Same bytes as the newest version: nothing is written. Other bytes: version + 1. A new version also enters the
        outbox of the derived stores, in the same transaction.
        """
        ...

    def put_many(self, items: Sequence["DocumentInput"]) -> Sequence[tuple[Document, bool]]:
        """`put` for a batch in one transaction.

        Raises:
            DocumentErased: If a path belongs to a document that was erased; nothing of the batch is written.
        """
        ...

    def erased(self, source: str, paths: Sequence[str]) -> Set[str]:
        """Those paths of `source` whose documents were erased."""
        ...

    def known(self, source: str, paths: Sequence[str]) -> Mapping[str, str]:
        """Path -> sha256 of the newest version, for those paths of `source` that are registered."""
        ...

    def get(self, document_id: str) -> Document:
        """The newest version.

        Raises:
            DocumentNotFound: If there is none.
        """
        ...

    def newest(self, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """Newest versions by document id; ids that do not exist are absent."""
        ...

    def page(self, *, source: str | None = None, limit: int = 50, after: str | None = None) -> Page[Document]:
        """Documents ordered by id (stable while documents are added)."""
        ...

    def sections(self, document_id: str, *, version: int | None = None) -> Sequence[StoredSection]:
        """Sections of one version (default: newest), in order.

        Raises:
            DocumentNotFound: If there is none.
        """
        ...

    def sections_by_id(self, section_ids: Sequence[str]) -> Mapping[str, StoredSection]:
        """Sections by id; ids that do not exist are absent."""
        ...

    def iter_sections(self, *, source: str | None = None) -> Iterator[StoredSection]:
        """All sections of newest versions ordered by (document_id, ordinal), streamed with flat memory."""
        ...

    def states(self, document_ids: Sequence[str]) -> Sequence[DocumentChange]:
        """Newest states, erased ones included, in the order of the ids; ids that never existed are absent."""
        ...

    def iter_states(self) -> Iterator[DocumentChange]:
        """All newest states, erased ones included, ordered by document id, streamed with flat memory."""
        ...

    def iter_held(self, *, at_once: int = 2_000) -> Iterator[HeldDocument]:
        """What a derived store should hold, ordered by document id, streamed without any texts.

        Args:
            at_once: Documents that may be read ahead; what happens to later ones meanwhile is seen.
        """
        ...

    def count(self) -> int:
        """Number of documents."""
        ...

    def outbox(self, store: str, *, limit: int = 200) -> Sequence["OutboxEntry"]:
        """Oldest document versions that `store` has not acknowledged."""
        ...

    def outbox_size(self, store: str) -> int:
        """How many entries `store` has not acknowledged."""
        ...

    def acknowledge(self, store: str, entry_ids: Sequence[int]) -> None:
        """`store` has durably applied these entries."""
        ...


@dataclass(frozen=True, slots=True)
class DocumentInput:
    """Arguments of one `DocumentStore.put`."""

    parsed: ParsedDocument
    source: str
    path: str
    sha256: str
    size_bytes: int
    ingested_by: str


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A document version that a derived store still has to take over."""

    entry_id: int
    document_id: str
    version: int


class DatasetStore(DatasetEventLog, DatasetLines, Protocol):
    """Datasets and the provenance of their records."""

    def add(self, dataset: Dataset, *, audit: AuditEntry) -> Dataset:
        """Store a new pending dataset: the next version of its parent's line, or the first one of a line of its own.

        Raises:
            DatasetNotFound: If its parent is unknown.
            DatasetNotCompleted: If its parent is not finished.
        """
        ...

    def get(self, dataset_id: str) -> Dataset:
        """The dataset.

        Raises:
            DatasetNotFound: If there is none.
        """
        ...

    def page(
        self,
        *,
        status: DatasetStatus | None = None,
        name: str | None = None,
        created_by: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Dataset]:
        """Datasets, newest first.

        Args:
            status: Of this status alone.
            name: With this in their names, as it is written.
            created_by: Of this user alone.
            limit: Most datasets.
            after: `next_after` of the page before, with the same filters.
        """
        ...

    def newest_completed(self) -> Dataset | None:
        """The completed dataset that was created last and is not withdrawn, or None."""
        ...

    def claim(self, owner: str, *, lease_s: float) -> tuple[Dataset, DatasetClaim] | None:
        """Take the oldest pending dataset, or one whose builder's lease ran out, in one statement."""
        ...

    def heartbeat(self, claim: DatasetClaim, *, lease_s: float) -> None:
        """Extend the lease.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def add_provenance(self, claim: DatasetClaim, rows: Iterable[RecordProvenance]) -> None:
        """Add a batch of rows under the claim; those of earlier claims went when it was taken.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def complete(self, claim: DatasetClaim, dataset: Dataset, *, audit: AuditEntry) -> Dataset:
        """Publish the finished dataset (counts, paths, hashes, statistics of `dataset`).

        Raises:
            ClaimLost: If the claim is no longer the valid one.
            DocumentsErased: If a document of its records was erased meanwhile.
        """
        ...

    def fail(self, claim: DatasetClaim, *, error_message: str) -> Dataset:
        """End the build as failed; its provenance rows go.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def set_export(self, dataset_id: str, export_format: str, path: str, *, audit: AuditEntry) -> Dataset:
        """Record where an export of a completed dataset lies.

        Raises:
            DatasetNotFound: If there is none.
            DatasetNotCompleted: If it is not finished.
            DatasetWithdrawn: If it is kept for accountability only.
        """
        ...

    def delete(self, dataset_id: str, *, audit: AuditEntry) -> None:
        """Remove the dataset and its provenance.

        Raises:
            DatasetNotFound: If there is none.
            Conflict: If an adapter was trained on it, a job on it has not ended, or its build is running.
        """
        ...

    def provenance(
        self, dataset_id: str, *, split: Split | None = None, after: str | None = None, limit: int = 1000
    ) -> Sequence[RecordProvenance]:
        """Provenance rows ordered by record id."""
        ...

    def count(self) -> int:
        """Number of datasets."""
        ...


class AuditStore(Protocol):
    """Accountable actions, each tied to all before it; most are written by the store whose change they record."""

    def append(self, entry: AuditEntry) -> None:
        """Add an entry that belongs to no other change (a refused call)."""
        ...

    def page(
        self, *, object_id: str | None = None, limit: int = 100, after: int | None = None
    ) -> Sequence[tuple[int, AuditEntry]]:
        """Entries with their sequence numbers, newest first."""
        ...

    def records(
        self,
        wanted: AuditFilter = AuditFilter(),  # noqa: B008 - frozen and empty
        *,
        limit: int = 100,
        before: int | None = None,
        after: int | None = None,
    ) -> Sequence[AuditRecord]:
        """Entries in their places, newest first; oldest first if `after` is given.

        Args:
            wanted: Only these.
            limit: Most of them.
            before: Only smaller numbers: the last one of the page before.
            after: Only larger numbers, oldest first.
        """
        ...

    def head(self) -> AuditHead:
        """The end of the chain as the database says it is."""
        ...

    def links(self, *, after: int = 0, limit: int = 1000) -> Sequence[AuditLink]:
        """Rows as they are stored, oldest first, whatever hands may have put into them."""
        ...
