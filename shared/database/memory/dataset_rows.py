"""One change of a dataset in memory: the value, and the event that tells of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.database.base import Changes, ClaimLost, DatasetNotFound
from shared.database.memory.state import MemoryState
from shared.database.sql_json import as_stored
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus
from shared.models.dataset_events import DatasetEvent, DatasetEventType


class MemoryDatasetRows:
    """What all parts of the in-memory dataset store do to their values; callers hold the lock.

    Args:
        state: Shared with the other stores.
    """

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def get(self, dataset_id: str) -> Dataset:
        """See `DatasetStore.get`."""
        with self._state.lock:
            found = self._state.datasets.get(dataset_id)
        if found is None:
            raise DatasetNotFound(dataset_id)
        return found

    def _held(self, claim: DatasetClaim) -> Dataset:
        dataset = self._state.datasets.get(claim.dataset_id)
        held = dataset is not None and (dataset.owner, dataset.claim_epoch) == (claim.owner, claim.epoch)
        if dataset is None or not held or dataset.status is not DatasetStatus.PROCESSING:
            raise ClaimLost(claim.dataset_id, claim.epoch)
        return dataset

    def _update(
        self,
        dataset: Dataset,
        values: Mapping[str, Any],
        *,
        event: Mapping[str, Any] | None = None,
        kind: DatasetEventType = DatasetEventType.STATUS,
    ) -> Dataset:
        plain = {name: as_stored(dict(value)) if isinstance(value, dict) else value for name, value in values.items()}
        changed = replace(dataset, **plain, version=dataset.version + 1)
        if event is not None:
            changed = replace(changed, event_seq=dataset.event_seq + 1)
            self._add_event(changed, kind, event)
        self._state.datasets[dataset.dataset_id] = changed
        return changed

    def _add_event(self, dataset: Dataset, kind: DatasetEventType, payload: Mapping[str, Any]) -> DatasetEvent:
        event = DatasetEvent(dataset.dataset_id, dataset.event_seq, kind, as_stored(dict(payload)), self._state.clock())
        self._state.dataset_events.setdefault(dataset.dataset_id, []).append(event)
        self._state.last_change_no += 1
        self._state.dataset_change_nos[dataset.dataset_id] = self._state.last_change_no
        return event

    def _changes(self, cursor: int | None) -> Changes:
        wanted = (
            dataset
            for dataset in self._state.datasets.values()
            if (
                dataset.status.has_more_to_tell
                if cursor is None
                else self._state.dataset_change_nos.get(dataset.dataset_id, 0) >= cursor
            )
        )
        return Changes({each.dataset_id: each.event_seq for each in wanted}, self._state.last_change_no + 1)
