"""The routes and the feed of the training service on memory stores, served by a real uvicorn."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from fastapi import FastAPI

from backend.common.feed.event_feed import EventFeed
from backend.training.api import routes, websocket
from backend.training.job_updates import JobEvents
from shared.auth.authenticators import TokenAuthenticator
from shared.auth.jwks import FixedKeys
from shared.auth.tokens import TokenVerifier
from shared.database.base import JobStore
from tests.support.issuer import AUDIENCE, ISSUER, IssuerKey
from tests.support.live_server import live_server
from tests.support.services import small_app
from tests.support.training_desk import Desk, NoWorkers


@contextmanager
def live_jobs(
    root: Path, key: IssuerKey | None = None, *, clock: Callable[[], float] = time.time
) -> Iterator[tuple[str, JobStore]]:
    """Address of the service and its jobs; with a key, callers need its tokens, which are good or not by `clock`."""
    desk = Desk(root)
    feed = EventFeed(JobEvents(desk.stores.jobs))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.training = desk.state(NoWorkers(), feed)
        running = asyncio.create_task(feed.run())
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    verifier = TokenVerifier(FixedKeys(key.jwks()), issuer=ISSUER, audience=AUDIENCE, clock=clock) if key else None
    app = small_app(
        [routes.router, websocket.router],
        authenticator=TokenAuthenticator(verifier) if verifier else None,
        lifespan=lifespan,
    )
    with live_server(app) as address:
        yield address, desk.stores.jobs
