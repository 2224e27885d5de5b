"""What a service does for the audit log beside its work: refusals written, keys' uses noted, anchors made."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI

from backend.common.audit_routes import AuditDesk
from backend.common.blocking import in_thread
from backend.common.refusals import RefusalLog
from shared.auth.api_keys import ApiKeyAuthenticator
from shared.database.audit.anchoring import Anchoring
from shared.database.base import AuditStore
from shared.database.key_store import KeyStore
from shared.database.stores import Stores
from shared.errors import InvalidInput, Unavailable
from shared.models.events import AuditEntry

logger = logging.getLogger(__name__)

FLUSH_S = 10.0
TakeUses = Callable[[], Mapping[str, datetime]]


@dataclass
class AuditUpkeep:
    """One round of it; what could not be written is tried again in the next.

    Args:
        audit: The log.
        keys: Keys for scripts.
        anchoring: Knows when an anchor is due.
        refusals: Where the service counts them.
        take_uses: When keys were used since the last call.
    """

    audit: AuditStore
    keys: KeyStore
    anchoring: Anchoring
    refusals: RefusalLog
    take_uses: TakeUses
    _entries: list[AuditEntry] = field(default_factory=list, init=False)
    _uses: dict[str, datetime] = field(default_factory=dict, init=False)

    def round(self, *, is_last: bool = False) -> None:
        """Write what there is; blocks.

        Raises:
            Unavailable: If database, key or file of anchors cannot be used.
        """
        self._collect()
        while self._entries:
            try:
                self.audit.append(self._entries[0])
            except InvalidInput:
                # it will never be taken, and those behind it must not wait for it for ever
                logger.exception("audit.entry_lost", extra=asdict(self._entries[0]))
            del self._entries[0]
        self.keys.note_uses(self._uses)
        self._uses.clear()
        if is_last:
            self.anchoring.anchor()
        else:
            self.anchoring.anchor_if_due()

    def _collect(self) -> None:
        if not self._entries:
            # otherwise they go on being counted, in bounded memory, until these are written
            self._entries += self.refusals.take()
        self._uses |= self.take_uses()


class AuditSettings(Protocol):
    """The settings that the audit log depends on; `config.BaseConfig` has them."""

    @property
    def home(self) -> Path: ...  # noqa: D102 - names of the settings, described there
    @property
    def audit_anchor_seconds(self) -> float: ...  # noqa: D102
    @property
    def audit_anchor_rows(self) -> int: ...  # noqa: D102


@asynccontextmanager
async def audit_kept(
    app: FastAPI, stores: Stores, settings: AuditSettings, *, every_s: float = FLUSH_S
) -> AsyncIterator[None]:
    """Keep the audit log of a service while it runs, and let its keys in.

    The last refusals and an anchor are written when it stops.

    Args:
        app: Its `state.refusals` counts refusals from now on; its authenticator looks keys up in the stores.
        stores: Log and keys.
        settings: When to anchor, and where.
        every_s: Distance of rounds.
    """
    refusals = app.state.refusals = RefusalLog()
    app.state.audit = AuditDesk(stores.audit, settings.home)
    anchoring = Anchoring(
        stores.audit, settings.home, every_s=settings.audit_anchor_seconds, every_rows=settings.audit_anchor_rows
    )
    upkeep = AuditUpkeep(stores.audit, stores.keys, anchoring, refusals, _let_keys_in(app, stores.keys))
    rounds = asyncio.create_task(_go_on(upkeep, every_s), name="audit-upkeep")
    try:
        yield
    finally:
        rounds.cancel()
        await asyncio.gather(rounds, return_exceptions=True)
        await _go_round(upkeep, is_last=True)


def _let_keys_in(app: FastAPI, keys: KeyStore) -> TakeUses:
    authenticator = app.state.authenticator
    if not isinstance(authenticator, ApiKeyAuthenticator):
        return dict
    authenticator.look_up_with(keys.find)
    return authenticator.take_uses


async def _go_on(upkeep: AuditUpkeep, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        await _go_round(upkeep)


async def _go_round(upkeep: AuditUpkeep, *, is_last: bool = False) -> None:
    try:
        await in_thread(upkeep.round, is_last=is_last)
    except Unavailable as exc:
        logger.warning("audit.upkeep_failed", extra={"reason": exc.message})
    except Exception:
        # whatever it is, the next round has its own chance: without rounds no refusal is told and nothing is anchored
        logger.exception("audit.upkeep_failed")
