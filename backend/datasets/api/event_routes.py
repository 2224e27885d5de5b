"""Routes of what happens to datasets: as a list, as server-sent events, over a WebSocket; as for jobs."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response, WebSocket

from backend.common.blocking import in_thread
from backend.common.feed.ending import moment_of
from backend.common.feed.socket import serve_updates
from backend.common.feed.sse import NOTHING_MORE, EventStream
from backend.common.pagination import Limit
from backend.datasets.api.dependencies import (
    AfterSeq,
    AnyUser,
    CurrentHandshake,
    DatasetId,
    Feed,
    LastEventId,
    TokenExpiry,
    Versions,
)
from backend.datasets.version_models import DatasetEventList, DatasetEventView
from shared.models.events import LARGEST_SEQ

router = APIRouter(tags=["dataset events"])

WEBSOCKET_PATH = "/api/datasets/ws"


@router.get("/api/datasets/{dataset_id}/events")
async def dataset_events(
    dataset_id: DatasetId, desk: Versions, _: AnyUser, after: AfterSeq = 0, limit: Limit = 500
) -> DatasetEventList:
    """Changes of status, finished stages and progress, in order."""
    events = await in_thread(desk.events, dataset_id, after=after, limit=limit)
    return DatasetEventList(
        dataset_id=dataset_id,
        events=[DatasetEventView.of(event) for event in events],
        next_after=events[-1].seq if events else after,
    )


@router.get(
    "/api/datasets/{dataset_id}/events/stream", response_class=EventStream, status_code=200, responses=NOTHING_MORE
)
async def stream_dataset_events(
    dataset_id: DatasetId, desk: Versions, feed: Feed, _: AnyUser, expires_at: TokenExpiry, after: LastEventId = 0
) -> Response:
    """Events as server-sent events until the build has ended or the token expires; `id:` is the sequence number.

    A build that has ended, and whose last event the caller knows, is answered with 204, so that clients stop coming
    back.
    """
    dataset = await in_thread(desk.get, dataset_id)
    if dataset.status.is_terminal and after >= dataset.event_seq:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return EventStream(dataset_id, feed, after=after, ends_at=moment_of(expires_at))


@router.websocket(WEBSOCKET_PATH)
async def dataset_updates(
    websocket: WebSocket,
    feed: Feed,
    handshake: CurrentHandshake,
    dataset_id: Annotated[str | None, Query(max_length=100)] = None,
    resume_from: Annotated[int | None, Query(ge=0, le=LARGEST_SEQ)] = None,
) -> None:
    """Push every event of one dataset or of all; `ping` is answered, `{"resume_from": seq}` replays."""
    await serve_updates(
        websocket, feed, handshake, parameter="dataset_id", subject_id=dataset_id, resume_from=resume_from
    )
