"""Routes of versions: their line, what differs, and the ends that people make."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.common.blocking import in_thread
from backend.common.pagination import After, Limit
from backend.common.request_id import request_id
from backend.datasets.api.dependencies import AnyUser, DatasetId, Remover, Versions
from backend.datasets.models import DatasetView
from backend.datasets.sorted_index import Change, Difference
from backend.datasets.version_diff import Part
from backend.datasets.version_models import (
    ChangeView,
    DatasetChanged,
    HoldingErasedList,
    ParameterChange,
    VersionDiff,
    VersionList,
    VersionView,
    WithdrawRequest,
)

router = APIRouter(prefix="/api/datasets", tags=["dataset versions"])

Against = Annotated[
    str | None, Query(max_length=100, description="Id of the version to compare with; empty: the parent.")
]
Of = Annotated[Part, Query(description="What `changes` lists; `counts` are of both.")]
Which = Annotated[Change | None, Query(description="Only what differs in this way.")]


@router.get("/holding-erased")
async def list_holding_erased(desk: Versions, _: AnyUser, limit: Limit = 50, after: After = None) -> HoldingErasedList:
    """Completed versions with records of documents that were erased since: withdrawn, and to be deleted."""
    page, erased = await in_thread(desk.holding_erased, limit=limit, after=after)
    versions = [VersionView.of(each, erased.get(each.dataset_id, ())) for each in page.items]
    return HoldingErasedList(versions=versions, total_count=page.total, next_after=page.next_after)


@router.get("/{dataset_id}/versions")
async def list_versions(
    dataset_id: DatasetId, desk: Versions, _: AnyUser, limit: Limit = 50, after: After = None
) -> VersionList:
    """All versions of this dataset's line, the newest first."""
    page, erased = await in_thread(desk.versions, dataset_id, limit=limit, after=after)
    return VersionList(
        line=page.items[0].line_id if page.items else "",
        versions=[VersionView.of(each, erased.get(each.dataset_id, ())) for each in page.items],
        total_count=page.total,
        next_after=page.next_after,
    )


@router.get("/{dataset_id}/diff")
async def diff_versions(
    dataset_id: DatasetId,
    desk: Versions,
    _: AnyUser,
    against: Against = None,
    of: Of = Part.RECORDS,
    change: Which = None,
    limit: Limit = 50,
    after: After = None,
) -> VersionDiff:
    """Documents and records that were added, removed or changed since another version, and parameters that differ."""
    before, dataset, page = await in_thread(
        desk.diff, dataset_id, against, part=of, change=change, limit=limit, after=after
    )
    return VersionDiff(
        dataset_id=dataset.dataset_id,
        version=dataset.version_number,
        against=before.dataset_id,
        against_version=before.version_number,
        is_same_version=dataset.version_sha256 == before.version_sha256,
        counts=page.counts,
        parameters=[ParameterChange(name=name, before=old, after=new) for name, (old, new) in page.parameters.items()],
        changes=[_change(each) for each in page.changes],
        next_after=page.next_after,
    )


@router.post("/{dataset_id}/cancel")
async def cancel_build(dataset_id: DatasetId, desk: Versions, remover: Remover) -> DatasetChanged:
    """End a build that waits or runs: it fails, for good, and leaves nothing."""
    dataset = await in_thread(desk.cancel, dataset_id, remover, request_id=request_id())
    return DatasetChanged(message=f"The build of dataset {dataset_id} is cancelled.", data=DatasetView.of(dataset))


@router.post("/{dataset_id}/withdraw")
async def withdraw_dataset(
    dataset_id: DatasetId, order: WithdrawRequest, desk: Versions, remover: Remover
) -> DatasetChanged:
    """Keep a version for accountability only: no exports, no training, records for administrators."""
    dataset = await in_thread(desk.withdraw, dataset_id, order.reason, remover, request_id=request_id())
    return DatasetChanged(message=f"Dataset {dataset_id} is withdrawn.", data=DatasetView.of(dataset))


def _change(difference: Difference) -> ChangeView:
    before, after = difference.before, difference.after
    return ChangeView(
        id=difference.id,
        change=difference.change.value,
        before=before and {"sha256": before.hash, **before.detail},
        after=after and {"sha256": after.hash, **after.detail},
    )
