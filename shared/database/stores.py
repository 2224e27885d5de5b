"""All stores of the truth, opened together; `app.py` and the command line call this and hand the stores on."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.database.base import (
    AdapterStore,
    AuditStore,
    DatasetStore,
    DocumentStore,
    ExportStore,
    FeedbackStore,
    JobStore,
)
from shared.database.key_store import KeyStore
from shared.database.review_store import ReviewStore
from shared.errors import ClaraError
from shared.utils.clock import Clock, utc_now

DERIVED_STORES: Sequence[str] = ("embedded",)
"""Search stores that are fed from the outbox unless a caller names others."""


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Stores:
    """The stores of one database.

    Args:
        ping: Asks the database for a sign of life; raises what is wrong with it.
        release: Gives connections back.
    """

    jobs: JobStore
    adapters: AdapterStore
    exports: ExportStore
    feedback: FeedbackStore
    documents: DocumentStore
    datasets: DatasetStore
    reviews: ReviewStore
    audit: AuditStore
    keys: KeyStore
    ping: Callable[[], None] = field(default=_nothing, repr=False)
    release: Callable[[], None] = field(default=_nothing, repr=False)

    def check(self, *, timeout_s: float = 2.0) -> str:
        """Return "ok" or the reason why the database cannot serve, after `timeout_s` at the latest."""
        answers: list[str] = []

        def ask() -> None:
            try:
                self.ping()
            except ClaraError as exc:
                answers.append(exc.message)
            else:
                answers.append("ok")

        # a thread, since no driver's time-out covers a server that accepts and then says nothing
        thread = threading.Thread(target=ask, name="database-check", daemon=True)
        thread.start()
        thread.join(timeout_s)
        return answers[0] if answers else f"The database gave no answer within {timeout_s:g} s."

    def close(self) -> None:
        """Give connections back; the stores are of no use afterwards."""
        self.release()


def open_stores(url: str, *, derived_stores: Sequence[str] = DERIVED_STORES) -> Stores:
    """Stores on `sqlite:///path` or `postgresql://…`, with the schema brought up to date.

    Raises:
        Unavailable: If the database cannot serve, or its schema is newer than this code.
        InvalidInput: If the URL names no database that we know.
    """
    from sqlalchemy import text  # here and not above: the in-memory stores and their users need no SQL

    from shared.database.engine import open_engine, read_transaction
    from shared.database.migrate import ensure_schema
    from shared.database.sql.adapter_store import SqlAdapterStore
    from shared.database.sql.audit_store import SqlAuditStore
    from shared.database.sql.dataset_store import SqlDatasetStore
    from shared.database.sql.document_store import SqlDocumentStore
    from shared.database.sql.export_store import SqlExportStore
    from shared.database.sql.feedback_store import SqlFeedbackStore
    from shared.database.sql.job_store import SqlJobStore
    from shared.database.sql.key_store import SqlKeyStore
    from shared.database.sql.review_store import SqlReviewStore

    ensure_schema(url)
    engine = open_engine(url)

    def ping() -> None:
        with read_transaction(engine) as connection:
            connection.execute(text("SELECT count(*) FROM alembic_version"))

    return Stores(
        jobs=SqlJobStore(engine),
        adapters=SqlAdapterStore(engine),
        exports=SqlExportStore(engine),
        feedback=SqlFeedbackStore(engine),
        documents=SqlDocumentStore(engine, derived_stores),
        datasets=SqlDatasetStore(engine),
        reviews=SqlReviewStore(engine),
        audit=SqlAuditStore(engine),
        keys=SqlKeyStore(engine),
        ping=ping,
        release=engine.dispose,
    )


def memory_stores(*, clock: Clock = utc_now, derived_stores: Sequence[str] = DERIVED_STORES) -> Stores:
    """Stores that live as long as the process: for tests and experiments.

    Args:
        clock: Plays the database's clock, by which leases expire.
        derived_stores: Search stores that are fed from the outbox.
    """
    from shared.database.memory import (
        MemoryAdapterStore,
        MemoryAuditStore,
        MemoryDatasetStore,
        MemoryDocumentStore,
        MemoryExportStore,
        MemoryFeedbackStore,
        MemoryJobStore,
        MemoryKeyStore,
        MemoryReviewStore,
        MemoryState,
    )

    state = MemoryState(clock=clock)
    return Stores(
        jobs=MemoryJobStore(state),
        adapters=MemoryAdapterStore(state),
        exports=MemoryExportStore(state),
        feedback=MemoryFeedbackStore(state),
        documents=MemoryDocumentStore(state, derived_stores),
        datasets=MemoryDatasetStore(state),
        reviews=MemoryReviewStore(state),
        audit=MemoryAuditStore(state),
        keys=MemoryKeyStore(state),
    )
