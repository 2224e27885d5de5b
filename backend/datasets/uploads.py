"""Files of a request on their way to ingest: spooled below the data folder, ingested elsewhere, removed again."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from backend.common.blocking import in_thread
from backend.datasets.folders import DatasetFolders
from backend.datasets.ingest.events import IngestSummary, Problem
from backend.datasets.ingest.walk import SourceFile
from backend.datasets.models import FailedFile, UploadResult
from shared.errors import InvalidInput
from shared.storage import PathNotAllowed, confined, disk_errors
from shared.utils.ids import new_id

_CHUNK = 1 << 20


class NothingUploaded(InvalidInput):
    """An upload without any file."""

    code = "nothing_uploaded"

    def __init__(self) -> None:
        super().__init__("The upload holds no file; send one or more parts named 'files'.", field="files")


class NothingTakenIn(InvalidInput):
    """An upload none of whose files could be read; all of them are named with their reason."""

    code = "nothing_taken_in"

    def __init__(self, failed: Sequence[FailedFile]) -> None:
        first = failed[0]
        super().__init__(
            f"None of the uploaded files could be taken in ({len(failed)} failed); the first is "
            f"'{first.path[:200]}': {first.reason} Correct or leave out the files in `failed`.",
            failed=[file.model_dump() for file in failed],
        )


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A part of the request.

    Args:
        name: As the sender calls it; may hold folders.
    """

    name: str
    content: BinaryIO


class Ingester(Protocol):
    """Ingests files outside of this process and makes them findable; `ingest.worker_client` does."""

    async def ingest(self, files: Sequence[SourceFile], *, root: Path, source: str, ingested_by: str) -> IngestSummary:
        """Register files that lie below `root`; failures are in the summary by name and reason."""
        ...


class UploadDesk:
    """Takes files in.

    Args:
        folders: Where the spool lies.
        ingester: Ingests the spooled files.
    """

    def __init__(self, folders: DatasetFolders, ingester: Ingester) -> None:
        self._folders = folders
        self._ingester = ingester

    async def receive(self, files: Sequence[UploadedFile], *, source: str, ingested_by: str) -> UploadResult:
        """Ingest files; one that cannot be read is in the result by name and reason and never stops the rest.

        Raises:
            NothingUploaded: If there is no file.
            NothingTakenIn: If not one of them could be read.
            DiskFull: If the spool cannot hold them.
        """
        if not files:
            raise NothingUploaded
        folder = self._folders.uploads / new_id("upload")
        try:
            spooled, refused = await in_thread(_spool, files, folder)
            summary = await self._ingester.ingest(spooled, root=folder, source=source, ingested_by=ingested_by)
        finally:
            await in_thread(shutil.rmtree, folder, ignore_errors=True)
        result = _result(summary, refused)
        if result.failed and not result.ingested + result.unchanged + result.new_versions:
            raise NothingTakenIn(result.failed)
        return result


def _result(summary: IngestSummary, refused: Sequence[Problem]) -> UploadResult:
    return UploadResult(
        ingested=summary.counts.documents_new,
        unchanged=summary.counts.documents_unchanged,
        new_versions=summary.counts.documents_updated,
        sections=summary.counts.sections,
        failed_count=len(refused) + summary.counts.failed,
        failed=[FailedFile(path=each.path, reason=each.reason) for each in (*refused, *summary.problems)],
    )


def _spool(files: Sequence[UploadedFile], folder: Path) -> tuple[list[SourceFile], list[Problem]]:
    spooled: list[SourceFile] = []
    refused: list[Problem] = []
    with disk_errors(folder):
        folder.mkdir(parents=True)
        for number, file in enumerate(files):
            try:
                name = confined(folder, file.name.replace("\\", "/")).relative_to(folder.resolve()).as_posix()
            except PathNotAllowed as exc:
                refused.append(Problem(file.name, exc.message))
                continue
            # spooled under a number: names of the sender never become names on our disk
            target = folder / f"{number:06d}{Path(name).suffix.lower()[:12]}"
            with target.open("xb") as sink:
                shutil.copyfileobj(file.content, sink, _CHUNK)
            spooled.append(SourceFile(target, name))
    return spooled, refused
