"""What every `DocumentStore` must do about erasing: what goes with a document, and what has seen it."""

from dataclasses import replace

import pytest

from shared.database.base import DocumentNotFound
from shared.database.review_store import ReviewNotFound
from shared.database.stores import Stores
from shared.models.adapter import PromotionOrder
from shared.models.audit import AuditFilter
from shared.models.dataset import Dataset, DatasetStatus, Split
from shared.models.erasure import AdapterUse, DatasetUse
from shared.models.job import Progress
from shared.models.review import Doubt, ReviewState, Ruling
from tests.support.store_values import (
    a_dataset,
    a_document,
    an_adapter,
    an_audit,
    provenance_rows,
    queued,
    running,
)

ERASED = an_audit("document.erased", "document", "doc_x")


def _document(stores: Stores, path: str = "a.md") -> str:
    ((document, _),) = stores.documents.put_many([a_document(path)])
    return document.document_id


def _version(stores: Stores, number: int, document_id: str, *, is_completed: bool = True) -> Dataset:
    """A dataset with two records of a document to train on, one to test with, and one of another document."""
    stores.datasets.add(a_dataset(number), audit=an_audit("dataset.ordered", "dataset"))
    found = stores.datasets.claim("builder-1", lease_s=60)
    assert found is not None
    dataset, claim = found
    rows = [*provenance_rows("r1", "r2"), *provenance_rows("r3", split=Split.TEST)]
    stores.datasets.add_provenance(claim, [replace(row, document_id=document_id) for row in rows])
    stores.datasets.add_provenance(claim, provenance_rows("other"))
    if not is_completed:
        return dataset
    finished = replace(dataset, export_paths={"jsonl": "/x/jsonl", "csv": "/x/csv"})
    return stores.datasets.complete(claim, finished, audit=an_audit("dataset.completed", "dataset"))


def _doubt(document_id: str, key: str) -> Doubt:
    return Doubt(key, f"{document_id}:1:0", document_id, 0.2, ("few_letters",), "legal-de-1")


class DocumentErasureContract:
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    def test_versions_that_hold_an_erased_document_are_withdrawn_with_it(self, stores: Stores) -> None:
        gone, kept = _document(stores), _document(stores, "b.md")
        holding, other = _version(stores, 1, gone), _version(stores, 2, kept)

        stores.documents.erase(gone, audit=ERASED)

        withdrawn = stores.datasets.get(holding.dataset_id)
        assert (withdrawn.status, withdrawn.withdrawn_by) == (DatasetStatus.COMPLETED, ERASED.actor)
        assert withdrawn.withdrawn_reason == f"Document {gone} was erased."
        (event,) = stores.datasets.events(holding.dataset_id, after=holding.event_seq)
        assert event.payload["reason"] == "withdrawn"
        (entry,) = stores.audit.records(AuditFilter(action="dataset.withdrawn"))
        assert (entry.entry.object_id, entry.entry.actor) == (holding.dataset_id, ERASED.actor)
        assert entry.entry.detail["document_id"] == gone
        assert not stores.datasets.get(other.dataset_id).is_withdrawn

    def test_what_was_withdrawn_before_keeps_its_reason(self, stores: Stores) -> None:
        gone = _document(stores)
        dataset = _version(stores, 1, gone)
        stores.datasets.withdraw(dataset.dataset_id, reason="überholt", audit=an_audit("dataset.withdrawn", "dataset"))
        before = stores.datasets.get(dataset.dataset_id)

        stores.documents.erase(gone, audit=ERASED)

        assert stores.datasets.get(dataset.dataset_id) == before

    def test_a_refused_erasure_changes_nothing(self, stores: Stores) -> None:
        dataset = _version(stores, 1, "doc_never")

        with pytest.raises(DocumentNotFound):
            stores.documents.erase("doc_never", audit=ERASED)
        assert stores.datasets.get(dataset.dataset_id) == dataset
        assert stores.audit.records(AuditFilter(action="document.erased")) == []

    def test_open_reviews_of_its_texts_go_and_rulings_stay_without_words(self, stores: Stores) -> None:
        gone = _document(stores)
        stores.reviews.doubt([_doubt(gone, "k1"), _doubt("doc_else", "k3")], run_id="run")
        ruling = Ruling(ReviewState.KEPT, "anna@amt.example", "Frau Krause hat recht.")
        stores.reviews.rule(_doubt(gone, "k2"), ruling, audit=an_audit("quality.ruled", "text", "k2"))
        assert stores.documents.uses(gone).reviews == 2

        stores.documents.erase(gone, audit=ERASED)

        with pytest.raises(ReviewNotFound):
            stores.reviews.get("k1")
        assert stores.reviews.get("k2").ruling == replace(ruling, note="")
        assert stores.reviews.rulings(["k2"]) == {"k2": ReviewState.KEPT}
        assert stores.reviews.get("k3").state is ReviewState.OPEN

    def test_it_is_known_what_has_seen_a_document_before_and_after_it_is_erased(self, stores: Stores) -> None:
        gone = _document(stores)
        dataset = _version(stores, 1, gone)
        building = _version(stores, 2, gone, is_completed=False)
        _version(stores, 3, _document(stores, "b.md"))
        job, claim = running(stores, number=1, dataset_id=dataset.dataset_id)
        adapter = an_adapter(job, dataset_id=dataset.dataset_id)
        stores.jobs.complete(claim, adapter, progress=Progress())
        waiting = queued(stores, 2, dataset_id=dataset.dataset_id)
        queued(stores, 3, dataset_id="ds_other")
        order = PromotionOrder(None, "tina@amt.example")
        stores.adapters.promote(adapter.adapter_id, order, audit=an_audit("adapter.promoted", "adapter", "x"))

        before = stores.documents.uses(gone)
        stores.documents.erase(gone, audit=ERASED)
        after = stores.documents.uses(gone)

        use = DatasetUse(
            dataset.dataset_id,
            dataset.name,
            1,
            DatasetStatus.COMPLETED,
            is_withdrawn=False,
            records={Split.TRAIN: 2, Split.TEST: 1},
            export_formats=["csv", "jsonl"],
        )
        by_id = {each.dataset_id: each for each in before.datasets}
        assert set(by_id) == {dataset.dataset_id, building.dataset_id}
        assert by_id[dataset.dataset_id] == use
        assert by_id[building.dataset_id].status is DatasetStatus.PROCESSING
        seen = AdapterUse(
            adapter.adapter_id, adapter.name, job.job_id, dataset.dataset_id, adapter.base_model, is_active=True
        )
        assert (list(before.adapters), list(before.jobs)) == ([seen], [waiting.job_id])
        assert (before.path, before.version, before.sections, before.is_erased) == ("a.md", 1, 2, False)
        assert (after.path, after.version, after.sections, after.is_erased) == ("a.md", 2, 0, True)
        assert (after.title, list(after.adapters)) == ("", [seen])
        assert {each.dataset_id: each.is_withdrawn for each in after.datasets}[dataset.dataset_id]

    def test_of_what_never_was_there_are_no_uses(self, stores: Stores) -> None:
        with pytest.raises(DocumentNotFound):
            stores.documents.uses("doc_0")
