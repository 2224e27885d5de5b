from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.common.audit_upkeep import AuditUpkeep
from backend.common.refusals import RefusalLog
from shared.auth.models import Unauthenticated
from shared.database.audit.anchoring import Anchoring
from shared.database.stores import Stores, memory_stores
from shared.errors import Unavailable
from tests.contracts.key_store_contract import a_key
from tests.support.store_values import an_audit
from tests.unit.backend.common.test_refusals import a_request

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Away:
    """An audit store whose database is away for its first calls."""

    def __init__(self, stores: Stores, calls: int) -> None:
        self._store, self._left = stores.audit, calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, entry: Any) -> None:
        if self._left:
            self._left -= 1
            raise Unavailable("away")
        self._store.append(entry)


def upkeep_of(stores: Stores, home: Path, *, away: int = 0, uses: dict[str, datetime] | None = None) -> AuditUpkeep:
    left = dict(uses or {})

    def take() -> dict[str, datetime]:
        taken = dict(left)
        left.clear()
        return taken

    refusals, anchoring = RefusalLog(), Anchoring(stores.audit, home)
    return AuditUpkeep(Away(stores, away), stores.keys, anchoring, refusals, take)


def test_a_round_writes_refusals_and_uses(tmp_path: Path) -> None:
    stores = memory_stores()
    stored, _ = a_key()
    key_id = stores.keys.add(stored, audit=an_audit()).key_id
    upkeep = upkeep_of(stores, tmp_path, uses={key_id: NOW})
    upkeep.refusals.note(a_request(), Unauthenticated("no token"))

    upkeep.round()

    assert [entry.action for _, entry in stores.audit.page()] == ["auth.refused", "job.submitted"]
    assert stores.keys.page().items[0].last_used_at == NOW


def test_what_could_not_be_written_is_written_in_a_later_round(tmp_path: Path) -> None:
    stores = memory_stores()
    stored, _ = a_key()
    key_id = stores.keys.add(stored, audit=an_audit()).key_id
    upkeep = upkeep_of(stores, tmp_path, away=2, uses={key_id: NOW})
    upkeep.refusals.note(a_request("/a"), Unauthenticated("no token"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            upkeep.round()
        upkeep.refusals.note(a_request("/b"), Unauthenticated("no token"))

    upkeep.round()
    upkeep.round()

    counts = {entry.object_id: entry.detail.get("count") for _, entry in stores.audit.page()}
    assert counts == {"x": None, "GET /a": 1, "GET /b": 2}
    assert stores.keys.page().items[0].last_used_at == NOW


def test_the_last_round_anchors(tmp_path: Path) -> None:
    stores = memory_stores()
    stores.audit.append(an_audit())

    upkeep_of(stores, tmp_path).round(is_last=True)

    assert [entry.action for _, entry in stores.audit.page()] == ["audit.anchored", "job.submitted"]
