"""Routes of the dataset service."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import StreamingResponse

from backend.common.blocking import in_thread
from backend.common.pagination import After, Limit
from backend.common.request_id import request_id
from backend.datasets.api.dependencies import (
    AnyUser,
    CallersPatience,
    Curator,
    DatasetId,
    DocumentId,
    Exports,
    Manager,
    Remover,
    Reports,
    Searches,
    State,
)
from backend.datasets.api.streaming import RecordStream
from backend.datasets.models import (
    DatasetAccepted,
    DatasetDeleted,
    DatasetList,
    DatasetRequest,
    DatasetView,
    DocumentList,
    DocumentView,
    ExportDone,
    ExportRequest,
    RecordList,
    SearchPageRequest,
    SearchResults,
    StatisticsView,
    UploadDone,
)
from backend.datasets.uploads import UploadedFile
from shared.errors import Unavailable
from shared.models.dataset import DatasetStatus, Split

router = APIRouter(prefix="/api/datasets", tags=["datasets"])

UPLOAD_PATH = "/api/datasets/upload"
Documents = Annotated[
    list[UploadFile], File(min_length=1, description="txt, md, html, xml, pdf, docx, csv, jsonl, zip of these.")
]


class StreamingDisabled(Unavailable):
    """The operator switched streaming off."""

    code = "streaming_disabled"

    def __init__(self) -> None:
        super().__init__("Streaming is switched off; set CLARA_STREAMING_ENABLED=true or create a dataset instead.")


@router.post("")
async def create_dataset(request: DatasetRequest, manager: Manager, principal: Curator) -> DatasetAccepted:
    """Order a dataset from a search; it is built in the background."""
    dataset = await in_thread(manager.create, request, principal, request_id=request_id())
    return DatasetAccepted(
        dataset_id=dataset.dataset_id,
        status=dataset.status,
        message=f"Dataset accepted; GET /api/datasets/{dataset.dataset_id} says how far it is.",
        data=DatasetView.of(dataset),
    )


@router.get("")
async def list_datasets(
    manager: Manager,
    state: State,
    _: AnyUser,
    limit: Limit = 50,
    after: After = None,
    status: DatasetStatus | None = None,
    name: Annotated[str | None, Query(max_length=100, description="A part of the name, as it is written.")] = None,
    created_by: Annotated[str | None, Query(max_length=320, description="Who ordered it.")] = None,
) -> DatasetList:
    """Datasets, newest first."""
    page = await in_thread(manager.page, status=status, name=name, created_by=created_by, limit=limit, after=after)
    return DatasetList(
        datasets=[DatasetView.of(each, state.builders.progress(each.dataset_id)) for each in page.items],
        total_count=page.total,
        next_after=page.next_after,
    )


@router.post("/search")
async def search_documents(request: SearchPageRequest, desk: Searches, _: Curator) -> SearchResults:
    """A page of the sections that a dataset of this query would be made of, the best first."""
    return await in_thread(desk.search, request)


@router.post("/stream", response_class=StreamingResponse)
async def stream_records(request: DatasetRequest, state: State, _: Curator) -> StreamingResponse:
    """Records as they are found, one JSON object per line; the last line says `complete` or why not."""
    if not state.is_streaming_enabled:
        raise StreamingDisabled
    lines = state.search.stream(request, batch_size=state.stream_batch)
    # drawn before the answer begins: a search that fails is a status, not a broken stream
    first = await in_thread(next, lines, None)
    return RecordStream(first, lines, is_stopping=state.is_stopping)


@router.post("/upload")
async def upload_documents(
    state: State,
    principal: Curator,
    files: Annotated[
        list[UploadFile], File(min_length=1, description="txt, md, html, xml, pdf, docx, csv, jsonl, zip of these.")
    ],
    source: Annotated[str, Form(max_length=200, description="Where the files come from.")] = "upload",
) -> UploadDone:
    """Ingest documents; files that cannot be read are named with their reason and never stop the rest."""
    received = [UploadedFile(file.filename or "", file.file) for file in files]
    result = await state.uploads.receive(received, source=source, ingested_by=principal.email)
    message = (
        f"{result.ingested} new, {result.new_versions} changed, {result.unchanged} unchanged documents; "
        f"{result.failed_count} files or rows could not be read."
    )
    return UploadDone(message=message, data=result)


@router.get("/documents")
async def list_documents(
    manager: Manager,
    _: AnyUser,
    limit: Limit = 50,
    after: After = None,
    source: Annotated[str | None, Query(max_length=200)] = None,
) -> DocumentList:
    """Registered documents by id."""
    page = await in_thread(manager.documents, source=source, limit=limit, after=after)
    return DocumentList(
        documents=[DocumentView.of(each) for each in page.items], total_count=page.total, next_after=page.next_after
    )


@router.get("/documents/{document_id}")
async def get_document(document_id: DocumentId, manager: Manager, _: AnyUser) -> DocumentView:
    """One document in its newest version."""
    return DocumentView.of(await in_thread(manager.document, document_id))


@router.get("/{dataset_id}")
async def get_dataset(dataset_id: DatasetId, state: State, _: AnyUser) -> DatasetView:
    """One dataset in its newest state."""
    dataset = await in_thread(state.manager.get, dataset_id)
    return DatasetView.of(dataset, state.builders.progress(dataset_id))


@router.delete("/{dataset_id}")
async def delete_dataset(dataset_id: DatasetId, manager: Manager, remover: Remover) -> DatasetDeleted:
    """Remove a dataset with its files; refused while a build, a job or an adapter needs it."""
    await in_thread(manager.delete, dataset_id, remover, request_id=request_id())
    return DatasetDeleted(message=f"Dataset {dataset_id} is deleted.")


@router.get("/{dataset_id}/statistics")
async def dataset_statistics(dataset_id: DatasetId, reports: Reports, reader: AnyUser) -> StatisticsView:
    """Counts, reasons of dropped sections, distributions, repetitions, leak and strata of splits, samples."""
    dataset, statistics = await in_thread(reports.statistics, dataset_id, reader)
    return StatisticsView(dataset_id=dataset_id, status=dataset.status, statistics=statistics)


@router.get("/{dataset_id}/records")
async def dataset_records(
    dataset_id: DatasetId,
    manager: Manager,
    reader: AnyUser,
    limit: Limit = 50,
    after: After = None,
    split: Annotated[Split | None, Query(description="Records of one split; without it of all, train first.")] = None,
) -> RecordList:
    """Records of a finished dataset in stored order."""
    total, records, next_after = await in_thread(
        manager.records, dataset_id, reader, split=split, limit=limit, after=after
    )
    return RecordList(dataset_id=dataset_id, records=records, total_count=total, next_after=next_after)


@router.post("/{dataset_id}/export")
async def export_dataset(
    dataset_id: DatasetId, order: ExportRequest, desk: Exports, principal: Curator, patience: CallersPatience
) -> ExportDone:
    """Write a finished dataset in another format, when it is its turn; repeating it changes nothing."""
    exported = await desk.export(dataset_id, order, principal, request_id=request_id(), patience=patience)
    return ExportDone(
        message=f"Dataset {dataset_id} is exported as {exported.name}.",
        export_path=exported.path,
        download_url=f"/api/datasets/{dataset_id}/download/{exported.name}",
    )
