"""Finished datasets go out to others: exported, copied to a target of the settings, checked there, and noted."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import Field

from backend.common.blocking import in_thread
from backend.datasets.export.exported import Exported
from backend.datasets.export_desk import ExportTask
from backend.datasets.export_turns import ExportTurns, Patience, endless
from backend.datasets.models import ExportRequest
from shared.database.base import AuditStore
from shared.models.events import AuditEntry
from shared.models.users import Principal
from shared.object_storage import Publication, Targets
from shared.storage import MANIFEST_NAME, read_manifest

logger = logging.getLogger(__name__)


class PublishRequest(ExportRequest):
    """An order to export a finished dataset and to copy the export to a target."""

    destination: str = Field(
        min_length=1, max_length=1_000, description="URL below one of CLARA_PUBLISH_TARGETS, e.g. s3://bucket/datasets."
    )


class Exports(Protocol):
    """Writes exports."""

    def ordered(self, dataset_id: str, order: ExportRequest) -> ExportTask:
        """What an order asks for, if it can be had."""
        ...

    def settle(self, task: ExportTask, principal: Principal, *, request_id: str | None = None) -> Exported:
        """An export, written now or before."""
        ...


@dataclass(frozen=True, slots=True)
class PublishTask:
    """A folder to copy.

    Args:
        url: Where it is to lie.
    """

    dataset_id: str
    export_format: str
    folder: Path
    url: str


class PublishDesk:
    """The use case of publishing.

    Args:
        exports: The desk of exports.
        targets: Where copies may go.
        audit: Takes who published what.
        copy: Copies one folder, and returns when it lies there and was checked.
        turns: When that is done.
    """

    def __init__(
        self,
        exports: Exports,
        targets: Targets,
        audit: AuditStore,
        copy: Callable[[PublishTask], None],
        turns: ExportTurns,
    ) -> None:
        self._exports = exports
        self._targets = targets
        self._audit = audit
        self._copy = copy
        self._turns = turns

    async def publish(
        self,
        dataset_id: str,
        order: PublishRequest,
        principal: Principal,
        *,
        request_id: str | None = None,
        patience: Patience = endless,
    ) -> Publication:
        """Copy an export to `destination/<dataset id>/<export>`; doing it again changes nothing.

        What is missing of the export is written in the same turn.

        Raises:
            TargetNotAllowed: If the settings do not open the place.
            DatasetNotFound: If there is no such dataset.
            DatasetNotCompleted: If it is not finished.
            NotExportable: If the format cannot hold its records.
            Unavailable: If the target cannot be written; nothing is visible there.
            TooManyExports: If too many wait for their turn.
        """
        export, url = await in_thread(self._ordered, dataset_id, order)
        return await self._turns.run(self._settle, patience, export, url, principal, request_id)

    def _ordered(self, dataset_id: str, order: PublishRequest) -> tuple[ExportTask, str]:
        base = self._targets.resolved(order.destination)
        plain = ExportRequest.model_validate(order.model_dump(exclude={"destination"}))
        export = self._exports.ordered(dataset_id, plain)
        return export, self._targets.resolved(f"{base}/{dataset_id}/{export.target.name}")

    def _settle(self, export: ExportTask, url: str, principal: Principal, request_id: str | None) -> Publication:
        dataset_id = export.dataset.dataset_id
        folder = Path(self._exports.settle(export, principal, request_id=request_id).path)
        self._copy(PublishTask(dataset_id, export.export_format, folder, url))
        done = _publication(folder, url)
        self._audit.append(
            AuditEntry(
                action="dataset.published",
                object_type="dataset",
                object_id=dataset_id,
                actor=principal.email,
                detail={"url": url, "format": export.export_format, "manifest_sha256": done.manifest_sha256},
                request_id=request_id,
            )
        )
        logger.info("dataset.published", extra={"dataset_id": dataset_id, "url": url})
        return done


def _publication(folder: Path, url: str) -> Publication:
    manifest = read_manifest(folder)
    size_bytes = sum(size for size, _ in manifest.files.values()) + (folder / MANIFEST_NAME).stat().st_size
    return Publication(url, manifest.sha256, len(manifest.files) + 1, size_bytes)
