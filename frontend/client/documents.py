"""Documents: send files, look at what is registered."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from mimetypes import guess_type
from urllib.parse import quote

from frontend.client.errors import ServiceRefused
from frontend.client.local_files import LocalFile, batches
from frontend.client.models import Answer, Document, DocumentPage, FailedFile, UploadResult
from frontend.client.transport import Transport

_TOO_LARGE, _NOTHING_TAKEN_IN = 413, "nothing_taken_in"


class _UploadAnswer(Answer):
    data: UploadResult


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """Where an upload stands; also its final result.

    Args:
        files_done: Files that the service has answered for, failed ones included.
        ingested: New documents.
        unchanged: Documents whose bytes were known already.
        new_versions: Known documents with new bytes.
        sections: Sections that were cut.
        failed: Files that could not be read, by the service or here.
    """

    files_total: int
    bytes_total: int
    files_done: int = 0
    bytes_done: int = 0
    ingested: int = 0
    unchanged: int = 0
    new_versions: int = 0
    sections: int = 0
    failed: tuple[FailedFile, ...] = ()


class DocumentsClient:
    """Routes `/api/datasets/upload` and below `/api/datasets/documents`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(
        self,
        files: Sequence[LocalFile],
        *,
        max_bytes: int = 4 << 20,
        max_files: int = 64,
        on_progress: Callable[[UploadProgress], None] | None = None,
    ) -> UploadProgress:
        """Send files in bounded requests; a file that cannot be read is reported and never stops the rest.

        Repeating is safe: bytes that the service knows are unchanged documents.

        Args:
            files: What `find_files` found.
            max_bytes: Bytes per request (a larger file is a request of its own).
            max_files: Files per request.
            on_progress: Called after every request.
        """
        progress = UploadProgress(len(files), sum(file.size_bytes for file in files))
        for batch in batches(files, max_bytes=max_bytes, max_files=max_files):
            progress = _added(progress, batch, self._send(batch))
            if on_progress is not None:
                on_progress(progress)
        return progress

    def get(self, document_id: str) -> Document:
        """One document in its newest version."""
        return self._transport.get(f"/api/datasets/documents/{quote(document_id, safe='')}", Document)

    def page(self, *, source: str | None = None, limit: int = 50, after: str | None = None) -> DocumentPage:
        """One page, ordered by id."""
        params = {"source": source, "limit": limit, "after": after}
        return self._transport.get("/api/datasets/documents", DocumentPage, params=params)

    def iterate(self, *, source: str | None = None, page_size: int = 100) -> Iterator[Document]:
        """Every document, fetched page by page."""
        after: str | None = None
        while True:
            page = self.page(source=source, limit=page_size, after=after)
            yield from page.documents
            after = page.next_after
            if after is None:
                return

    def _send(self, batch: Sequence[LocalFile]) -> UploadResult:
        unreadable: list[FailedFile] = []
        with ExitStack() as opened:
            parts = []
            for file in batch:
                try:
                    content = opened.enter_context(file.path.open("rb"))
                except OSError as exc:
                    unreadable.append(FailedFile(path=file.name, reason=exc.strerror or type(exc).__name__))
                    continue
                media_type = guess_type(file.name)[0] or "application/octet-stream"
                parts.append(("files", (file.name, content, media_type)))
            result = self._post(batch, parts) if parts else UploadResult()
        return result.model_copy(update={"failed": (*unreadable, *result.failed)})

    def _post(self, batch: Sequence[LocalFile], parts: Sequence[tuple[str, object]]) -> UploadResult:
        fields = {"source": batch[0].source}
        try:
            answer = self._transport.upload(
                "/api/datasets/upload", _UploadAnswer, files=parts, fields=fields, attempts=3
            )
        except ServiceRefused as exc:
            if exc.code == _NOTHING_TAKEN_IN:
                # other requests of this upload may fare better
                return UploadResult(failed=[FailedFile.model_validate(each) for each in exc.members["failed"]])
            # a body over the service's limit: smaller requests tell which file it is
            if exc.status != _TOO_LARGE:
                raise
            if len(batch) == 1:
                return UploadResult(failed=[FailedFile(path=batch[0].name, reason=exc.detail)])
            return _merged(self._send(half) for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]))
        return answer.data


def _added(progress: UploadProgress, batch: Sequence[LocalFile], result: UploadResult) -> UploadProgress:
    return replace(
        progress,
        files_done=progress.files_done + len(batch),
        bytes_done=progress.bytes_done + sum(file.size_bytes for file in batch),
        ingested=progress.ingested + result.ingested,
        unchanged=progress.unchanged + result.unchanged,
        new_versions=progress.new_versions + result.new_versions,
        sections=progress.sections + result.sections,
        failed=(*progress.failed, *result.failed),
    )


def _merged(results: Iterator[UploadResult]) -> UploadResult:
    parts = list(results)
    return UploadResult(
        ingested=sum(part.ingested for part in parts),
        unchanged=sum(part.unchanged for part in parts),
        new_versions=sum(part.new_versions for part in parts),
        sections=sum(part.sections for part in parts),
        failed=[failure for part in parts for failure in part.failed],
    )
