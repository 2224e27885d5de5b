"""Events and versions of datasets in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.database.base import Changes, Page
from shared.database.dataset_changes import (
    DatasetNotCompleted,
    cancelled_fields,
    refuse_finished,
    status_payload,
    withdrawn_payload,
)
from shared.database.job_changes import storable_text
from shared.database.memory.dataset_rows import MemoryDatasetRows
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus
from shared.models.dataset_events import DatasetEvent, DatasetEventType
from shared.models.events import AuditEntry


class MemoryDatasetEvents(MemoryDatasetRows):
    """`DatasetEventLog` in memory."""

    def record_event(self, claim: DatasetClaim, kind: DatasetEventType, payload: Mapping[str, Any]) -> DatasetEvent:
        """See `DatasetEventLog.record_event`."""
        with self._state.lock:
            values = {"fruitless_claims": 0} if kind is DatasetEventType.STAGE else {}
            event = {"status": DatasetStatus.PROCESSING.value, **payload}
            self._update(self._held(claim), values, event=event, kind=kind)
            return self._state.dataset_events[claim.dataset_id][-1]

    def events(self, dataset_id: str, *, after: int = 0, limit: int = 500) -> Sequence[DatasetEvent]:
        """See `DatasetEventLog.events`."""
        with self._state.lock:
            self.get(dataset_id)
            found = self._state.dataset_events.get(dataset_id, [])
            return [event for event in found if event.seq > after][:limit]

    def changes(self, cursor: int | None = None) -> Changes:
        """See `DatasetEventLog.changes`."""
        with self._state.lock:
            return self._changes(cursor)


class MemoryDatasetLines(MemoryDatasetRows):
    """`DatasetLines` in memory."""

    def cancel(self, dataset_id: str, *, audit: AuditEntry) -> Dataset:
        """See `DatasetLines.cancel`."""
        with self._state.lock:
            dataset = self.get(dataset_id)
            refuse_finished(dataset)
            fields = cancelled_fields(storable_text(audit.actor))
            event = status_payload(DatasetStatus.FAILED, reason="cancelled", message=fields["error_message"])
            done = self._update(dataset, {**fields, "completed_at": self._state.clock()}, event=event)
            self._state.provenance.pop(dataset_id, None)
            self._state.write_audit(audit)
            return done

    def withdraw(self, dataset_id: str, *, reason: str, audit: AuditEntry) -> Dataset:
        """See `DatasetLines.withdraw`."""
        with self._state.lock:
            dataset = self.get(dataset_id)
            if dataset.status is not DatasetStatus.COMPLETED:
                raise DatasetNotCompleted(dataset_id, dataset.status)
            if dataset.is_withdrawn:
                return dataset
            values = {
                "withdrawn_at": self._state.clock(),
                "withdrawn_by": audit.actor,
                "withdrawn_reason": storable_text(reason),
            }
            self._state.write_audit(audit)
            event = withdrawn_payload(storable_text(audit.actor), storable_text(reason))
            return self._update(dataset, values, event=event)

    def line(self, line_id: str, *, limit: int = 50, after: int | None = None) -> Page[Dataset]:
        """See `DatasetLines.line`."""
        with self._state.lock:
            found = [each for each in self._state.datasets.values() if each.line_id == line_id]
        found.sort(key=lambda each: -each.version_number)
        following = [each for each in found if after is None or each.version_number < after]
        items = following[:limit]
        next_after = str(items[-1].version_number) if len(following) > limit else None
        return Page(items, next_after=next_after, total=len(found))

    def erased_in(self, dataset_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """See `DatasetLines.erased_in`."""
        with self._state.lock:
            erased = {document_id for document_id, _ in self._state.erased.values()}
            found = {
                dataset_id: sorted(erased & {row.document_id for row in rows.values()})
                for dataset_id, rows in self._state.provenance.items()
                if dataset_id in dataset_ids
            }
        return {dataset_id: documents for dataset_id, documents in found.items() if documents}

    def holding_erased(self, *, limit: int = 50, after: str | None = None) -> Page[Dataset]:
        """See `DatasetLines.holding_erased`."""
        with self._state.lock:
            holding = self.erased_in(list(self._state.datasets))
            found = [self._state.datasets[dataset_id] for dataset_id in sorted(holding)]
        found = [each for each in found if each.status is DatasetStatus.COMPLETED]
        following = [each for each in found if after is None or each.dataset_id > after]
        items = following[:limit]
        next_after = items[-1].dataset_id if len(following) > limit else None
        return Page(items, next_after=next_after, total=len(found))

    def _placed_in_line(self, dataset: Dataset) -> Dataset:
        if dataset.parent_id is None:
            self._state.dataset_lines[dataset.dataset_id] = 1
            return replace(dataset, line_id=dataset.dataset_id, version_number=1)
        parent = self.get(dataset.parent_id)
        if parent.status is not DatasetStatus.COMPLETED:
            raise DatasetNotCompleted(parent.dataset_id, parent.status)
        number = self._state.dataset_lines[parent.line_id] = self._state.dataset_lines[parent.line_id] + 1
        return replace(dataset, line_id=parent.line_id, version_number=number)
