"""The manager of the training service on the in-memory stores, without workers: jobs move as tests say."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from backend.common.audit_routes import AuditDesk
from backend.common.feed.event_feed import EventFeed
from backend.training.api.dependencies import TrainingState, Workers
from backend.training.app import create_app
from backend.training.feedback.desk import FeedbackDesk
from backend.training.folders import TrainingFolders
from backend.training.job_updates import JobEvents
from backend.training.manager import TrainingJobManager
from backend.training.models import JobRequest, WorkerView
from backend.training.promotions import Promotions
from config.base import BaseConfig
from shared.database.stores import Stores, memory_stores
from shared.models.adapter import Adapter
from shared.models.dataset import Dataset
from shared.models.events import AuditEntry
from shared.models.job import Claim, Progress, TrainingJob
from shared.models.users import Principal, Role
from shared.storage import stage
from shared.utils.clock import Clock, utc_now
from tests.support.input_resolvers import input_resolver

OTHER = Principal("u2", "other@example.org", frozenset({Role.TRAINER}))
TRAINER = Principal("u1", "trainer@example.org", frozenset({Role.TRAINER}))


class Desk:
    """A manager on memory stores with one base model and one training file."""

    def __init__(self, root: Path, *, clock: Clock = utc_now, **options: Any) -> None:
        self.stores: Stores = memory_stores(clock=clock)
        model = root / "models" / "starter"
        model.mkdir(parents=True)
        (model / "config.json").touch()
        (model / "model.safetensors").touch()
        (root / "data").mkdir()
        (root / "data" / "train.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
        self.folders = TrainingFolders(
            data=root / "data",
            models=root / "models",
            configs=root / "configs",
            logs=root / "logs",
            base_model_roots=(root / "models",),
        )
        self.inputs = input_resolver(self.stores, self.folders)
        self.feedback = FeedbackDesk(self.stores.feedback, self.stores.adapters)
        self.promotions = Promotions(self.stores.adapters, self.stores.datasets.erased_in)
        self.changes = 0
        self.manager = TrainingJobManager(
            self.stores.jobs, self.stores.adapters, self.inputs, self.folders, on_change=self._count, **options
        )

    def state(self, pool: Workers, feed: EventFeed) -> TrainingState:
        """What the routes of a service at this desk find."""
        return TrainingState(self.manager, pool, feed, self.feedback, self.promotions)

    def _count(self) -> None:
        self.changes += 1

    def submit(self, *, key: str | None = None, by: Principal = TRAINER, **request: object) -> str:
        return self.manager.submit(self.order(**request), by, key=key).job_id

    def order(self, **request: object) -> JobRequest:
        body = {"trainer_type": "lora", "config": {}, "dataset_path": "train.jsonl", **request}
        return JobRequest.model_validate(body)

    def claimed(self) -> tuple[TrainingJob, Claim]:
        """The next queued job, as a worker takes it."""
        self.manager.admit_pending()
        claimed = self.stores.jobs.claim("w", lease_s=60)
        assert claimed is not None, "there is nothing to claim"
        return claimed

    def audit_of(self, job_id: str) -> list[tuple[str, str, str | None]]:
        entries = [entry for _, entry in self.stores.audit.page(object_id=job_id)]
        return [(entry.action, entry.actor, entry.request_id) for entry in reversed(entries)]

    def add_dataset(self, dataset_id: str) -> None:
        audit = AuditEntry(action="dataset.created", object_type="dataset", object_id=dataset_id, actor="a")
        self.stores.datasets.add(
            Dataset(dataset_id=dataset_id, name="n", description="", created_at=utc_now(), created_by="a", request={}),
            audit=audit,
        )


def a_published_adapter(desk: Desk) -> Adapter:
    """The adapter `adp_1` of a completed job: two files of 11 bytes in all."""
    desk.submit()
    job, claim = desk.claimed()
    with stage(desk.folders.models / "adapters" / "a") as staged:
        (staged.path / "adapter_model.safetensors").write_bytes(b"weights")
        (staged.path / "README.md").write_text("card", encoding="utf-8")
        manifest = staged.publish()
    adapter = Adapter(
        adapter_id="adp_1",
        job_id=job.job_id,
        name=job.job_name,
        path=str(staged.target),
        manifest_sha256=manifest.sha256,
        trainer_type="lora",
        base_model="starter",
        created_at=utc_now(),
        created_by=job.created_by,
    )
    desk.stores.jobs.complete(claim, adapter, progress=Progress())
    return adapter


class NoWorkers:
    """A pool without workers."""

    def workers(self) -> list[WorkerView]:
        return []


def service_at(desk: Desk, config: BaseConfig) -> FastAPI:
    """The whole training service on these settings, with the desk in the place of stores and workers."""
    app = create_app(config)
    app.state.training = desk.state(NoWorkers(), EventFeed(JobEvents(desk.stores.jobs)))
    app.state.audit = AuditDesk(desk.stores.audit, config.home)
    return app
