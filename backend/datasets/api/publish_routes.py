"""The route by which finished datasets go out to others."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from backend.common.request_id import request_id
from backend.datasets.api.dependencies import CallersPatience, Curator, DatasetId, State
from backend.datasets.publishing import PublishRequest

router = APIRouter(prefix="/api/datasets", tags=["datasets"])


class Published(BaseModel):
    """Where a copy lies."""

    model_config = ConfigDict(frozen=True)

    success: bool = True
    message: str
    destination_url: str
    manifest_sha256: str
    files: int
    size_bytes: int


@router.post("/{dataset_id}/publish")
async def publish_dataset(
    dataset_id: DatasetId, order: PublishRequest, state: State, principal: Curator, patience: CallersPatience
) -> Published:
    """Export a finished dataset and copy it to object storage, the manifest last; repeating it changes nothing."""
    done = await state.publishing.publish(dataset_id, order, principal, request_id=request_id(), patience=patience)
    return Published(
        message=f"Dataset {dataset_id} is published as {order.format}.",
        destination_url=done.url,
        manifest_sha256=done.manifest_sha256,
        files=done.file_count,
        size_bytes=done.size_bytes,
    )
