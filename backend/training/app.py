"""The training service: `python -m backend.training.app`.

The only place that reads settings, opens stores and puts the parts together. It never imports torch: training happens
in processes of their own.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

import backend.common.spared_imports  # noqa: F401 - before whatever declares routes
from backend.common import audit_routes
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
from backend.training.api import feedback_routes, promotion_routes, routes, websocket
from backend.training.api.dependencies import TrainingState
from backend.training.exports.exporter import MlflowExporter
from backend.training.exports.orders import ExportOrders, Target
from backend.training.feedback.desk import FeedbackDesk
from backend.training.feedback_inputs import FeedbackInputResolver, FeedbackSources
from backend.training.folders import TrainingFolders
from backend.training.inputs import InputResolver
from backend.training.job_updates import JobEvents
from backend.training.manager import TrainingJobManager
from backend.training.promotions import Promotions
from backend.training.trainers.registry import trainers_for
from backend.training.trigger import ContinuousTrigger, TriggerRule
from backend.training.workers.inspection.inspections import RecordInspections
from backend.training.workers.job_history import JobHistory
from backend.training.workers.orders import OrderWriter
from backend.training.workers.pool import WorkerPool
from backend.training.workers.supervisor import SupervisionTimes, Supervisor
from backend.training.workers.trainer_process import libraries_environment
from backend.training.workers.warm.availability import never, obstacle
from backend.training.workers.warm.warm_trainer import WarmTrainer
from backend.training.workers.worker_figures import WorkerFigures
from config import BaseConfig, get_config
from config.factory import InvalidSettings
from shared.auth.authenticators import authenticator_for
from shared.database.base import JobAlreadyFinished, QueueFull
from shared.database.stores import Stores, open_stores
from shared.errors import Unavailable
from shared.models.job import QueueLimits
from shared.storage import check_writable, prepare_folders

SERVICE_NAME = "clara_training_backend"
PORT_SETTING = "CLARA_TRAINING_PORT"
# exports are looked for, and tried again, less often than jobs: nobody waits for them
_EXPORT_LOOKS = 6


def create_app(config: BaseConfig) -> FastAPI:
    """The application on these settings; stores and workers open with its lifespan.

    Raises:
        UnsafeConfiguration: If the settings describe an unsafe combination.
    """
    security = security_from(config)
    holder = _Holder()
    return build_app(
        ServiceSpec(
            name=SERVICE_NAME,
            title=f"{config.app_name} Training",
            version=VERSION,
            port=config.training_port,
            port_setting=PORT_SETTING,
            description="Accepts training jobs, runs them in processes of their own and keeps what they make.",
            endpoints={
                "jobs": "/api/training/jobs",
                "adapters": "/api/training/adapters",
                "feedback": "/api/training/feedback",
                "audit": audit_routes.router.prefix,
                "ws": "/api/training/ws",
            },
        ),
        authenticator=authenticator_for(security),
        lifespan=holder.lifespan(config),
        routers=[routes.router, feedback_routes.router, promotion_routes.router, websocket.router, audit_routes.router],
        health=holder.health,
        readiness={"database": holder.check_database, "folders": holder.check_folders},
        # the contract of the earlier CLARA: cancelling what has ended is a bad request
        error_statuses={JobAlreadyFinished: HTTPStatus.BAD_REQUEST, QueueFull: HTTPStatus.TOO_MANY_REQUESTS},
        cors_origins=config.cors_origins_list,
        limits=request_limits(config),
        is_open=not security.jwt_enabled,
    )


class _Holder:
    """Keeps what the lifespan opened within reach of the system routes."""

    def __init__(self) -> None:
        self._stores: Stores | None = None
        self._state: TrainingState | None = None
        self._folders: TrainingFolders | None = None
        self._exporter: MlflowExporter | None = None
        self._warm: WarmTrainer | None = None
        self._size = 0

    def lifespan(self, config: BaseConfig) -> Any:
        """Opens stores, starts workers and feed; stops them in reverse."""

        @asynccontextmanager
        async def opened(app: FastAPI) -> AsyncIterator[None]:
            self._folders = _folders(config)
            await in_thread(prepare_folders, config.home, config.configs_dir, *self._folders.written)
            self._stores = await in_thread(open_stores, config.database_url_resolved)
            self._size = config.max_concurrent_jobs
            self._warm = _warm_trainer(config, self._folders)
            service = _compose(config, self._stores, self._folders, self._warm)
            app.state.training = self._state = service.state
            figures = WorkerFigures(service.pool.progress)
            app.state.metrics.add(figures)
            app.state.on_stop += [service.state.feed.stop, service.pool.begin_stop]
            service.pool.start()
            tasks = [
                asyncio.create_task(service.state.feed.run(), name="event-feed"),
                asyncio.create_task(service.inspections.run(), name="inspections"),
            ]
            self._exporter = _exporter(config, self._stores, self._folders)
            if self._exporter is not None:
                tasks.append(asyncio.create_task(self._exporter.run(), name="mlflow-exports"))
            trigger = _trigger(config, self._stores, self._folders, service.state.manager)
            if trigger is not None:
                tasks.append(asyncio.create_task(trigger.run(config.continuous_check_seconds), name="trigger"))
            warm = asyncio.create_task(self._warm.run(), name="warm-trainer")
            try:
                async with audit_kept(app, self._stores, config):
                    yield
            finally:
                await service.pool.stop()
                # the warm parent goes last: it tells how the processes of the others ended
                for ending in (tasks, [warm]):
                    for task in ending:
                        task.cancel()
                    await asyncio.gather(*ending, return_exceptions=True)
                app.state.metrics.remove(figures)
                self._stores.close()

        return opened

    async def health(self) -> Mapping[str, Any]:
        """The contract's own fields of `/health`."""
        if self._state is None:
            return {"active_jobs": 0, "max_concurrent_jobs": self._size, "worker_status": []}
        counts = await in_thread(self._state.manager.counts)
        exports = {"exports": {"mlflow": await self._exporter.health()}} if self._exporter is not None else {}
        return {
            **exports,
            **({"warm_trainer": self._warm.health()} if self._warm is not None else {}),
            "active_jobs": counts.active,
            "max_concurrent_jobs": self._size,
            "worker_status": [worker.status for worker in self._state.pool.workers()],
        }

    async def check_database(self) -> None:
        """Raise what keeps the database from serving."""
        answer = await in_thread(self._stores.check) if self._stores else "The database is not open."
        if answer != "ok":
            raise Unavailable(answer)

    async def check_folders(self) -> None:
        """Raise if artefacts cannot be written."""
        if self._folders is not None:
            await in_thread(check_writable, *self._folders.written)


