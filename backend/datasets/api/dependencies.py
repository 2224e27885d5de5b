"""What routes ask for, as annotated types; `app.py` puts the objects where these find them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from backend.datasets.manager import DatasetManager
from backend.datasets.publishing import PublishDesk
from backend.datasets.reports import ReportShelf
from backend.datasets.reviewing import ReviewDesk
from backend.datasets.template_desk import TemplateDesk
from backend.datasets.uploads import UploadDesk
from shared.auth import current_principal, require_roles
from shared.auth.policies import Actor, require_roles_or_own
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
    """

    manager: DatasetManager
    publishing: PublishDesk
    reviews: ReviewDesk
    templates: TemplateDesk
    reports: ReportShelf
    uploads: UploadDesk
    builders: Builders
    stream_batch: int
    is_streaming_enabled: bool


async def _state(connection: HTTPConnection) -> DatasetState:
    return cast(DatasetState, connection.app.state.datasets)


State = Annotated[DatasetState, Depends(_state)]


async def _manager(state: State) -> DatasetManager:
    return state.manager


async def _reviews(state: State) -> ReviewDesk:
    return state.reviews


async def _reports(state: State) -> ReportShelf:
    return state.reports


Manager = Annotated[DatasetManager, Depends(_manager)]
Reviews = Annotated[ReviewDesk, Depends(_reviews)]
Reports = Annotated[ReportShelf, Depends(_reports)]
AnyUser = Annotated[Principal, Depends(current_principal)]
Curator = Annotated[Principal, Depends(require_roles(Role.ADMIN, Role.TRAINER, Role.ANALYST))]
Remover = Annotated[Actor, Depends(require_roles_or_own(Role.ADMIN, Role.TRAINER, own=[Role.ANALYST]))]
DatasetId = Annotated[str, Path(max_length=100, description="Id of a dataset.")]
DocumentId = Annotated[str, Path(max_length=100, description="Id of a document.")]
ExportFormat = Annotated[str, Path(max_length=50, description="Name of an export format.")]
