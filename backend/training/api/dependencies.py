"""What routes ask for, as annotated types; `app.py` puts the objects where these find them."""

from dataclasses import dataclass
from typing import Annotated, Protocol, cast

from fastapi import Depends, Path, Query
from starlette.requests import HTTPConnection

from backend.training.feed import EventFeed
from backend.training.manager import TrainingJobManager
from backend.training.models import WorkerView
from shared.auth import current_principal, require_roles
from shared.auth.websocket import Handshake, current_handshake
from shared.models.users import Principal, Role


class Workers(Protocol):
    """The workers of this service, as far as the API shows them."""

    def workers(self) -> list[WorkerView]:
        """What each worker does."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What lives as long as the service does."""

    manager: TrainingJobManager
    pool: Workers
    feed: EventFeed


def _state(connection: HTTPConnection) -> TrainingState:
    return cast(TrainingState, connection.app.state.training)


async def _manager(connection: HTTPConnection) -> TrainingJobManager:
    return _state(connection).manager


async def _pool(connection: HTTPConnection) -> Workers:
    return _state(connection).pool


async def _feed(connection: HTTPConnection) -> EventFeed:
    return _state(connection).feed


Manager = Annotated[TrainingJobManager, Depends(_manager)]
Pool = Annotated[Workers, Depends(_pool)]
Feed = Annotated[EventFeed, Depends(_feed)]
AnyUser = Annotated[Principal, Depends(current_principal)]
Trainer = Annotated[Principal, Depends(require_roles(Role.ADMIN, Role.TRAINER))]
JobId = Annotated[str, Path(max_length=100, description="Id of a training job.")]
AfterSeq = Annotated[int, Query(ge=0, description="Sequence number after which to start.")]
CurrentHandshake = Annotated[Handshake, Depends(current_handshake)]
