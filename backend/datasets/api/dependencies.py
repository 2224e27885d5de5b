"""What routes ask for, as annotated types; `app.py` puts the objects where these find them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn, Protocol, cast

from fastapi import Depends, Header, Path, Query, Request
from starlette.requests import ClientDisconnect, HTTPConnection

from backend.common.feed.event_feed import EventFeed
from backend.datasets.erasing import ErasureDesk
from backend.datasets.export_desk import ExportDesk
from backend.datasets.export_turns import Patience
from backend.datasets.manager import DatasetManager
from backend.datasets.publishing import PublishDesk
from backend.datasets.reports import ReportShelf
from backend.datasets.reviewing import ReviewDesk
from backend.datasets.search_desk import SearchDesk
from backend.datasets.template_desk import TemplateDesk
from backend.datasets.uploads import UploadDesk
from backend.datasets.versions import VersionDesk
from shared.auth import current_principal, require_roles
from shared.auth.policies import Actor, require_roles_or_own, token_expiry
from shared.auth.websocket import Handshake, current_handshake
from shared.models.events import LARGEST_SEQ
from shared.models.users import Principal, Role


class Builders(Protocol):
    """The builders of this service, as far as the API shows them."""

    def progress(self, dataset_id: str) -> Mapping[str, Any] | None:
        """What the running build of a dataset said last."""
        ...


@dataclass(frozen=True, slots=True)
class DatasetState:
    """What lives as long as the service does.

    Args:
        stream_batch: Records read at once for a stream.
        is_streaming_enabled: Whether POST /api/datasets/stream is offered.
        is_stopping: Whether the service is being stopped: streams end then, and say so.
    """

    manager: DatasetManager
    search: SearchDesk
    exports: ExportDesk
    erasing: ErasureDesk
    publishing: PublishDesk
    versions: VersionDesk
    feed: EventFeed
    reviews: ReviewDesk
    templates: TemplateDesk
    reports: ReportShelf
    uploads: UploadDesk
    builders: Builders
    stream_batch: int
    is_streaming_enabled: bool
    is_stopping: Callable[[], bool]


async def _state(connection: HTTPConnection) -> DatasetState:
    return cast(DatasetState, connection.app.state.datasets)


State = Annotated[DatasetState, Depends(_state)]


async def _manager(state: State) -> DatasetManager:
    return state.manager


async def _search(state: State) -> SearchDesk:
    return state.search


async def _exports(state: State) -> ExportDesk:
    return state.exports


async def _reviews(state: State) -> ReviewDesk:
    return state.reviews


async def _reports(state: State) -> ReportShelf:
    return state.reports


async def _versions(state: State) -> VersionDesk:
    return state.versions


async def _feed(state: State) -> EventFeed:
    return state.feed


async def _patience(request: Request) -> Patience:
    async def until_gone() -> NoReturn:
        # behind the body nothing else comes from a client
        while (await request.receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    return until_gone


Manager = Annotated[DatasetManager, Depends(_manager)]
Searches = Annotated[SearchDesk, Depends(_search)]
Exports = Annotated[ExportDesk, Depends(_exports)]
Reviews = Annotated[ReviewDesk, Depends(_reviews)]
Reports = Annotated[ReportShelf, Depends(_reports)]
Versions = Annotated[VersionDesk, Depends(_versions)]
Feed = Annotated[EventFeed, Depends(_feed)]
CallersPatience = Annotated[Patience, Depends(_patience)]
AnyUser = Annotated[Principal, Depends(current_principal)]
Curator = Annotated[Principal, Depends(require_roles(Role.ADMIN, Role.TRAINER, Role.ANALYST))]
Remover = Annotated[Actor, Depends(require_roles_or_own(Role.ADMIN, Role.TRAINER, own=[Role.ANALYST]))]
DatasetId = Annotated[str, Path(max_length=100, description="Id of a dataset.")]
DocumentId = Annotated[str, Path(max_length=100, description="Id of a document.")]
AfterSeq = Annotated[int, Query(ge=0, le=LARGEST_SEQ, description="Sequence number after which to start.")]
LastEventId = Annotated[
    int, Header(alias="Last-Event-ID", ge=0, le=LARGEST_SEQ, description="Replay what came after this number.")
]
TokenExpiry = Annotated[float | None, Depends(token_expiry)]
CurrentHandshake = Annotated[Handshake, Depends(current_handshake)]
ExportFormat = Annotated[str, Path(max_length=50, description="Name of an export format.")]
