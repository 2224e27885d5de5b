"""Where a finished dataset lies, and who may still read one that was withdrawn."""

from pathlib import Path

from shared.database.base import DatasetStore
from shared.database.dataset_changes import DatasetNotCompleted
from shared.errors import NotPermitted
from shared.models.dataset import Dataset, DatasetStatus
from shared.models.users import Principal, Role


class WithdrawnFromReaders(NotPermitted):
    """The records of a withdrawn dataset are kept for accountability, not for use."""

    code = "dataset_withdrawn_from_readers"

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(
            f"Dataset {dataset.dataset_id} was withdrawn ({dataset.withdrawn_reason}); its records are shown to the "
            "role admin only.",
            dataset_id=dataset.dataset_id,
        )


def completed_dataset(datasets: DatasetStore, dataset_id: str) -> tuple[Dataset, Path]:
    """A finished dataset and the folder of its records.

    Raises:
        DatasetNotFound: If there is none.
        DatasetNotCompleted: If it is not finished.
    """
    dataset = datasets.get(dataset_id)
    if dataset.status is not DatasetStatus.COMPLETED or dataset.path is None:
        raise DatasetNotCompleted(dataset_id, dataset.status)
    return dataset, Path(dataset.path)


def refuse_reader(dataset: Dataset, reader: Principal) -> None:
    """Let everybody read what is in use, and administrators what was withdrawn.

    Raises:
        WithdrawnFromReaders: Otherwise.
    """
    if not may_read(dataset, reader):
        raise WithdrawnFromReaders(dataset)


def may_read(dataset: Dataset, reader: Principal) -> bool:
    """Whether the records of a dataset, or pieces of them, may be shown."""
    return not dataset.is_withdrawn or reader.has_any(Role.ADMIN)