@dataclass(frozen=True, slots=True)
class _Service:
    """What the lifespan starts and stops."""

    state: TrainingState
    pool: WorkerPool
    inspections: RecordInspections


def _compose(config: BaseConfig, stores: Stores, folders: TrainingFolders, warm: WarmTrainer | None) -> "_Service":
    loop = asyncio.get_running_loop()
    feed = EventFeed(JobEvents(stores.jobs))
    inputs = _inputs(config, stores, folders)
    trainer_types = trainers_for(is_production=config.is_production or config.security_mode == "production")
    supervisor = Supervisor(
        stores.jobs,
        OrderWriter(
            inputs,
            folders,
            save_every=config.save_every,
            cpu_threads=_threads(config.max_concurrent_jobs),
            token_cache_mb=config.token_cache_mb,
            trainer_types=trainer_types,
            history=JobHistory(stores.jobs).of,
        ),
        folders,
        SupervisionTimes(
            lease_s=config.lease_seconds,
            heartbeat_s=config.heartbeat_seconds,
            grace_s=config.grace_seconds,
            timeout_s=config.worker_timeout,
            stall_s=config.stall_seconds,
            retry_s=config.retry_seconds,
        ),
        memory_mb=config.trainer_memory_mb,
        on_change=feed.wake,
        warm=warm,
    )
    pools: list[WorkerPool] = []

    def changed() -> None:
        # called in a thread of the manager: the wake-ups belong on the loop
        for wake in (feed.wake, supervisor.look, *(pool.wake for pool in pools)):
            loop.call_soon_threadsafe(wake)

    def looked_at() -> None:
        for pool in pools:
            pool.wake()

    inspections = RecordInspections(
        inputs,
        folders,
        cpu_threads=_threads(config.max_concurrent_jobs),
        token_cache_mb=config.token_cache_mb,
        silence_s=config.stall_seconds,
        retry_s=config.retry_seconds,
        on_done=looked_at,
        warm=warm,
    )
    manager = TrainingJobManager(
        stores.jobs,
        stores.adapters,
        inputs,
        folders,
        inspections=inspections,
        trainer_types=trainer_types,
        max_attempts=config.max_attempts,
        limits=QueueLimits(total=config.max_queued_jobs, per_user=config.max_jobs_per_user),
        on_change=changed,
    )
    pool = WorkerPool(
        stores.jobs,
        supervisor,
        manager.admit_pending,
        size=config.max_concurrent_jobs,
        lease_s=config.lease_seconds,
        poll_s=config.poll_seconds,
    )
    pools.append(pool)
    desk = FeedbackDesk(stores.feedback, stores.adapters)
    state = TrainingState(manager, pool, feed, desk, Promotions(stores.adapters, stores.datasets.erased_in))
    return _Service(state, pool, inspections)


