"""Entries of the audit log as they are read back, and which of them somebody wants to see."""

from dataclasses import dataclass
from datetime import datetime

from shared.models.events import AuditEntry


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry in its place.

    Args:
        seq: 1, 2, 3 … without gaps.
        entry: What happened.
        hash: Ties the row to all before it (`shared.models.audit_chain`).
    """

    seq: int
    entry: AuditEntry
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; None wants all.

    Args:
        actor: Exactly this one.
        action: This action, or every action below a noun that ends with a dot (`job.`).
        object_id: About this object.
        outcome: `ok` or `refused`.
        since: Not before this moment.
        until: Before this moment.
    """

    actor: str | None = None
    action: str | None = None
    object_id: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def wants(self, entry: AuditEntry) -> bool:
        """Whether an entry that has its date is among them."""
        assert entry.created_at is not None  # noqa: S101 - narrows the type; stores date every entry
        return (
            self.actor in (None, entry.actor)
            and (self.action is None or self._is_action(entry.action))
            and self.object_id in (None, entry.object_id)
            and self.outcome in (None, entry.outcome)
            and (self.since is None or entry.created_at >= self.since)
            and (self.until is None or entry.created_at < self.until)
        )

    def _is_action(self, action: str) -> bool:
        assert self.action is not None  # noqa: S101 - narrows the type, see the caller
        return action.startswith(self.action) if self.action.endswith(".") else action == self.action
