"""Datasets and the provenance of their records in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from shared.database.base import Page
from shared.database.dataset_changes import (
    DocumentsErased,
    completed_fields,
    dataset_audit,
    failed_fields,
    refuse_if_used,
    refuse_unusable,
    status_payload,
)
from shared.database.job_changes import storable_text
from shared.database.memory.dataset_lines import MemoryDatasetEvents, MemoryDatasetLines
from shared.database.memory.state import newest_first
from shared.database.sql_json import as_stored
from shared.errors import Conflict
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus, RecordProvenance, Split
from shared.models.dataset_events import DatasetEventType
from shared.models.events import AuditEntry


class MemoryDatasetStore(MemoryDatasetEvents, MemoryDatasetLines):
    """`DatasetStore` in memory."""

    def add(self, dataset: Dataset, *, audit: AuditEntry) -> Dataset:
        """See `DatasetStore.add`."""
        with self._state.lock:
            if dataset.dataset_id in self._state.datasets:
                raise Conflict(
                    f"A dataset with the id '{dataset.dataset_id}' exists already.", dataset_id=dataset.dataset_id
                )
            stored = replace(dataset, request=as_stored(dict(dataset.request)), version=1, event_seq=1)
            dataset = self._placed_in_line(stored)
            self._state.datasets[dataset.dataset_id] = dataset
            self._add_event(dataset, DatasetEventType.STATUS, status_payload(dataset.status))
            self._state.write_audit(audit)
            return dataset

    def page(
        self,
        *,
        status: DatasetStatus | None = None,
        name: str | None = None,
        created_by: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Dataset]:
        """See `DatasetStore.page`."""
        with self._state.lock:
            wanted = [
                item
                for item in self._state.datasets.values()
                if status in (None, item.status) and (name or "") in item.name and created_by in (None, item.created_by)
            ]
        return newest_first(wanted, lambda dataset: dataset.dataset_id, limit=limit, after=after, find=self.get)

    def newest_completed(self) -> Dataset | None:
        """See `DatasetStore.newest_completed`."""
        with self._state.lock:
            found = self._state.datasets.values()
            usable = [each for each in found if each.status is DatasetStatus.COMPLETED and not each.is_withdrawn]
        return max(usable, key=lambda each: (each.created_at, each.dataset_id), default=None)

    def claim(self, owner: str, *, lease_s: float) -> tuple[Dataset, DatasetClaim] | None:
        """See `DatasetStore.claim`."""
        with self._state.lock:
            now = self._state.clock()
            free = [
                dataset
                for dataset in self._state.datasets.values()
                if dataset.status is DatasetStatus.PENDING
                or (dataset.lease_until is not None and dataset.lease_until < now)
            ]
            if not free:
                return None
            dataset = min(free, key=lambda dataset: (dataset.created_at, dataset.dataset_id))
            epoch = dataset.claim_epoch + 1
            taken = self._update(
                dataset,
                {
                    "status": DatasetStatus.PROCESSING,
                    "owner": owner,
                    "claim_epoch": epoch,
                    "fruitless_claims": dataset.fruitless_claims + 1,
                    "lease_until": now + timedelta(seconds=lease_s),
                },
                event=status_payload(DatasetStatus.PROCESSING),
            )
            self._state.provenance.pop(dataset.dataset_id, None)
            audit = dataset_audit("dataset.claimed", dataset.dataset_id, owner=owner, claim_epoch=epoch)
            self._state.write_audit(audit)
            return taken, DatasetClaim(dataset.dataset_id, owner, epoch)

    def heartbeat(self, claim: DatasetClaim, *, lease_s: float) -> None:
        """See `DatasetStore.heartbeat`."""
        with self._state.lock:
            lease_until = self._state.clock() + timedelta(seconds=lease_s)
            self._state.datasets[claim.dataset_id] = replace(self._held(claim), lease_until=lease_until)

    def add_provenance(self, claim: DatasetClaim, rows: Iterable[RecordProvenance]) -> None:
        """See `DatasetStore.add_provenance`."""
        with self._state.lock:
            self._held(claim)
            known = dict(self._state.provenance.get(claim.dataset_id, {}))
            for row in rows:
                if row.record_id in known:
                    raise Conflict(
                        f"Dataset {claim.dataset_id} has a record with one of these ids already.",
                        dataset_id=claim.dataset_id,
                    )
                known[row.record_id] = row
            self._state.provenance[claim.dataset_id] = known

    def complete(self, claim: DatasetClaim, dataset: Dataset, *, audit: AuditEntry) -> Dataset:
        """See `DatasetStore.complete`."""
        with self._state.lock:
            held = self._held(claim)
            if erased := self.erased_in([claim.dataset_id]):
                raise DocumentsErased(claim.dataset_id, erased[claim.dataset_id])
            values = {**completed_fields(dataset), "completed_at": self._state.clock()}
            done = self._update(held, values, event=status_payload(DatasetStatus.COMPLETED))
            self._state.write_audit(audit)
            return done

    def fail(self, claim: DatasetClaim, *, error_message: str) -> Dataset:
        """See `DatasetStore.fail`."""
        with self._state.lock:
            values = {**failed_fields(storable_text(error_message)), "completed_at": self._state.clock()}
            event = status_payload(DatasetStatus.FAILED, message=values["error_message"])
            done = self._update(self._held(claim), values, event=event)
            self._state.provenance.pop(claim.dataset_id, None)
            self._state.write_audit(dataset_audit("dataset.failed", claim.dataset_id, claim_epoch=claim.epoch))
            return done

    def set_export(self, dataset_id: str, export_format: str, path: str, *, audit: AuditEntry) -> Dataset:
        """See `DatasetStore.set_export`."""
        with self._state.lock:
            dataset = self.get(dataset_id)
            refuse_unusable(dataset)
            done = self._update(dataset, {"export_paths": {**dataset.export_paths, export_format: path}})
            self._state.write_audit(audit)
            return done

    def delete(self, dataset_id: str, *, audit: AuditEntry) -> None:
        """See `DatasetStore.delete`."""
        with self._state.lock:
            adapters = [item.adapter_id for item in self._state.adapters.values() if item.dataset_id == dataset_id]
            jobs = [
                job.job_id
                for job in self._state.jobs.values()
                if job.dataset_id == dataset_id and not job.status.is_terminal
            ]
            refuse_if_used(self.get(dataset_id), adapter_id=next(iter(adapters), None), job_id=next(iter(jobs), None))
            del self._state.datasets[dataset_id]
            self._state.provenance.pop(dataset_id, None)
            self._state.dataset_events.pop(dataset_id, None)
            self._state.write_audit(audit)

    def provenance(
        self, dataset_id: str, *, split: Split | None = None, after: str | None = None, limit: int = 1000
    ) -> Sequence[RecordProvenance]:
        """See `DatasetStore.provenance`."""
        with self._state.lock:
            rows = sorted(self._state.provenance.get(dataset_id, {}).values(), key=lambda row: row.record_id)
        wanted = (row for row in rows if split is None or row.split is split)
        return [row for row in wanted if after is None or row.record_id > after][:limit]

    def count(self) -> int:
        """See `DatasetStore.count`."""
        with self._state.lock:
            return len(self._state.datasets)
