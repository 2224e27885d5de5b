"""The tables of the SQL truth, one code for SQLite and PostgreSQL; changes go through a migration."""

from collections.abc import Iterable

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from shared.database.sql_time import UtcDateTime
from shared.models.dataset import DatasetStatus, Split
from shared.models.dataset_events import DatasetEventType
from shared.models.events import EventType
from shared.models.feedback import HIGHEST_IMPORTANCE, FeedbackState
from shared.models.job import JobStatus
from shared.models.review import ReviewState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of exactly the type INTEGER.
_Sequence = BigInteger().with_variant(Integer, "sqlite")


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


documents = Table(
    "documents",
    metadata,
    Column("document_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("version", Integer, nullable=False),  # the newest one
    UniqueConstraint("source", "path"),
)

document_versions = Table(
    "document_versions",
    metadata,
    Column("document_id", Text, ForeignKey("documents.document_id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("abbreviation", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("section_count", Integer, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("ingested_at", UtcDateTime, nullable=False),
    Column("ingested_by", Text, nullable=False),
)

sections = Table(
    "sections",
    metadata,
    Column("document_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("heading", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("heading_path", JSON, nullable=False),
    Column("start_offset", Integer, nullable=False),
    Column("end_offset", Integer, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("text", Text, nullable=False),  # last: readers of the other columns skip its overflow pages on SQLite
    ForeignKeyConstraint(["document_id", "version"], ["document_versions.document_id", "document_versions.version"]),
)

erased_documents = Table(
    "erased_documents",
    metadata,
    Column("document_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("version", Integer, nullable=False),  # one more than the last that anybody saw
    Column("erased_at", UtcDateTime, nullable=False),
    UniqueConstraint("source", "path"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("entry_id", _Sequence, primary_key=True, autoincrement=True),
    Column("store", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_outbox_store_entry_id", "store", "entry_id"),
    sqlite_autoincrement=True,
)

dataset_lines = Table(
    "dataset_lines",
    metadata,
    Column("line_id", Text, primary_key=True),
    Column("last_number", Integer, nullable=False),  # numbers are given once, also when a version is deleted
)

datasets = Table(
    "datasets",
    metadata,
    Column("dataset_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("request", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("document_count", Integer, nullable=False),
    Column("record_count", Integer, nullable=False),
    Column("total_tokens", BigInteger, nullable=False),
    Column("quality_score_avg", Float, nullable=False),
    Column("content_sha256", Text),
    Column("path", Text),
    Column("manifest_sha256", Text),
    Column("export_paths", JSON, nullable=False),
    Column("statistics", JSON, nullable=False),
    Column("error_message", Text),
    Column("completed_at", UtcDateTime),
    Column("owner", Text),
    Column("claim_epoch", Integer, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("version", Integer, nullable=False),
    Column("fruitless_claims", Integer, nullable=False, server_default="0"),
    Column("line_id", Text, nullable=False, server_default=text("''")),
    Column("version_number", Integer, nullable=False, server_default="1"),
    Column("parent_id", Text),  # no foreign key: a parent may be deleted, what follows it still says whom it followed
    Column("version_sha256", Text),
    Column("event_seq", Integer, nullable=False, server_default="0"),
    Column("change_no", BigInteger, nullable=False, server_default="0"),  # see sql/change_feed.py
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", Text),
    Column("withdrawn_reason", Text),
    _one_of("status", DatasetStatus),
    Index("ix_datasets_change_no", "change_no"),
    Index("ix_datasets_line", "line_id", "version_number", unique=True),
    Index("ix_datasets_status_created_at", "status", "created_at", "dataset_id"),
    Index("ix_datasets_created_at", "created_at", "dataset_id"),
)

dataset_events = Table(
    "dataset_events",
    metadata,
    Column("dataset_id", Text, ForeignKey("datasets.dataset_id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    _one_of("type", DatasetEventType),
)

record_provenance = Table(
    "record_provenance",
    metadata,
    Column("dataset_id", Text, ForeignKey("datasets.dataset_id", ondelete="CASCADE"), primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("document_id", Text, nullable=False),
    Column("document_version", Integer, nullable=False),
    Column("section_id", Text, nullable=False),
    Column("split", Text, nullable=False),
    Column("quality_score", Float, nullable=False),
    Column("start_offset", Integer, nullable=False),
    Column("end_offset", Integer, nullable=False),
    _one_of("split", Split),
    Index("ix_record_provenance_document_id", "document_id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("job_name", Text, nullable=False),
    Column("trainer_type", Text, nullable=False),
    Column("config", JSON, nullable=False),
    Column("config_path", Text),
    Column("dataset_id", Text),
    Column("dataset_path", Text),
    Column("output_dir", Text, nullable=False),
    Column("resume_from", Text),
    Column("priority", Integer, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("completed_at", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),  # of the newest event; heartbeats do not touch it
    Column("status", Text, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("error_message", Text),
    Column("current_epoch", Integer, nullable=False),
    Column("total_epochs", Integer, nullable=False),
    Column("current_step", BigInteger, nullable=False),
    Column("total_steps", BigInteger, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("adapter_id", Text),
    Column("adapter_path", Text),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("crash_count", Integer, nullable=False, server_default="0"),
    Column("error_count", Integer, nullable=False, server_default="0"),
    Column("failure_reason", Text),
    Column("turn", BigInteger, nullable=False, server_default="0"),
    Column("queue_rank", BigInteger, nullable=False, server_default="0"),
    Column("not_before", UtcDateTime),
    Column("is_paused", Boolean, nullable=False, server_default=false()),
    Column("claim_epoch", Integer, nullable=False),
    Column("owner", Text),
    Column("lease_until", UtcDateTime),
    Column("beat", BigInteger, nullable=False, server_default="0"),
    Column("checkpoint_epoch", Integer, nullable=False, server_default="0"),
    Column("checkpoint_step", Integer, nullable=False, server_default="0"),
    Column("event_seq", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("change_no", BigInteger, nullable=False, server_default="0"),  # see sql/change_feed.py
    _one_of("status", JobStatus),
    CheckConstraint("priority BETWEEN 1 AND 5", name="priority_range"),
    # only a running job has an owner, and it always has one with a lease
    CheckConstraint(
        f"(status = '{JobStatus.RUNNING}') = (owner IS NOT NULL AND lease_until IS NOT NULL)", name="running_is_owned"
    ),
    CheckConstraint(f"(status = '{JobStatus.COMPLETED}') = (adapter_id IS NOT NULL)", name="completed_has_adapter"),
    Index("ix_jobs_created_at", "created_at", "job_id"),
    Index("ix_jobs_change_no", "change_no"),
    Index("ix_jobs_dataset_id", "dataset_id"),
    # in the order of claims, so that taking the next job reads one index entry however long the queue is
    Index("ix_jobs_queue", "status", "is_paused", "queue_rank", "created_at", "job_id"),
    # for the place of a new job: whom it shares the queue with, and where the queue stands
    Index("ix_jobs_share", "created_by", "priority", "turn"),
    Index("ix_jobs_turn", "turn"),
    Index("ix_jobs_active", "created_by", "status"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("job_id", Text, ForeignKey("jobs.job_id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.job_id"), primary_key=True),
    Column("claim_epoch", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", Text),
    Column("message", Text),
)

job_events = Table(
    "job_events",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.job_id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    _one_of("type", EventType),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.job_id"), primary_key=True),
    Column("claim_epoch", Integer, primary_key=True),
    Column("step", BigInteger, primary_key=True),
    Column("path", Text, nullable=False),
    Column("manifest_sha256", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("loss", Float),
)

adapters = Table(
    "adapters",
    metadata,
    Column("adapter_id", Text, primary_key=True),
    Column("job_id", Text, ForeignKey("jobs.job_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("manifest_sha256", Text, nullable=False),
    Column("trainer_type", Text, nullable=False),
    Column("base_model", Text, nullable=False),
    Column("base_model_digest", Text, nullable=False),
    Column("dataset_id", Text),
    Column("dataset_sha256", Text),
    Column("metrics", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("job_id"),  # a job completes once
    Index("ix_adapters_created_at", "created_at", "adapter_id"),
    Index("ix_adapters_dataset_id", "dataset_id"),
)

job_exports = Table(
    "job_exports",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.job_id"), primary_key=True),
    Column("destination", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),  # end of a lease or of a pause
    Column("reason", Text),
    Column("reference", Text),
    Column("exported_at", UtcDateTime),
)

promotions = Table(
    "promotions",
    metadata,
    Column("number", _Sequence, primary_key=True, autoincrement=True),
    Column("base_model", Text, nullable=False),
    Column("adapter_id", Text, ForeignKey("adapters.adapter_id"), nullable=False),
    Column("replaced", Text),
    Column("promoted_at", UtcDateTime, nullable=False),
    Column("promoted_by", Text, nullable=False),
    Column("is_override", Boolean, nullable=False),
    Index("ix_promotions_base_model", "base_model", "number"),
    sqlite_autoincrement=True,
)

feedback = Table(
    "feedback",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("feedback_id", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("score", Float, nullable=False),
    Column("source", Text, nullable=False),
    Column("importance", Integer, nullable=False),
    Column("adapter_id", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("correction", Text),
    UniqueConstraint("feedback_id"),
    UniqueConstraint("content_sha256"),
    _one_of("state", FeedbackState),
    CheckConstraint("score BETWEEN -1 AND 1", name="score_range"),
    CheckConstraint(f"importance BETWEEN 1 AND {HIGHEST_IMPORTANCE}", name="importance_range"),
    CheckConstraint(f"(state = '{FeedbackState.REJECTED}') = (reason IS NOT NULL)", name="rejected_has_reason"),
    sqlite_autoincrement=True,
)

quality_reviews = Table(
    "quality_reviews",
    metadata,
    Column("text_key", Text, primary_key=True),
    Column("section_id", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("first_reason", Text, nullable=False),
    Column("profile_version", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("noted_at", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", Text),
    Column("note", Text),
    _one_of("state", ReviewState),
    CheckConstraint(
        f"(state = '{ReviewState.OPEN}') = (decided_by IS NULL AND decided_at IS NULL)", name="decided_has_author"
    ),
    Index("ix_quality_reviews_state", "state", "score", "text_key"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("request_id", Text),
    Column("roles", Text, nullable=False, server_default=text("''")),  # names with commas between them
    Column("address", Text),
    Column("hash", Text, nullable=False, server_default=text("''")),  # of this row and all before it
    _one_of("outcome", ("ok", "refused")),
    Index("ix_audit_log_object_id", "object_id", "seq"),
    sqlite_autoincrement=True,
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("chain", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),  # of the newest row of audit_log
    Column("moved_at", UtcDateTime, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("chain = 1", name="one_chain"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_sha256", Text, nullable=False),
    Column("roles", Text, nullable=False),  # names with commas between them
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", Text),
    Column("last_used_at", UtcDateTime),
    CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_has_author"),
    Index("ix_api_keys_created_at", "created_at", "key_id"),
)
