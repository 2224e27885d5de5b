"""Anchor the audit log of an installation: now, or when enough has happened since the last time."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from shared.database.audit.anchors import ANCHOR_FILE, Anchor, AnchorFile, anchor_of
from shared.database.audit.signing_key import SigningKey
from shared.database.base import AuditStore
from shared.models.events import AuditEntry
from shared.utils.clock import Clock, iso_utc, utc_now

logger = logging.getLogger(__name__)

AUDIT_FOLDER = "audit"
"""Below CLARA_HOME: key and anchors."""

ANCHORED = "audit.anchored"
_LOOKED_AT = 100


class Anchoring:
    """The anchors of one installation; several processes may share its folder.

    Args:
        store: The log.
        home: CLARA_HOME.
        every_s: Longest time between an entry and the anchor that covers it.
        every_rows: Most entries that no anchor covers.
        clock: For the date of an anchor.
        monotonic: Seconds that never jump.
    """

    def __init__(
        self,
        store: AuditStore,
        home: Path,
        *,
        every_s: float = 300.0,
        every_rows: int = 1000,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        folder = home / AUDIT_FOLDER
        self._store = store
        self._file = AnchorFile(folder / ANCHOR_FILE)
        self._key = SigningKey(folder)
        self._every_s = every_s
        self._every_rows = every_rows
        self._clock = clock
        self._monotonic = monotonic
        self._looked_at = monotonic()
        self._anchored_seq: int | None = None

    def anchor_if_due(self) -> Anchor | None:
        """An anchor if time or number of entries ask for one; costs one look at the head otherwise.

        Raises:
            Unavailable: If database, key or file cannot be used.
        """
        if self._anchored_seq is None:
            last = self._file.last()
            self._anchored_seq = 0 if last is None else last.seq
        is_time = self._monotonic() - self._looked_at >= self._every_s
        if not is_time and self._store.head().seq - self._anchored_seq < self._every_rows:
            return None
        self._looked_at = self._monotonic()
        return self.anchor()

    def anchor(self) -> Anchor | None:
        """Anchor the log as it stands; None if nothing but anchors was written since the last time.

        The file comes first: an anchor that the log does not know of is as good, one that only the log knows is none.

        Raises:
            Unavailable: If database, key or file cannot be used.
        """
        last = self._file.last()
        head = self._store.head()
        after = 0 if last is None else last.seq
        self._anchored_seq = after
        news = self._store.records(limit=_LOOKED_AT, after=after) if head.seq >= after else ()
        if head.seq >= after and all(record.entry.action == ANCHORED for record in news):
            return None
        if head.seq < after:
            logger.error("audit.log_shorter_than_anchored", extra={"rows": head.seq, "anchored": after})
        anchor = anchor_of(head, self._key, made_at=iso_utc(self._clock()))
        self._file.append(anchor)
        self._store.append(_entry(anchor))
        self._anchored_seq = head.seq
        logger.info("audit.anchored", extra={"rows": head.seq, "key_id": anchor.key_id})
        return anchor


def _entry(anchor: Anchor) -> AuditEntry:
    return AuditEntry(
        action=ANCHORED, object_type="audit_log", object_id=str(anchor.seq), actor="system", detail=asdict(anchor)
    )
