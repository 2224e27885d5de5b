"""What people do with datasets and documents: order, look, read, delete; what is found and taken out has desks."""

import logging
from collections.abc import Callable
from typing import Any

from backend.common.ownership import CreatorOf, check_ownership, nobody
from backend.datasets.export.options import ExportOptions
from backend.datasets.export.registry import check_export
from backend.datasets.folders import DatasetFolders
from backend.datasets.models import DatasetRequest
from backend.datasets.record_making import RecordMaking
from backend.datasets.records.paging import records_page
from backend.datasets.withdrawal import completed_dataset, refuse_reader
from shared.auth.audit import audit_entry
from shared.auth.policies import Actor
from shared.database.base import DatasetStore, DocumentStore, Page
from shared.models.dataset import Dataset, DatasetStatus, Split
from shared.models.document import Document
from shared.models.events import AuditEntry
from shared.models.users import Principal
from shared.utils.clock import Clock, utc_now
from shared.utils.ids import new_id

logger = logging.getLogger(__name__)


class DatasetManager:
    """The use cases of the dataset service.

    Args:
        datasets: Truth of datasets.
        documents: Truth of documents.
        folders: Where files lie.
        making: What records are made with.
        on_change: Called after every accepted order, to wake the builders.
        creator_of: Who made a dataset.
    """

    def __init__(
        self,
        datasets: DatasetStore,
        documents: DocumentStore,
        folders: DatasetFolders,
        *,
        making: RecordMaking | None = None,
        clock: Clock = utc_now,
        make_id: Callable[[str], str] = new_id,
        on_change: Callable[[], None] = lambda: None,
        creator_of: CreatorOf = nobody,
    ) -> None:
        self._datasets = datasets
        self._documents = documents
        self._folders = folders
        self._making = making or RecordMaking()
        self._clock = clock
        self._make_id = make_id
        self._on_change = on_change
        self._creator_of = creator_of

    def create(self, request: DatasetRequest, principal: Principal, *, request_id: str | None = None) -> Dataset:
        """Accept an order; when this returns it is on disk.

        Raises:
            UnknownExportFormat: If a format is not installed.
            InvalidInput: If records cannot be made in that way here.
            NotExportable: If a format cannot hold such records.
            DatasetNotFound: If its parent is unknown.
            DatasetNotCompleted: If its parent is not finished.
        """
        self._making.check(request)
        for export_format in request.export_formats:
            check_export(export_format, request.record_format, ExportOptions())
        unique = request.model_copy(update={"export_formats": list(dict.fromkeys(request.export_formats))})
        dataset = Dataset(
            dataset_id=self._make_id("dataset"),
            name=request.name,
            description=request.description,
            created_at=self._clock(),
            created_by=principal.email,
            request=unique.model_dump(mode="json"),
            parent_id=request.parent,
        )
        stored = self._datasets.add(dataset, audit=_audit("dataset.ordered", dataset.dataset_id, principal, request_id))
        logger.info("dataset.ordered", extra={"dataset_id": dataset.dataset_id})
        self._on_change()
        return stored

    def get(self, dataset_id: str) -> Dataset:
        """A dataset in its newest state.

        Raises:
            DatasetNotFound: If there is none.
        """
        return self._datasets.get(dataset_id)

    def page(
        self,
        *,
        status: DatasetStatus | None,
        name: str | None,
        created_by: str | None,
        limit: int,
        after: str | None,
    ) -> Page[Dataset]:
        """Datasets, newest first."""
        return self._datasets.page(status=status, name=name, created_by=created_by, limit=limit, after=after)

    def count(self) -> int:
        """Number of datasets."""
        return self._datasets.count()

    def delete(self, dataset_id: str, actor: Actor, *, request_id: str | None = None) -> None:
        """Remove a dataset with its files.

        Raises:
            DatasetNotFound: If there is none.
            NotTheirOwn: If the caller may remove only its own datasets, and this is none.
            DatasetInUse: If it is being built, or a job or adapter needs it.
        """
        self._datasets.get(dataset_id)
        check_ownership(actor, dataset_id, self._creator_of)
        self._datasets.delete(dataset_id, audit=_audit("dataset.deleted", dataset_id, actor.principal, request_id))
        # rows first: files without a row are invisible, a row without files would be a lie
        self._folders.remove(dataset_id)

    def records(
        self, dataset_id: str, reader: Principal, *, split: Split | None = None, limit: int, after: str | None
    ) -> tuple[int, list[dict[str, Any]], str | None]:
        """How many records there are, a page of them in stored order, and the cursor of the next page.

        Raises:
            DatasetNotCompleted: If it is not finished.
            WithdrawnFromReaders: If it was withdrawn and the reader is no administrator.
            UnknownCursor: If `after` is not one of ours.
        """
        dataset, records_dir = completed_dataset(self._datasets, dataset_id)
        refuse_reader(dataset, reader)
        records, next_after = records_page(records_dir, split=split, after=after, limit=limit)
        total = dataset.record_count if split is None else dataset.statistics["splits"][split.value]["records"]
        return total, records, next_after

    def document(self, document_id: str) -> Document:
        """A document in its newest version.

        Raises:
            DocumentNotFound: If there is none.
        """
        return self._documents.get(document_id)

    def documents(self, *, source: str | None, limit: int, after: str | None) -> Page[Document]:
        """Documents by id."""
        return self._documents.page(source=source, limit=limit, after=after)


def _audit(action: str, dataset_id: str, principal: Principal, request_id: str | None) -> AuditEntry:
    return audit_entry(principal, action, "dataset", dataset_id, request_id=request_id)
