"""From an ended job to what is told of it: parameters, tags, figures and small files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.training.exports.protocol import ExportOrder, Figure
from backend.training.folders import TrainingFolders
from shared.database.base import AdapterStore, DatasetNotFound, DatasetStore, JobStore
from shared.models.adapter import Adapter
from shared.models.events import EventType, JobEvent
from shared.models.job import JobStatus, TrainingJob

_PAGE = 500
_LONGEST_TAG = 4000
_ARTEFACTS = (
    "report.html",
    "report.json",
    "loss_curve.png",
    "README.md",
    "manifest.json",
    "training_config.json",
)
_WEIGHTS = (
    "adapter_model.safetensors",
    "adapter_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where exports go, and what goes there.

    Args:
        tracking_uri: `http(s)://…` of a server, or `sqlite:///…` on this machine; holds no password.
        experiment: Name of the MLflow experiment.
        with_weights: Whether adapters go there, beside reports.
        outgoing_allowed: Hosts and networks of our own that may be connected to.
    """

    tracking_uri: str
    experiment: str
    with_weights: bool = False
    outgoing_allowed: tuple[str, ...] = ()


class ExportOrders:
    """Reads from the stores what an export needs.

    Args:
        jobs: Truth of jobs.
        adapters: Truth of adapters.
        datasets: Truth of datasets.
        folders: Where files lie.
        target: Where exports go.
    """

    def __init__(
        self,
        jobs: JobStore,
        adapters: AdapterStore,
        datasets: DatasetStore,
        folders: TrainingFolders,
        target: Target,
    ) -> None:
        self._jobs = jobs
        self._adapters = adapters
        self._datasets = datasets
        self._folders = folders
        self._target = target

    def write(self, job_id: str) -> ExportOrder:
        """The order for an ended job.

        Raises:
            ClaraError: If the database is away, or a file lies outside its folder.
        """
        job = self._jobs.get(job_id)
        adapter = self._adapters.get(job.adapter_id) if job.adapter_id else None
        is_completed = job.status is JobStatus.COMPLETED
        return ExportOrder(
            tracking_uri=self._target.tracking_uri,
            outgoing_allowed=self._target.outgoing_allowed,
            experiment=self._target.experiment,
            job_id=job.job_id,
            run_name=job.job_name,
            is_completed=is_completed,
            started_ms=milliseconds(job.started_at or job.created_at),
            ended_ms=milliseconds(job.completed_at or job.created_at),
            params=dict(_params(job)),
            tags={name: value[:_LONGEST_TAG] for name, value in self._tags(job, adapter).items() if value},
            metrics=dict(flat(job.progress.metrics, "final/")) if is_completed else {},
            final_step=job.progress.current_step,
            artefacts=self._artefacts(adapter) if adapter else (),
        )

    def figures(self, job_id: str) -> Iterator[list[Figure]]:
        """Everything that was logged of a job, page by page; read lazily, so call it where blocking is allowed."""
        after = 0
        while events := self._jobs.events(job_id, after=after, limit=_PAGE):
            after = events[-1].seq
            if page := [figure for event in events if (figure := _figure(event))]:
                yield page

    def _tags(self, job: TrainingJob, adapter: Adapter | None) -> dict[str, str | None]:
        return {
            "mlflow.source.name": "CLARA",
            "mlflow.user": job.created_by,
            "clara.job_id": job.job_id,
            "clara.trainer_type": job.trainer_type,
            "clara.tags": ", ".join(job.tags),
            "clara.attempts": str(job.attempt),
            "clara.base_model": str(job.config.get("model", {}).get("base_model", "")),
            "clara.base_model_digest": adapter.base_model_digest if adapter else None,
            "clara.dataset_id": job.dataset_id,
            "clara.dataset_sha256": adapter.dataset_sha256 if adapter else self._dataset_sha256(job.dataset_id),
            "clara.adapter_id": job.adapter_id,
            "clara.manifest_sha256": adapter.manifest_sha256 if adapter else None,
            "clara.failure_reason": job.failure_reason,
            "clara.error": job.error_message,
        }

    def _dataset_sha256(self, dataset_id: str | None) -> str | None:
        try:
            return self._datasets.get(dataset_id).content_sha256 if dataset_id else None
        except DatasetNotFound:
            return None

    def _artefacts(self, adapter: Adapter) -> list[str]:
        names = (*_ARTEFACTS, *_WEIGHTS) if self._target.with_weights else _ARTEFACTS
        files = [self._folders.adapter_file(adapter.path, name) for name in names]
        return [str(file) for file in files if file.is_file()]


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers among nested figures, by path: `held_out/ratio`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}/")
        elif isinstance(value, int | float):
            yield f"{prefix}{name}", float(value)


def milliseconds(moment: datetime) -> int:
    """Since the epoch."""
    return round(moment.timestamp() * 1000)


def _params(job: TrainingJob) -> Iterator[tuple[str, str]]:
    """The config, one parameter each; what is left to CLARA is left out."""
    for section, values in job.config.items():
        if isinstance(values, Mapping):
            for name, value in values.items():
                if value is not None:
                    yield f"{section}.{name}", str(value)


def _figure(event: JobEvent) -> Figure | None:
    if event.type is EventType.STEP:
        values = event.payload["metrics"]
    elif event.type is EventType.EVALUATION:
        values = event.payload.get("evaluation", {})
    else:
        return None
    return milliseconds(event.created_at), event.type.value, event.payload["current_step"], dict(flat(values))
