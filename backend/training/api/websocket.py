"""Progress over a WebSocket: `WS /api/training/ws[?job_id=…][&resume_from=…]`."""

from typing import Annotated

from fastapi import APIRouter, Query, WebSocket

from backend.common.feed.socket import serve_updates
from backend.training.api.dependencies import CurrentHandshake, Feed
from shared.models.events import LARGEST_SEQ

router = APIRouter()


@router.websocket("/api/training/ws")
async def job_updates(
    websocket: WebSocket,
    feed: Feed,
    handshake: CurrentHandshake,
    job_id: Annotated[str | None, Query(max_length=100)] = None,
    resume_from: Annotated[int | None, Query(ge=0, le=LARGEST_SEQ)] = None,
) -> None:
    """Push every state change and every logged step; `ping` is answered, `{"resume_from": seq}` replays."""
    await serve_updates(websocket, feed, handshake, parameter="job_id", subject_id=job_id, resume_from=resume_from)
