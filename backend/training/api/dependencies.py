"""What routes ask for, as annotated types; `app.py` puts the objects where these find them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Protocol, cast

from fastapi import Depends, Header, Path, Query
from pydantic import AfterValidator
from starlette.requests import HTTPConnection

from backend.common.feed.event_feed import EventFeed
from backend.training.feedback.desk import FeedbackDesk
from backend.training.manager import TrainingJobManager
from backend.training.models import WorkerView
from backend.training.promotions import Promotions
from shared.auth import current_principal, require_roles
from shared.auth.policies import token_expiry
from shared.auth.websocket import Handshake, current_handshake
from shared.models.events import LARGEST_SEQ
from shared.models.users import Principal, Role


class Workers(Protocol):
    """The workers of this service, as far as the API shows them."""

    def workers(self) -> list[WorkerView]:
        """What each worker does."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What lives as long as the service does.

    Args:
        disk_checks: Places for calls that read whole artefacts: all other calls, heartbeats too, share their threads.
    """

    manager: TrainingJobManager
    pool: Workers
    feed: EventFeed
    feedback: FeedbackDesk
    promotions: Promotions
    disk_checks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))


def _state(connection: HTTPConnection) -> TrainingState:
    return cast(TrainingState, connection.app.state.training)


async def _manager(connection: HTTPConnection) -> TrainingJobManager:
    return _state(connection).manager


async def _pool(connection: HTTPConnection) -> Workers:
    return _state(connection).pool


async def _feed(connection: HTTPConnection) -> EventFeed:
    return _state(connection).feed


async def _feedback(connection: HTTPConnection) -> FeedbackDesk:
    return _state(connection).feedback


async def _promotions(connection: HTTPConnection) -> Promotions:
    return _state(connection).promotions


async def _disk_check(connection: HTTPConnection) -> AsyncIterator[None]:
    async with _state(connection).disk_checks:
        yield


def _printable_ascii(key: str) -> str:
    if not (1 <= len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise ValueError(f"must be 1 to {MAX_KEY} printable ASCII characters")
    return key


MAX_KEY = 200
MAX_POINTS = 10_000
Manager = Annotated[TrainingJobManager, Depends(_manager)]
Pool = Annotated[Workers, Depends(_pool)]
Feed = Annotated[EventFeed, Depends(_feed)]
Desk = Annotated[FeedbackDesk, Depends(_feedback)]
Promoter = Annotated[Promotions, Depends(_promotions)]
AnyUser = Annotated[Principal, Depends(current_principal)]
Trainer = Annotated[Principal, Depends(require_roles(Role.ADMIN, Role.TRAINER))]
DiskCheck = Depends(_disk_check)
IdempotencyKey = Annotated[
    str | None,
    Header(
        description=f"Your name for this submission, 1 to {MAX_KEY} printable ASCII characters. The same key with the "
        "same request answers with the job of the first time (`Idempotency-Replayed: true`), for ever and for you "
        "alone; with another request it is refused. So a request whose answer was lost can be sent again.",
        examples=["3f2a7c1e-permits-2026-03"],
        json_schema_extra={"pattern": f"^[ -~]{{1,{MAX_KEY}}}$"},
    ),
    AfterValidator(lambda key: key if key is None else _printable_ascii(key)),
]
JobId = Annotated[str, Path(max_length=100, description="Id of a training job.")]
Points = Annotated[int, Query(ge=2, le=MAX_POINTS, description="Steps in the answer at most; evenly thinned beyond.")]
DryRunAsked = Annotated[bool, Query(description="Tell what would be done and what is in the records; store nothing.")]
AfterSeq = Annotated[int, Query(ge=0, le=LARGEST_SEQ, description="Sequence number after which to start.")]
LastEventId = Annotated[
    int, Header(alias="Last-Event-ID", ge=0, le=LARGEST_SEQ, description="Replay what came after this number.")
]
TokenExpiry = Annotated[float | None, Depends(token_expiry)]
CurrentHandshake = Annotated[Handshake, Depends(current_handshake)]
