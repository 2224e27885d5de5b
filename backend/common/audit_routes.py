"""Routes of the audit log, for administrators: what is in it, and whether it is intact."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from backend.common.blocking import in_thread
from backend.common.exact import Moment
from backend.common.pagination import Limit
from shared.auth.policies import require_roles
from shared.database.audit.verify import AuditReport, FindingKind, verify_installation
from shared.database.base import AuditStore
from shared.models.audit import AuditFilter, AuditRecord
from shared.models.events import LARGEST_SEQ
from shared.models.users import Principal, Role

router = APIRouter(prefix="/api/audit", tags=["audit"])


@dataclass(frozen=True, slots=True)
class AuditDesk:
    """What administrators may ask of the log of a service.

    Args:
        store: The log.
        home: CLARA_HOME, where the anchors are.
        one_at_a_time: A verification reads the whole log; others wait.
    """

    store: AuditStore
    home: Path
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def verify(self) -> AuditReport:
        """Read the whole log.

        Raises:
            Unavailable: If database, anchors or public key cannot be read.
        """
        async with self.one_at_a_time:
            return await in_thread(verify_installation, self.store, self.home)


class AuditEntryView(BaseModel):
    """One entry."""

    seq: int = Field(description="1, 2, 3 … without gaps.")
    created_at: datetime | None
    actor: str
    roles: list[str]
    action: str
    object_type: str
    object_id: str
    outcome: str = Field(description="`ok` or `refused`; anything else was not written by CLARA.")
    detail: dict[str, Any]
    request_id: str | None
    address: str | None
    hash: str = Field(description="Ties the row to all rows before it.")

    @classmethod
    def of(cls, record: AuditRecord) -> "AuditEntryView":
        """The view of a record."""
        entry = record.entry
        return cls.model_validate(
            {
                **{name: getattr(entry, name) for name in cls.model_fields if hasattr(entry, name)},
                "roles": list(entry.roles),
                "detail": dict(entry.detail),
                "seq": record.seq,
                "hash": record.hash,
            }
        )


class AuditList(BaseModel):
    """A page of entries, newest first."""

    entries: list[AuditEntryView]
    next_before: int | None = Field(description="`before` of the next page; null on the last.")


class FindingView(BaseModel):
    """One thing that is wrong with the log."""

    kind: FindingKind
    seq: int
    message: str


class AuditVerification(BaseModel):
    """Whether the log is intact."""

    is_intact: bool
    rows: int
    head_hash: str
    anchors: int
    wrong: int = Field(description="How many things are wrong; `findings` has the first 100.")
    findings: list[FindingView]

    @classmethod
    def of(cls, report: AuditReport) -> "AuditVerification":
        """The view of a report."""
        findings = [FindingView(kind=each.kind, seq=each.seq, message=each.message) for each in report.findings]
        return cls(
            is_intact=report.is_intact,
            rows=report.rows,
            head_hash=report.head.hash,
            anchors=report.anchors,
            wrong=report.wrong,
            findings=findings,
        )


async def _desk(connection: HTTPConnection) -> AuditDesk:
    return cast(AuditDesk, connection.app.state.audit)


async def _filter(
    actor: Annotated[str | None, Query(max_length=254, description="Only what this user did.")] = None,
    action: Annotated[str | None, Query(max_length=100, description="Only this; `job.` for all of jobs.")] = None,
    object_id: Annotated[str | None, Query(max_length=200, description="Only what was done to this object.")] = None,
    outcome: Annotated[Literal["ok", "refused"] | None, Query(description="Only these.")] = None,
    since: Annotated[Moment | None, Query(description="Not before this time.")] = None,
    until: Annotated[Moment | None, Query(description="Before this time.")] = None,
) -> AuditFilter:
    return AuditFilter(actor, action, object_id, outcome, since, until)


Desk = Annotated[AuditDesk, Depends(_desk)]
Admin = Annotated[Principal, Depends(require_roles(Role.ADMIN))]
Wanted = Annotated[AuditFilter, Depends(_filter)]
Before = Annotated[int | None, Query(ge=1, le=LARGEST_SEQ, description="`next_before` of the page before.")]


@router.get("")
async def list_entries(desk: Desk, _: Admin, wanted: Wanted, limit: Limit = 50, before: Before = None) -> AuditList:
    """Who did what, newest first: changes with their request, refused calls and failed logins."""
    found = await in_thread(desk.store.records, wanted, limit=limit + 1, before=before)
    shown = found[:limit]
    return AuditList(
        entries=[AuditEntryView.of(record) for record in shown],
        next_before=shown[-1].seq if len(found) > limit else None,
    )


@router.get("/verification")
async def verify_entries(desk: Desk, _: Admin) -> AuditVerification:
    """Read the whole log and say whether anything in it was changed, removed, put in, moved or restored."""
    return AuditVerification.of(await desk.verify())
