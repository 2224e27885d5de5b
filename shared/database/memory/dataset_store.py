"""Datasets and the provenance of their records in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.database.base import ClaimLost, DatasetNotFound, Page
from shared.database.dataset_changes import (
    DatasetNotCompleted,
    completed_fields,
    dataset_audit,
    failed_fields,
    refuse_if_used,
)
from shared.database.job_changes import storable_text
from shared.database.memory.state import MemoryState, newest_first
from shared.database.sql_json import as_stored
from shared.errors import Conflict
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus, RecordProvenance, Split
from shared.models.events import AuditEntry


class MemoryDatasetStore:
    """`DatasetStore` in memory."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def add(self, dataset: Dataset, *, audit: AuditEntry) -> Dataset:
        """See `DatasetStore.add`."""
        with self._state.lock:
            if dataset.dataset_id in self._state.datasets:
                raise Conflict(
                    f"A dataset with the id '{dataset.dataset_id}' exists already.", dataset_id=dataset.dataset_id
                )
            dataset = replace(dataset, request=as_stored(dict(dataset.request)), version=1)
            self._state.datasets[dataset.dataset_id] = dataset
            self._state.write_audit(audit)
            return dataset

    def get(self, dataset_id: str) -> Dataset:
        """See `DatasetStore.get`."""
        with self._state.lock:
            found = self._state.datasets.get(dataset_id)
        if found is None:
            raise DatasetNotFound(dataset_id)
        return found

    def page(self, *, status: DatasetStatus | None = None, limit: int = 50, after: str | None = None) -> Page[Dataset]:
        """See `DatasetStore.page`."""
        start = None if after is None else self.get(after)
        with self._state.lock:
            wanted = [item for item in self._state.datasets.values() if status is None or item.status is status]
        return newest_first(wanted, lambda dataset: dataset.dataset_id, limit=limit, after=start)

    def newest_completed(self) -> Dataset | None:
        """See `DatasetStore.newest_completed`."""
        found = self.page(status=DatasetStatus.COMPLETED, limit=1).items
        return found[0] if found else None

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
                    "lease_until": now + timedelta(seconds=lease_s),
                },
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
            done = self._update(self._held(claim), {**completed_fields(dataset), "completed_at": self._state.clock()})
            self._state.write_audit(audit)
            return done

    def fail(self, claim: DatasetClaim, *, error_message: str) -> Dataset:
        """See `DatasetStore.fail`."""
        with self._state.lock:
            values = {**failed_fields(storable_text(error_message)), "completed_at": self._state.clock()}
            done = self._update(self._held(claim), values)
            self._state.provenance.pop(claim.dataset_id, None)
            self._state.write_audit(dataset_audit("dataset.failed", claim.dataset_id, claim_epoch=claim.epoch))
            return done

    def set_export(self, dataset_id: str, export_format: str, path: str, *, audit: AuditEntry) -> Dataset:
        """See `DatasetStore.set_export`."""
        with self._state.lock:
            dataset = self.get(dataset_id)
            if dataset.status is not DatasetStatus.COMPLETED:
                raise DatasetNotCompleted(dataset_id, dataset.status)
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

    def _held(self, claim: DatasetClaim) -> Dataset:
        dataset = self._state.datasets.get(claim.dataset_id)
        held = dataset is not None and (dataset.owner, dataset.claim_epoch) == (claim.owner, claim.epoch)
        if dataset is None or not held or dataset.status is not DatasetStatus.PROCESSING:
            raise ClaimLost(claim.dataset_id, claim.epoch)
        return dataset

    def _update(self, dataset: Dataset, values: dict[str, Any]) -> Dataset:
        plain = {name: as_stored(dict(value)) if isinstance(value, dict) else value for name, value in values.items()}
        changed = replace(dataset, **plain, version=dataset.version + 1)
        self._state.datasets[dataset.dataset_id] = changed
        return changed
