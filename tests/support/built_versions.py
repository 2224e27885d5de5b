"""Completed versions with real records and lineage, in any stores."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from backend.datasets.folders import DatasetFolders
from backend.datasets.records.candidates import Candidate
from shared.database.base import DatasetStore
from shared.models.dataset import Dataset, RecordProvenance
from tests.support.dataset_builds import a_plan, build
from tests.support.store_values import a_dataset, an_audit


def completed_version(
    datasets: DatasetStore,
    folders: DatasetFolders,
    number: int,
    found: Iterable[Candidate],
    *,
    parent: Dataset | None = None,
    export_formats: Sequence[str] = (),
) -> Dataset:
    """Order, build and complete a version; nothing else may be waiting."""
    order = a_dataset(number, parent_id=parent and parent.dataset_id)
    order = replace(order, request={**order.request, "record_format": "text"})
    datasets.add(order, audit=an_audit("dataset.ordered", "dataset", order.dataset_id))
    claimed = datasets.claim("builder-1", lease_s=60)
    assert claimed is not None
    dataset, claim = claimed
    rows: list[RecordProvenance] = []
    plan = a_plan(
        folders.attempt(dataset.dataset_id, claim.epoch), dataset_id=dataset.dataset_id, export_formats=export_formats
    )
    result = build(plan, found, rows)
    datasets.add_provenance(claim, rows)
    finished = replace(
        dataset,
        content_sha256=result.content_sha256,
        version_sha256=result.version_sha256,
        path=str(result.records_dir),
        record_count=result.record_count,
        document_count=result.document_count,
        export_paths={name: str(path) for name, path in result.export_paths.items()},
    )
    return datasets.complete(claim, finished, audit=an_audit("dataset.completed", "dataset", dataset.dataset_id))
