"""Small, valid values to put into the stores; every argument that a test does not care about has a default."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.database.base import DocumentInput
from shared.database.stores import Stores
from shared.models.adapter import Adapter, Checkpoint
from shared.models.dataset import Dataset, RecordProvenance, Split
from shared.models.document import ParsedDocument, Section
from shared.models.events import AuditEntry
from shared.models.feedback import FeedbackItem
from shared.models.job import Claim, Progress, TrainingJob
from shared.utils.ids import new_id

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
HALF_WAY = Progress(current_epoch=0, total_epochs=2, current_step=5, total_steps=10, metrics={"loss": 1.25})


def a_job(number: int = 0, **changes: Any) -> TrainingJob:
    """A pending job, `number` seconds younger than the first."""
    values: dict[str, Any] = {
        "job_id": new_id("job"),
        "job_name": f"job {number}",
        "trainer_type": "lora",
        "config": {"model": {"base_model": "starter"}, "training": {"learning_rate": 2e-4}},
        "created_by": "tina@amt.example",
        "created_at": START + timedelta(seconds=number),
        "output_dir": "/srv/clara/runs",
    }
    return TrainingJob(**{**values, **changes})


def an_audit(action: str = "job.submitted", object_type: str = "job", object_id: str = "x") -> AuditEntry:
    """An entry as a manager would hand it in."""
    return AuditEntry(action, object_type, object_id, actor="tina@amt.example", request_id="req-1")


def an_adapter(job: TrainingJob, **changes: Any) -> Adapter:
    """What `job` leaves behind."""
    values: dict[str, Any] = {
        "adapter_id": f"adp_{job.job_id}",
        "job_id": job.job_id,
        "name": job.job_name,
        "path": f"/srv/clara/adapters/{job.job_id}/{job.claim_epoch}",
        "manifest_sha256": "ab" * 32,
        "trainer_type": job.trainer_type,
        "base_model": "starter",
        "created_at": job.created_at + timedelta(hours=1),
        "created_by": job.created_by,
        "dataset_id": job.dataset_id,
        "metrics": {"eval_loss": 1.5},
    }
    return Adapter(**{**values, **changes})


def a_checkpoint(job: TrainingJob, step: int, **changes: Any) -> Checkpoint:
    """A checkpoint of the job's present claim."""
    path = f"/srv/clara/runs/{job.job_id}/{job.claim_epoch}/{step}"
    values: dict[str, Any] = {"manifest_sha256": "cd" * 32, "created_at": START, "loss": 2.0}
    return Checkpoint(job.job_id, job.claim_epoch, step, path, **{**values, **changes})


def queued(stores: Stores, number: int = 0, **changes: Any) -> TrainingJob:
    """A stored job that waits for a worker."""
    return stores.jobs.admit(stores.jobs.add(a_job(number, **changes), audit=an_audit()))


def running(
    stores: Stores, owner: str = "worker-1", *, lease_s: float = 60.0, **changes: Any
) -> tuple[TrainingJob, Claim]:
    """A stored job with its claim; the only queued one, or the claim may be of another."""
    queued(stores, **changes)
    return claimed(stores, owner, lease_s=lease_s)


def claimed(stores: Stores, owner: str = "worker-1", *, lease_s: float = 60.0) -> tuple[TrainingJob, Claim]:
    """The next queued job with its claim."""
    found = stores.jobs.claim(owner, lease_s=lease_s)
    assert found is not None, "nothing was queued"
    return found


def rescue_all(stores: Stores) -> list[TrainingJob]:
    """Every running job is taken from its worker."""
    return [job for lease in stores.jobs.leases() if (job := stores.jobs.rescue(lease))]


def a_dataset(number: int = 0, **changes: Any) -> Dataset:
    """A pending dataset, `number` seconds younger than the first."""
    values: dict[str, Any] = {
        "dataset_id": new_id("ds"),
        "name": f"set {number}",
        "description": "Gebührensatzungen",
        "created_at": START + timedelta(seconds=number),
        "created_by": "anna@amt.example",
        "request": {"search_query": {"query_text": "Gebühr", "top_k": 100}},
    }
    return Dataset(**{**values, **changes})


def provenance_rows(*record_ids: str, split: Split = Split.TRAIN) -> list[RecordProvenance]:
    """One row per id."""
    return [RecordProvenance(name, "doc_1", 1, "doc_1:1:0", split, 0.75, 0, 10) for name in record_ids]


def a_document(path: str, *, content: str = "v1", source: str = "satzungen", sections: int = 2) -> DocumentInput:
    """A document whose bytes are told apart by `content`."""
    texts = [f"{path} {content} Absatz {ordinal} über Gebühren" for ordinal in range(sections)]
    parts, start = [], 0
    for ordinal, text in enumerate(texts):
        parts.append(
            Section(ordinal, f"Zweck {ordinal}", text, start, start + len(text), f"§ {ordinal + 1}", ("Satzung", "I."))
        )
        start += len(text) + 1
    parsed = ParsedDocument(
        title=f"Satzung {path}",
        media_type="text/markdown",
        text="\n".join(texts),
        sections=tuple(parts),
        abbreviation="HStS",
        metadata={"gültig_ab": "2026-01-01", "pages": 3},
    )
    return DocumentInput(parsed, source, path, sha256=f"{content:0>64}", size_bytes=100, ingested_by="anna@amt.example")


def some_feedback(number: int = 0, **changes: Any) -> FeedbackItem:
    """An item with texts of its own, `number` seconds younger than the first."""
    values: dict[str, Any] = {
        "feedback_id": new_id("fb"),
        "prompt": f"Wie hoch ist die Gebühr Nummer {number}?",
        "answer": f"Die Gebühr beträgt {number} Euro.",
        "score": 1.0,
        "source": "chat",
        "created_at": START + timedelta(seconds=number),
        "created_by": "anna@amt.example",
    }
    return FeedbackItem(**{**values, **changes})
