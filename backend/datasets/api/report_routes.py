"""Routes of reports: a page to be read, printed and kept, its pictures, and the data card."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, HTMLResponse

from backend.common.blocking import in_thread
from backend.common.page_policy import PAGE_POLICY
from backend.datasets.api.dependencies import AnyUser, DatasetId, Reports
from backend.datasets.report.subject import Language
from backend.datasets.reports import Picture

router = APIRouter(prefix="/api/datasets", tags=["datasets"])

InLanguage = Annotated[Language, Query(description="Of titles and figures: German or English.")]


@router.get("/{dataset_id}/report", response_class=HTMLResponse)
async def dataset_report(
    dataset_id: DatasetId, reports: Reports, reader: AnyUser, language: InLanguage = Language.GERMAN
) -> FileResponse:
    """What a finished dataset is made of, as one page without scripts that needs nothing else."""
    page = await in_thread(reports.page, dataset_id, language, reader)
    return FileResponse(page, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": PAGE_POLICY})


@router.get("/{dataset_id}/report/{picture}.png", response_class=FileResponse)
async def dataset_picture(
    dataset_id: DatasetId, picture: Picture, reports: Reports, reader: AnyUser, language: InLanguage = Language.GERMAN
) -> FileResponse:
    """A picture of the report."""
    return FileResponse(await in_thread(reports.picture, dataset_id, picture, language, reader), media_type="image/png")


@router.get("/{dataset_id}/card", response_class=FileResponse)
async def dataset_card(dataset_id: DatasetId, reports: Reports, reader: AnyUser) -> FileResponse:
    """The data card: order, statistics and the questions of a datasheet, as JSON."""
    return FileResponse(await in_thread(reports.card, dataset_id, reader), media_type="application/json")
