import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.common.audit_upkeep import AuditUpkeep, audit_kept
from backend.common.refusals import RefusalLog
from config import BaseConfig
from shared.auth.models import Unauthenticated
from shared.database.audit.anchoring import Anchoring
from shared.database.stores import Stores, memory_stores
from shared.errors import InvalidInput, Unavailable
from tests.contracts.key_store_contract import a_key
from tests.support.services import small_app
from tests.support.store_values import an_audit
from tests.support.warm_parents import until
from tests.unit.backend.common.test_refusals import a_request

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
AWAY = Unavailable("away")


class Failing:
    """An audit store that fails in its first calls."""

    def __init__(self, stores: Stores, calls: int, error: Exception) -> None:
        self._store, self._left, self._error = stores.audit, calls, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, entry: Any) -> None:
        if self._left:
            self._left -= 1
            raise self._error
        self._store.append(entry)


def upkeep_of(
    stores: Stores,
    home: Path,
    *,
    away: int = 0,
    error: Exception = AWAY,
    uses: dict[str, datetime] | None = None,
) -> AuditUpkeep:
    left = dict(uses or {})

    def take() -> dict[str, datetime]:
        taken = dict(left)
        left.clear()
        return taken

    refusals, anchoring = RefusalLog(), Anchoring(stores.audit, home)
    return AuditUpkeep(Failing(stores, away, error), stores.keys, anchoring, refusals, take)


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


def test_an_entry_that_is_never_taken_holds_up_no_other_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stores = memory_stores()
    upkeep = upkeep_of(stores, tmp_path, away=1, error=InvalidInput("holds NUL"))
    upkeep.refusals.note(a_request("/a"), Unauthenticated("no token"))
    upkeep.refusals.note(a_request("/b"), Unauthenticated("no token"))

    upkeep.round(is_last=True)

    assert [entry.object_id for _, entry in stores.audit.page() if entry.action == "auth.refused"] == ["GET /b"]
    assert stores.audit.page()[0][1].action == "audit.anchored"
    lost = next(record for record in caplog.records if record.message == "audit.entry_lost")
    assert vars(lost)["object_id"] == "GET /a"


def test_rounds_go_on_after_an_error_that_nobody_foresaw(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stores = memory_stores()
    failing = replace(stores, audit=Failing(stores, 2, RuntimeError("what is this")))
    app = small_app([])

    async def serve() -> None:
        async with audit_kept(app, failing, BaseConfig(home=tmp_path), every_s=0.001):
            app.state.refusals.note(a_request(), Unauthenticated("no token"))
            await until(lambda: len(stores.audit.page()) > 0)

    asyncio.run(serve())

    assert [entry.action for _, entry in stores.audit.page()] == ["audit.anchored", "auth.refused"]
    assert caplog.messages.count("audit.upkeep_failed") == 2


def test_the_last_round_anchors(tmp_path: Path) -> None:
    stores = memory_stores()
    stores.audit.append(an_audit())

    upkeep_of(stores, tmp_path).round(is_last=True)

    assert [entry.action for _, entry in stores.audit.page()] == ["audit.anchored", "job.submitted"]
