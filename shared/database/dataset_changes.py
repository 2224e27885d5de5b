"""What one call does to a dataset: decided here, once, for every store."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import Conflict
from shared.models.dataset import Dataset, DatasetStatus
from shared.models.events import AuditEntry

_UNOWNED: Mapping[str, Any] = {"owner": None, "lease_until": None}
_RESULTS = (
    "document_count",
    "record_count",
    "total_tokens",
    "quality_score_avg",
    "content_sha256",
    "version_sha256",
    "path",
    "manifest_sha256",
    "export_paths",
    "statistics",
)


class DatasetInUse(Conflict):
    """Something still needs the dataset that was to be deleted."""

    code = "dataset_in_use"

    def __init__(self, dataset_id: str, user: str) -> None:
        super().__init__(
            f"Dataset {dataset_id} cannot be deleted: {user}.",
            dataset_id=dataset_id,
            used_by=user,
        )


class DatasetNotCompleted(Conflict):
    """Only a completed dataset can be exported."""

    code = "dataset_not_completed"

    def __init__(self, dataset_id: str, status: DatasetStatus) -> None:
        super().__init__(
            f"Dataset {dataset_id} is {status}; wait until it is completed.", dataset_id=dataset_id, status=status
        )


class DatasetAlreadyFinished(Conflict):
    """What has ended cannot be cancelled."""

    code = "dataset_already_finished"

    def __init__(self, dataset_id: str, status: DatasetStatus) -> None:
        super().__init__(f"Dataset {dataset_id} is {status} already.", dataset_id=dataset_id, status=status)


class DatasetWithdrawn(Conflict):
    """A withdrawn dataset is kept for accountability; nothing new is made of it."""

    code = "dataset_withdrawn"

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(
            f"Dataset {dataset.dataset_id} was withdrawn by {dataset.withdrawn_by} ({dataset.withdrawn_reason}); "
            "no exports are made of it and nothing is trained on it. Build a new version with it as `parent`.",
            dataset_id=dataset.dataset_id,
            reason=dataset.withdrawn_reason,
        )


class DocumentsErased(Conflict):
    """Documents that a build used were erased before it ended."""

    code = "documents_erased"

    def __init__(self, dataset_id: str, document_ids: Sequence[str]) -> None:
        super().__init__(
            f"{len(document_ids)} documents of dataset {dataset_id} were erased while it was built; it is begun again.",
            dataset_id=dataset_id,
            documents=list(document_ids),
        )


def refuse_unusable(dataset: Dataset) -> None:
    """Let only datasets pass of which something new may be made.

    Raises:
        DatasetNotCompleted: If it is not finished.
        DatasetWithdrawn: If it is kept for accountability only.
    """
    if dataset.status is not DatasetStatus.COMPLETED:
        raise DatasetNotCompleted(dataset.dataset_id, dataset.status)
    if dataset.is_withdrawn:
        raise DatasetWithdrawn(dataset)


def refuse_finished(dataset: Dataset) -> None:
    """Let only builds pass that have not ended.

    Raises:
        DatasetAlreadyFinished: Otherwise.
    """
    if dataset.status.is_terminal:
        raise DatasetAlreadyFinished(dataset.dataset_id, dataset.status)


def cancelled_fields(actor: str) -> dict[str, Any]:
    """Fields of a dataset whose build somebody ended: one that failed, for a reason that says who."""
    return failed_fields(f"Cancelled by {actor}.")


def status_payload(status: DatasetStatus, **detail: Any) -> dict[str, Any]:
    """What a `status` event tells."""
    return {"status": status.value, **detail}


def withdrawn_payload(actor: str, reason: str) -> dict[str, Any]:
    """What the event of a withdrawal tells; the status stays what it was."""
    return status_payload(DatasetStatus.COMPLETED, reason="withdrawn", message=f"Withdrawn by {actor}: {reason}")


def completed_fields(dataset: Dataset) -> dict[str, Any]:
    """Fields of a finished dataset: the results that the builder found, and nobody holds it any more."""
    results = {name: getattr(dataset, name) for name in _RESULTS}
    return {"status": DatasetStatus.COMPLETED, "error_message": None, **results, **_UNOWNED}


def failed_fields(error_message: str) -> dict[str, Any]:
    """Fields of a dataset whose build ended badly."""
    return {"status": DatasetStatus.FAILED, "error_message": error_message, **_UNOWNED}


def dataset_audit(action: str, dataset_id: str, **detail: object) -> AuditEntry:
    """An entry for what a builder does on its own."""
    return AuditEntry(action=action, object_type="dataset", object_id=dataset_id, actor="system", detail=detail)


def refuse_if_used(dataset: Dataset, *, adapter_id: str | None, job_id: str | None) -> None:
    """Raise if the dataset must stay.

    Args:
        dataset: The dataset to be deleted.
        adapter_id: An adapter that was trained on it.
        job_id: A job on it that has not ended.

    Raises:
        DatasetInUse: If a build runs, or an adapter or unfinished job needs it.
    """
    if dataset.status is DatasetStatus.PROCESSING:
        raise DatasetInUse(dataset.dataset_id, "it is being built")
    if adapter_id is not None:
        raise DatasetInUse(dataset.dataset_id, f"adapter {adapter_id} was trained on it")
    if job_id is not None:
        raise DatasetInUse(dataset.dataset_id, f"job {job_id} has not ended")