def _inputs(config: BaseConfig, stores: Stores, folders: TrainingFolders) -> InputResolver:
    sources = FeedbackSources(stores.feedback, stores.adapters, stores.jobs, stores.datasets)
    return InputResolver(
        stores.datasets,
        folders,
        default_model=config.default_base_model,
        is_offline=config.hub_offline,
        feedback=FeedbackInputResolver(sources, folders),
    )


def _trigger(
    config: BaseConfig, stores: Stores, folders: TrainingFolders, manager: TrainingJobManager
) -> ContinuousTrigger | None:
    rule = TriggerRule(config.continuous_after_items, config.continuous_after_hours, config.continuous_config_path)
    return ContinuousTrigger(stores.feedback, stores.jobs, manager, folders, rule) if rule.is_on else None


def _exporter(config: BaseConfig, stores: Stores, folders: TrainingFolders) -> MlflowExporter | None:
    """Where a tracking server is configured."""
    if config.mlflow_tracking_uri is None:
        return None
    allowed = tuple(config.outgoing_allowed_list)
    target = Target(config.mlflow_tracking_uri, config.mlflow_experiment_name, config.mlflow_log_weights, allowed)
    return MlflowExporter(
        stores.exports,
        ExportOrders(stores.jobs, stores.adapters, stores.datasets, folders, target),
        target.tracking_uri,
        log=folders.logs / "exports.log",
        poll_s=_EXPORT_LOOKS * config.poll_seconds,
        retry_s=_EXPORT_LOOKS * config.retry_seconds,
    )


def _warm_trainer(config: BaseConfig, folders: TrainingFolders) -> WarmTrainer:
    threads = _threads(config.max_concurrent_jobs)
    return WarmTrainer(
        libraries_environment(cpu_threads=threads, is_offline=config.hub_offline),
        log=folders.logs / "warm_parent.log",
        off_because=never(config.warm_trainer),
        obstacle=lambda: obstacle(config.warm_trainer),
    )


def _folders(config: BaseConfig) -> TrainingFolders:
    return TrainingFolders(
        data=config.data_dir,
        models=config.models_dir,
        configs=config.configs_dir,
        logs=config.logs_dir,
        base_model_roots=tuple(config.base_model_roots),
    )


def _threads(workers: int) -> int:
    """Threads per trainer, so that all of them together use each core once."""
    return max(1, (os.cpu_count() or 1) // workers)


def _serving() -> Serving:
    config = get_config()
    configure_logging(config.log_level, SERVICE_NAME)
    address = Address(config.api_host, config.training_port, PORT_SETTING)
    return Serving(
        create_app(config),
        address,
        tls=tls_from(config),
        grace_s=int(config.grace_seconds),
        limits=connection_limits(config),
    )


def main() -> int:
    """Run the service until it is told to stop; the exit code says how it ended."""
    return start_service("CLARA Training", _serving, wrong_settings=InvalidSettings)


if __name__ == "__main__":
    sys.exit(main())
