"""The dataset service: `python -m backend.datasets.app`.

Reads settings, opens stores and starts what runs beside the routes; `desks` puts the rest together. It imports neither
torch nor pyarrow: builds, exports and file readers run in processes of their own.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

import backend.common.spared_imports  # noqa: F401 - before whatever declares routes
from backend.common.audit_upkeep import audit_kept
from backend.common.blocking import in_thread
from backend.common.feed.event_feed import EventFeed
from backend.common.limits import connection_limits, request_limits
from backend.common.logging import configure_logging
from backend.common.security import security_from, tls_from
from backend.common.server import Address, Serving, start_service
from backend.common.service import build_app
from backend.common.spec import ServiceSpec
from backend.common.version import VERSION
from backend.datasets.api import (
    download_routes,
    erasure_routes,
    event_routes,
    publish_routes,
    quality_routes,
    report_routes,
    routes,
    template_routes,
    version_routes,
)
from backend.datasets.dataset_updates import DatasetEvents
from backend.datasets.desks import Opened, desks_of
from backend.datasets.export_turns import TooManyExports
from backend.datasets.folders import DatasetFolders
from backend.datasets.ingest.worker_client import IngestWorkerClient
from backend.datasets.quality.learnt import model_file
from backend.datasets.ready.shelf import shelf_of
from backend.datasets.search_stores import fed_store_names, open_search
from backend.datasets.searching import DocumentSearch
from backend.datasets.workers.line_keeper import LineKeeper
from backend.datasets.workers.starting import builders_of, line_maker_of, settings_environment
from config import BaseConfig, get_config
from config.factory import InvalidSettings
from shared.auth.authenticators import authenticator_for
from shared.database.dataset_changes import DatasetAlreadyFinished, DatasetNotCompleted
from shared.database.stores import Stores, open_stores
from shared.errors import Unavailable
from shared.storage import check_writable, prepare_folders

logger = logging.getLogger(__name__)

SERVICE_NAME = "clara_dataset_backend"
PORT_SETTING = "CLARA_DATASET_PORT"
_MIB = 1 << 20


def create_app(config: BaseConfig) -> FastAPI:
    """The application on these settings; stores and builders open with its lifespan.

    Raises:
        UnsafeConfiguration: If the settings describe an unsafe combination.
    """
    security = security_from(config)
    holder = _Holder(config)
    return build_app(
        ServiceSpec(
            name=SERVICE_NAME,
            title=f"{config.app_name} Datasets",
            version=VERSION,
            port=config.dataset_port,
            port_setting=PORT_SETTING,
            description="Takes documents in, finds their sections and turns them into datasets for training.",
            endpoints={
                "datasets": "/api/datasets",
                "documents": "/api/datasets/documents",
                "upload": routes.UPLOAD_PATH,
                "templates": template_routes.router.prefix,
                "reviews": f"{quality_routes.router.prefix}/reviews",
                "ws": event_routes.WEBSOCKET_PATH,
            },
        ),
        authenticator=authenticator_for(security),
        lifespan=holder.lifespan,
        # before `/{dataset_id}`: their fixed paths are no ids
        routers=[
            template_routes.router,
            version_routes.router,
            event_routes.router,
            routes.router,
            erasure_routes.router,
            download_routes.router,
            publish_routes.router,
            report_routes.router,
            quality_routes.router,
        ],
        health=holder.health,
        readiness={"database": holder.check_database, "folders": holder.check_folders},
        # the contract of the earlier CLARA: exporting what is not finished is a bad request
        error_statuses={DatasetNotCompleted: 400, DatasetAlreadyFinished: 400, TooManyExports: 429},
        cors_origins=config.cors_origins_list,
        limits=request_limits(config),
        is_open=not security.jwt_enabled,
        body_limits={routes.UPLOAD_PATH: config.max_upload_mb * _MIB},
    )


class _Holder:
    """Keeps what the lifespan opened within reach of the system routes."""

    def __init__(self, config: BaseConfig) -> None:
        self._config = config
        self._folders = DatasetFolders(config.data_dir)
        self._stores: Stores | None = None
        self._search: DocumentSearch | None = None

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Opens stores, starts builders and the feeding of the search stores; stops them in reverse."""
        config, folders = self._config, self._folders
        await in_thread(
            prepare_folders,
            config.home,
            folders.data / "datasets",
            folders.uploads,
            config.logs_dir,
        )
        stores = self._stores = await in_thread(
            open_stores, config.database_url_resolved, derived_stores=fed_store_names(config)
        )
        search = self._search = open_search(config, stores.documents)
        feed = EventFeed(DatasetEvents(stores.datasets))
        stopping = threading.Event()
        app.state.on_stop += [feed.stop, stopping.set]
        pool = builders_of(config, stores, folders, on_event=feed.wake)
        loop = asyncio.get_running_loop()

        def wake_builders() -> None:
            # called in a thread of the manager: the wake-up belongs on the loop
            loop.call_soon_threadsafe(pool.wake)
            loop.call_soon_threadsafe(feed.wake)

        def end_builder(dataset_id: str) -> None:
            loop.call_soon_threadsafe(pool.drop, dataset_id)
            loop.call_soon_threadsafe(feed.wake)

        news = asyncio.Event()
        ready = shelf_of(config.data_dir, config.streaming_cache_mb)
        ingester = IngestWorkerClient(env=settings_environment(config), on_ingested=news.set)
        keeper = LineKeeper(
            ready,
            stores.documents.iter_held,
            line_maker_of(config),
            news=news,
            is_busy=lambda: pool.is_building or ingester.is_busy,
            learnt=model_file(config.data_dir),
        )
        opened = Opened(stores, folders, search, ready, ingester, feed, pool, stopping)
        app.state.datasets = desks_of(config, opened, on_change=wake_builders, on_cancel=end_builder)
        pool.start()
        # one task per store: what is slow or away holds nobody else up
        feeding = [
            asyncio.create_task(feed.run(), name="event-feed"),
            asyncio.create_task(keeper.run(), name="streams-keeper"),
            *(
                asyncio.create_task(_keep_fed(search, name, config, news.set), name=f"search-feed-{name}")
                for name in search.fed_stores
            ),
        ]
        try:
            async with audit_kept(app, stores, config):
                yield
        finally:
            for task in feeding:
                task.cancel()
            await asyncio.gather(*feeding, return_exceptions=True)
            await pool.stop()
            await ingester.close()
            search.close()
            stores.close()

    async def health(self) -> Mapping[str, Any]:
        """The contract's own fields of `/health`."""
        if self._stores is None or self._search is None:
            return {"uds3_available": False, "stores": {}, "datasets_count": 0}
        database = await in_thread(self._stores.check)
        search = await in_thread(self._search.status)
        count = await in_thread(self._stores.datasets.count) if database == "ok" else 0
        return {
            "status": "healthy" if database == "ok" else "degraded",
            "uds3_available": self._config.uds3_enabled and "ok" in search.values(),
            "stores": {"database": database, **search},
            "datasets_count": count,
        }

    async def check_database(self) -> None:
        """Raise what keeps the database from serving."""
        answer = await in_thread(self._stores.check) if self._stores else "The database is not open."
        if answer != "ok":
            raise Unavailable(answer)

    async def check_folders(self) -> None:
        """Raise if datasets cannot be written."""
        await in_thread(check_writable, self._folders.data)


async def _keep_fed(search: DocumentSearch, store: str, config: BaseConfig, on_new: Callable[[], None]) -> None:
    """Take over what others ingested (the command line, another service)."""
    while True:
        try:
            if await in_thread(search.catch_up, store):
                on_new()
        except Unavailable:
            logger.warning("search.feed_failed", exc_info=True, extra={"store": store})
        await asyncio.sleep(config.poll_seconds)


def _serving() -> Serving:
    config = get_config()
    configure_logging(config.log_level, SERVICE_NAME)
    address = Address(config.api_host, config.dataset_port, PORT_SETTING)
    return Serving(
        create_app(config),
        address,
        tls=tls_from(config),
        grace_s=int(config.grace_seconds),
        limits=connection_limits(config),
    )


def main() -> int:
    """Run the service until it is told to stop; the exit code says how it ended."""
    return start_service("CLARA Datasets", _serving, wrong_settings=InvalidSettings)


if __name__ == "__main__":
    sys.exit(main())
