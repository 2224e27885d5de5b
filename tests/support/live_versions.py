"""The routes of versions and events on memory stores, served by a real uvicorn; builds are made by the test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from fastapi import FastAPI

from backend.common.feed.event_feed import EventFeed
from backend.datasets.api import event_routes, version_routes
from backend.datasets.dataset_updates import DatasetEvents
from backend.datasets.folders import DatasetFolders
from backend.datasets.versions import VersionDesk
from shared.database.dataset_changes import DatasetAlreadyFinished, DatasetNotCompleted
from shared.database.stores import Stores, memory_stores
from shared.models.dataset import Dataset
from tests.support.built_versions import completed_version
from tests.support.legal_texts import candidates
from tests.support.live_server import live_server
from tests.support.services import small_app
from tests.support.store_values import a_dataset, an_audit


@dataclass
class Versions:
    """What a test can do beside the service.

    Args:
        folders: Where builds lie.
        stores: Of the service.
        url: Where it listens.
    """

    folders: DatasetFolders
    stores: Stores = field(default_factory=memory_stores)
    url: str = ""

    def built(self, number: int, documents: int, parent: Dataset | None = None) -> Dataset:
        """A completed version."""
        return completed_version(self.stores.datasets, self.folders, number, candidates(documents), parent=parent)

    def waiting(self, number: int) -> Dataset:
        """A version that nobody builds."""
        return self.stores.datasets.add(a_dataset(number), audit=an_audit())


@contextmanager
def live_versions(root: Path) -> Iterator[Versions]:
    """The running service."""
    versions = Versions(DatasetFolders(root))
    feed = EventFeed(DatasetEvents(versions.stores.datasets))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        desk = VersionDesk(versions.stores.datasets, versions.folders)
        app.state.datasets = SimpleNamespace(versions=desk, feed=feed)
        running = asyncio.create_task(feed.run())
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    statuses = {DatasetNotCompleted: 400, DatasetAlreadyFinished: 400}
    app = small_app([version_routes.router, event_routes.router], lifespan=lifespan, error_statuses=statuses)
    with live_server(app) as versions.url:
        yield versions
