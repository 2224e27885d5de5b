"""Feedback on SQL: added once per content, in the order of commits, never changed."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, insert, or_, select, text

from shared.database.base import FeedbackNotFound, Page
from shared.database.engine import read_transaction, write_transaction
from shared.database.sql.audit_writes import write_audit
from shared.database.sql.rows import feedback_columns, feedback_from
from shared.database.tables import feedback
from shared.models.events import AuditEntry
from shared.models.feedback import FeedbackFilter, FeedbackItem, FeedbackState, StoredFeedback

# any number will do, as long as nobody else takes it
_LOCK = text(f"SELECT pg_advisory_xact_lock({0x434C_4152_4645_4544})")
_HASHES_AT_ONCE = 500


class SqlFeedbackStore:
    """`FeedbackStore` on SQLite or PostgreSQL.

    Args:
        engine: From `open_engine`, with the schema in place.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, items: Sequence[FeedbackItem], *, audit: AuditEntry) -> Sequence[StoredFeedback]:
        """See `FeedbackStore.add`."""
        keyed = [(item.content_sha256, item) for item in items]
        with write_transaction(self._engine) as connection:
            _one_at_a_time(connection)
            found = _stored(connection, [content for content, _ in keyed])
            new: dict[str, FeedbackItem] = {}
            for content, item in keyed:
                if content not in found:
                    new.setdefault(content, item)
            if new:
                connection.execute(insert(feedback), [feedback_columns(item) for item in new.values()])
                found |= _stored(connection, list(new))
                write_audit(connection, audit)
        return [
            StoredFeedback(found[content], is_duplicate=new.pop(content, None) is not item) for content, item in keyed
        ]

    def get(self, feedback_id: str) -> FeedbackItem:
        """See `FeedbackStore.get`."""
        with read_transaction(self._engine) as connection:
            row = connection.execute(select(feedback).where(feedback.c.feedback_id == feedback_id)).mappings().first()
        if row is None:
            raise FeedbackNotFound(feedback_id)
        return feedback_from(row)

    def page(
        self,
        wanted: FeedbackFilter = FeedbackFilter(),  # noqa: B008 - frozen and empty
        *,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[FeedbackItem]:
        """See `FeedbackStore.page`."""
        conditions = list(_conditions(wanted))
        with read_transaction(self._engine) as connection:
            total = connection.scalar(select(func.count()).select_from(feedback).where(*conditions)) or 0
            if after is not None:
                start = connection.scalar(select(feedback.c.seq).where(feedback.c.feedback_id == after))
                if start is None:
                    raise FeedbackNotFound(after)
                conditions.append(feedback.c.seq < start)
            query = select(feedback).where(*conditions).order_by(feedback.c.seq.desc()).limit(limit + 1)
            rows = connection.execute(query).mappings().all()
        items = [feedback_from(row) for row in rows[:limit]]
        return Page(items, next_after=items[-1].feedback_id if len(rows) > limit else None, total=total)

    def targets(
        self, *, min_score: float, after: int = 0, until: int | None = None, limit: int = 1000
    ) -> Sequence[FeedbackItem]:
        """See `FeedbackStore.targets`."""
        query = select(feedback).where(_has_target(min_score, after, until)).order_by(feedback.c.seq).limit(limit)
        with read_transaction(self._engine) as connection:
            return [feedback_from(row) for row in connection.execute(query).mappings()]

    def count_targets(self, *, min_score: float, after: int = 0, until: int | None = None) -> int:
        """See `FeedbackStore.count_targets`."""
        return self._number(select(func.count()).select_from(feedback).where(_has_target(min_score, after, until)))

    def newest_seq(self) -> int:
        """See `FeedbackStore.newest_seq`."""
        return self._number(select(func.max(feedback.c.seq)))

    def _number(self, query: Select[Any]) -> int:
        with read_transaction(self._engine) as connection:
            return connection.scalar(query) or 0


def _one_at_a_time(connection: Connection) -> None:
    """Keep others from adding until the transaction ends, so that `seq` follows the order of commits.

    On SQLite the write transaction itself does that.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)


def _stored(connection: Connection, hashes: Sequence[str]) -> dict[str, FeedbackItem]:
    found: dict[str, FeedbackItem] = {}
    for start in range(0, len(hashes), _HASHES_AT_ONCE):
        query = select(feedback).where(feedback.c.content_sha256.in_(hashes[start : start + _HASHES_AT_ONCE]))
        found |= {row["content_sha256"]: feedback_from(row) for row in connection.execute(query).mappings()}
    return found


def _has_target(min_score: float, after: int, until: int | None) -> ColumnElement[bool]:
    """`target_of` in SQL."""
    return and_(
        feedback.c.seq > after,
        *([] if until is None else [feedback.c.seq <= until]),
        feedback.c.state == FeedbackState.ACCEPTED.value,
        or_(feedback.c.correction.is_not(None), feedback.c.score >= min_score),
    )


def _conditions(wanted: FeedbackFilter) -> Iterator[ColumnElement[bool]]:
    equal = {"state": wanted.state, "source": wanted.source, "adapter_id": wanted.adapter_id}
    for name, value in equal.items():
        if value is not None:
            yield feedback.c[name] == value
    if wanted.min_score is not None:
        yield feedback.c.score >= wanted.min_score
    if wanted.max_score is not None:
        yield feedback.c.score <= wanted.max_score
    if wanted.since is not None:
        yield feedback.c.created_at >= wanted.since
    if wanted.has_correction is not None:
        yield feedback.c.correction.is_not(None) if wanted.has_correction else feedback.c.correction.is_(None)
