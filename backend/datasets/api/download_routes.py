"""Routes that send what an export holds."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from backend.common.blocking import in_thread
from backend.datasets.api.dependencies import AnyUser, DatasetId, ExportFormat, Exports
from backend.datasets.api.ranged import Asked, ranged
from backend.datasets.archive import MEDIA_TYPES
from shared.models.dataset import Split

router = APIRouter(prefix="/api/datasets", tags=["datasets"])

_BINARY = {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES}}
_LONGEST_HEADER = 1_000


_PATH = "/{dataset_id}/download/{export_format}"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole file.", **_BINARY},
    206: {"description": "The range that was asked for.", **_BINARY},
    304: {"description": "The caller has it already (If-None-Match)."},
    416: {"description": "The file has no such range."},
}
_HEADS: dict[int | str, dict[str, Any]] = {
    status: {"description": told["description"]} for status, told in _ANSWERS.items()
}


@router.head(_PATH, response_class=Response, responses=_HEADS)
@router.get(_PATH, response_class=Response, responses=_ANSWERS)
async def download_export(
    request: Request,
    dataset_id: DatasetId,
    export_format: ExportFormat,
    desk: Exports,
    reader: AnyUser,
    split: Annotated[
        Split | None, Query(description="One split as it is, if it is one file; without it everything as a zip.")
    ] = None,
    file: Annotated[
        str | None, Query(max_length=200, description="One file by its name in the manifest, e.g. SHA256SUMS.")
    ] = None,
    range_: Annotated[str | None, Header(alias="Range", max_length=_LONGEST_HEADER)] = None,
    if_range: Annotated[str | None, Header(max_length=_LONGEST_HEADER)] = None,
    if_none_match: Annotated[str | None, Header(max_length=_LONGEST_HEADER)] = None,
) -> Response:
    """An export, a split or a file of it, whole or in ranges; the ETag and `X-Content-SHA256` are its SHA-256."""
    found = await in_thread(desk.download, dataset_id, export_format, split, reader, file=file)
    answer = ranged(found, Asked(range_, if_range, if_none_match))
    if request.method == "HEAD":
        # nothing is read for who only asks how large it is
        return Response(status_code=answer.status_code, headers=dict(answer.headers))
    return answer
