"""Erasing documents in memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from shared.database.document_erasure import withdrawal_entry, withdrawal_reason
from shared.database.memory.dataset_lines import MemoryDatasetLines
from shared.database.memory.state import MemoryState
from shared.models.dataset import Dataset, DatasetStatus
from shared.models.document import Document
from shared.models.erasure import AdapterUse, DatasetUse, DocumentUses
from shared.models.events import AuditEntry


class MemoryDocumentErasure:
    """`DocumentErasure` in memory."""

    _state: MemoryState

    def get(self, document_id: str) -> Document:
        """See `DocumentStore.get`."""
        raise NotImplementedError

    def _enqueue(self, document_id: str, version: int) -> None:
        raise NotImplementedError

    def erase(self, document_id: str, *, audit: AuditEntry) -> None:
        """See `DocumentErasure.erase`."""
        state = self._state
        with state.lock:
            document = self.get(document_id)
            del state.documents[document.source, document.path]
            for version in range(1, document.version + 1):
                state.sections.pop((document_id, version), None)
            state.erased[document.source, document.path] = (document_id, document.version + 1)
            self._enqueue(document_id, document.version + 1)
            state.write_audit(audit)
            self._withdraw_all(document_id, audit)
            self._forget_reviews(document_id)

    def uses(self, document_id: str) -> DocumentUses:
        """See `DocumentErasure.uses`."""
        state = self._state
        with state.lock:
            used = [_use(each, state, document_id) for each in self._holding(document_id)]
            ids = {each.dataset_id for each in used}
            return replace(
                self._place(document_id),
                datasets=used,
                adapters=_adapters(state, ids),
                jobs=sorted(
                    job.job_id for job in state.jobs.values() if job.dataset_id in ids and not job.status.is_terminal
                ),
                reviews=sum(each.doubt.document_id == document_id for each in state.reviews.values()),
            )

    def _place(self, document_id: str) -> DocumentUses:
        for (source, path), (erased_id, version) in self._state.erased.items():
            if erased_id == document_id:
                return DocumentUses(document_id, source, path, "", version, 0, is_erased=True)
        found = self.get(document_id)
        return DocumentUses(
            document_id, found.source, found.path, found.title, found.version, found.section_count, is_erased=False
        )

    def _holding(self, document_id: str) -> Sequence[Dataset]:
        state = self._state
        return [
            state.datasets[dataset_id]
            for dataset_id, rows in sorted(state.provenance.items())
            if any(row.document_id == document_id for row in rows.values())
        ]

    def _withdraw_all(self, document_id: str, audit: AuditEntry) -> None:
        lines = MemoryDatasetLines(self._state)
        for dataset in self._holding(document_id):
            if dataset.status is DatasetStatus.COMPLETED and not dataset.is_withdrawn:
                entry = withdrawal_entry(audit, document_id, dataset.dataset_id)
                lines.withdraw(dataset.dataset_id, reason=withdrawal_reason(document_id), audit=entry)

    def _forget_reviews(self, document_id: str) -> None:
        reviews = self._state.reviews
        for key, review in list(reviews.items()):
            if review.doubt.document_id != document_id:
                continue
            if review.ruling is None:
                del reviews[key]
            else:
                reviews[key] = replace(review, ruling=replace(review.ruling, note=""))


def _use(dataset: Dataset, state: MemoryState, document_id: str) -> DatasetUse:
    rows = state.provenance[dataset.dataset_id].values()
    return DatasetUse.of(dataset, dict(Counter(row.split for row in rows if row.document_id == document_id)))


def _adapters(state: MemoryState, dataset_ids: set[str]) -> list[AdapterUse]:
    active = {promotion.base_model: promotion.adapter_id for promotion in state.promotions}
    return [
        AdapterUse.of(each, each.dataset_id, is_active=active.get(each.base_model) == each.adapter_id)
        for _, each in sorted(state.adapters.items())
        if each.dataset_id is not None and each.dataset_id in dataset_ids
    ]
