"""Who may make which adapter the active one, and what speaks against it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.folders import DatasetFolders
from backend.datasets.records.candidates import Candidate
from backend.training.promotions import AdapterDamaged, ComparisonObjects
from shared.models.adapter import Adapter, Promotion
from shared.models.comparison import COMPARISON
from shared.models.job import Progress
from shared.storage import stage
from shared.utils.clock import utc_now
from tests.support.built_versions import completed_version
from tests.support.legal_texts import a_parsed_document
from tests.support.store_values import an_audit
from tests.support.training_desk import TRAINER, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def published(
    desk: Desk, name: str, comparison: dict[str, Any] | None = None, dataset_id: str | None = None
) -> Adapter:
    """A completed job's adapter with this id."""
    desk.submit()
    job, claim = desk.claimed()
    with stage(desk.folders.models / "adapters" / name) as staged:
        (staged.path / "adapter_model.safetensors").write_bytes(b"weights")
        manifest = staged.publish()
    adapter = Adapter(
        adapter_id=name,
        job_id=job.job_id,
        name=name,
        path=str(staged.target),
        manifest_sha256=manifest.sha256,
        trainer_type=job.trainer_type,
        base_model="starter",
        created_at=utc_now(),
        created_by=job.created_by,
        dataset_id=dataset_id,
        metrics={COMPARISON: comparison} if comparison else {},
    )
    desk.stores.jobs.complete(claim, adapter, progress=Progress())
    return adapter


def compared(verdict: str, compared_with: str | None = None) -> dict[str, Any]:
    return {"verdict": verdict, "compared_with": compared_with}


def promoted(desk: Desk, adapter: Adapter, *, override: bool = False) -> Promotion:
    return desk.promotions.promote(adapter.adapter_id, TRAINER, override=override, request_id="r1")


def test_an_adapter_that_was_never_compared_is_a_persons_choice(desk: Desk) -> None:
    first, second = published(desk, "adp_1"), published(desk, "adp_2")
    assert promoted(desk, first).replaced is None
    promotion = promoted(desk, second)
    assert (promotion.adapter_id, promotion.replaced, promotion.is_override) == ("adp_2", "adp_1", False)
    assert list(desk.promotions.active()) == [promotion]
    assert [one.adapter_id for one in desk.promotions.history(base_model="starter", limit=9)] == ["adp_2", "adp_1"]


def test_a_rejected_candidate_needs_an_override_that_is_recorded(desk: Desk) -> None:
    candidate = published(desk, "adp_1", compared("reject"))
    with pytest.raises(ComparisonObjects, match="override"):
        promoted(desk, candidate)
    assert list(desk.promotions.active()) == []
    assert promoted(desk, candidate, override=True).is_override
    ((_, entry),) = desk.stores.audit.page(object_id="adp_1")
    assert (entry.action, entry.actor, entry.request_id) == ("adapter.promoted", TRAINER.email, "r1")
    assert entry.detail["overridden"] == "its comparison ended with reject"


def test_a_comparison_with_another_adapter_than_the_active_one_is_out_of_date(desk: Desk) -> None:
    candidate = published(desk, "adp_1", compared("promote", None))
    promoted(desk, published(desk, "adp_2"))
    with pytest.raises(ComparisonObjects, match="the base model, but adp_2 is active"):
        promoted(desk, candidate)
    assert promoted(desk, candidate, override=True).is_override


@pytest.mark.parametrize("is_other_active", [True, False])
def test_a_passed_comparison_needs_no_override(desk: Desk, is_other_active: bool) -> None:
    if is_other_active:
        promoted(desk, published(desk, "adp_1"))
    candidate = published(desk, "adp_2", compared("promote", "adp_1" if is_other_active else None))
    assert not promoted(desk, candidate, override=True).is_override


def test_a_damaged_adapter_is_refused_whatever_somebody_overrides(desk: Desk) -> None:
    adapter = published(desk, "adp_1")
    Path(adapter.path, "adapter_model.safetensors").write_bytes(b"weighty")
    with pytest.raises(AdapterDamaged, match="altered"):
        promoted(desk, adapter, override=True)
    assert list(desk.promotions.active()) == []


def test_promoting_the_active_adapter_changes_nothing(desk: Desk) -> None:
    adapter = published(desk, "adp_1")
    first = promoted(desk, adapter)
    assert promoted(desk, replace(adapter)) == first
    assert len(desk.stores.audit.page(object_id="adp_1")) == 1


def test_an_adapter_that_has_seen_an_erased_document_is_promoted_only_on_somebodys_account(
    desk: Desk, tmp_path: Path
) -> None:
    document, _ = desk.stores.documents.put(
        a_parsed_document(1), source="amt", path="1.md", sha256="1" * 64, size_bytes=1, ingested_by="anna"
    )
    found = [Candidate(each, 0.5) for each in desk.stores.documents.sections(document.document_id)]
    dataset = completed_version(desk.stores.datasets, DatasetFolders(tmp_path / "data"), 1, found)
    adapter = published(desk, "adp_1", dataset_id=dataset.dataset_id)
    desk.stores.documents.erase(document.document_id, audit=an_audit("document.erased", "document"))

    with pytest.raises(ComparisonObjects, match="1 documents were erased since"):
        promoted(desk, adapter)
    assert promoted(desk, adapter, override=True).is_override
