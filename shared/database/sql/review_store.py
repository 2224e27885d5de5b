"""Quality reviews on SQL: a row per text; a row with a ruling is changed by rulings only."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, and_, delete, func, or_, select, update

from shared.database.audit.entries import doubted, settled
from shared.database.base import Page
from shared.database.engine import read_transaction, write_transaction
from shared.database.job_changes import storable_text
from shared.database.review_store import NoRuling, ReviewNotFound
from shared.database.sql.audit_writes import write_audit
from shared.database.sql.document_reads import batches
from shared.database.sql_time import db_now
from shared.database.tables import quality_reviews
from shared.models.events import AuditEntry
from shared.models.review import Doubt, Review, ReviewState, Ruling

_KEYS_AT_ONCE = 500
_FOUND = ("section_id", "document_id", "score", "reasons", "first_reason", "profile_version", "run_id", "noted_at")
_row = quality_reviews.c


class SqlReviewStore:
    """`ReviewStore` on SQLite or PostgreSQL.

    Args:
        engine: From `open_engine`, with the schema in place.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def doubt(self, doubts: Sequence[Doubt], *, run_id: str) -> int:
        """See `ReviewStore.doubt`."""
        first = {each.text_key: each for each in reversed(doubts)}
        new = 0
        with write_transaction(self._engine) as connection:
            for keys in batches(sorted(first), _KEYS_AT_ONCE):
                known = set(connection.scalars(select(_row.text_key).where(_row.text_key.in_(keys))))
                new += len(keys) - len(known)
                values = [_columns(first[key], run_id) for key in keys]
                connection.execute(_noted(connection), values)
            if first:
                write_audit(connection, doubted(run_id, len(first)))
        return new

    def settle(self, run_id: str) -> int:
        """See `ReviewStore.settle`."""
        stale = delete(quality_reviews).where(_row.state == ReviewState.OPEN.value, _row.run_id != run_id)
        with write_transaction(self._engine) as connection:
            gone = connection.execute(stale).rowcount
            if gone:
                write_audit(connection, settled(run_id, gone))
        return gone

    def rule(self, doubt: Doubt, ruling: Ruling, *, audit: AuditEntry) -> Review:
        """See `ReviewStore.rule`."""
        if not ruling.state.is_decided:
            raise NoRuling
        values = {
            "state": ruling.state.value,
            "decided_at": db_now(),
            "decided_by": ruling.decided_by,
            "note": storable_text(ruling.note),
        }
        with write_transaction(self._engine) as connection:
            connection.execute(_noted(connection), [_columns(doubt, "")])
            connection.execute(update(quality_reviews).where(_row.text_key == doubt.text_key).values(**values))
            review = _read(connection, doubt.text_key)
            write_audit(connection, audit)
        return review

    def get(self, text_key: str) -> Review:
        """See `ReviewStore.get`."""
        with read_transaction(self._engine) as connection:
            return _read(connection, text_key)

    def page(
        self,
        *,
        state: ReviewState = ReviewState.OPEN,
        reason: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Review]:
        """See `ReviewStore.page`."""
        wanted = [_row.state == state.value, *([] if reason is None else [_row.first_reason == reason])]
        query = select(quality_reviews).where(*wanted).order_by(_row.score, _row.text_key).limit(limit + 1)
        with read_transaction(self._engine) as connection:
            total = connection.scalar(select(func.count()).select_from(quality_reviews).where(*wanted)) or 0
            if after is not None:
                score = _read(connection, after).doubt.score
                query = query.where(or_(_row.score > score, and_(_row.score == score, _row.text_key > after)))
            rows = connection.execute(query).mappings().all()
        items = [_review(row) for row in rows[:limit]]
        return Page(items, next_after=items[-1].doubt.text_key if len(rows) > limit and items else None, total=total)

    def rulings(self, text_keys: Sequence[str]) -> Mapping[str, ReviewState]:
        """See `ReviewStore.rulings`."""
        found: dict[str, ReviewState] = {}
        with read_transaction(self._engine) as connection:
            for keys in batches(text_keys, _KEYS_AT_ONCE):
                query = select(_row.text_key, _row.state).where(
                    _row.text_key.in_(keys), _row.state != ReviewState.OPEN.value
                )
                found.update((key, ReviewState(state)) for key, state in connection.execute(query))
        return found


def _noted(connection: Connection) -> Any:
    """Insert a doubt, or take the place of an open one; what is decided stays."""
    # each database has its own words for it; only those of this one are loaded
    words = import_module(f"sqlalchemy.dialects.{connection.dialect.name}")
    made = words.insert(quality_reviews)
    found = {name: made.excluded[name] for name in _FOUND}
    return made.values(noted_at=db_now()).on_conflict_do_update(
        index_elements=[_row.text_key], set_=found, where=_row.state == ReviewState.OPEN.value
    )


def _columns(doubt: Doubt, run_id: str) -> dict[str, Any]:
    return {
        "text_key": doubt.text_key,
        "section_id": doubt.section_id,
        "document_id": doubt.document_id,
        "score": doubt.score,
        "reasons": list(doubt.reasons),
        "first_reason": next(iter(doubt.reasons), ""),
        "profile_version": doubt.profile_version,
        "run_id": run_id,
        "state": ReviewState.OPEN.value,
    }


def _read(connection: Connection, text_key: str) -> Review:
    row = connection.execute(select(quality_reviews).where(_row.text_key == text_key)).mappings().one_or_none()
    if row is None:
        raise ReviewNotFound(text_key)
    return _review(row)


def _review(row: RowMapping) -> Review:
    doubt = Doubt(
        row["text_key"],
        row["section_id"],
        row["document_id"],
        float(row["score"]),
        tuple(row["reasons"]),
        row["profile_version"],
    )
    state = ReviewState(row["state"])
    ruling = Ruling(state, row["decided_by"], row["note"]) if state.is_decided else None
    return Review(doubt, row["noted_at"], ruling, row["decided_at"])
