"""What people do with datasets and documents: order, look, export, fetch, search, delete."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from backend.common.ownership import CreatorOf, check_ownership, nobody
from backend.datasets.archive import DownloadFile, files_of_split, one_file, whole_folder
from backend.datasets.export.options import ExportOptions
from backend.datasets.export.registry import check_export, exporter_for
from backend.datasets.folders import DatasetFolders
from backend.datasets.models import (
    DatasetRequest,
    ExportRequest,
    FoundSection,
    ListPlaceView,
    SearchPageRequest,
    SearchRequest,
    SearchResults,
)
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Assessment, QualityPipeline
from backend.datasets.ready.lines import Lines
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.record_making import RecordMaking
from backend.datasets.records.judging import RulingsOf
from backend.datasets.records.paging import records_page
from backend.datasets.search_cursor import cursor_of, rank_of
from backend.datasets.searching import Found
from backend.datasets.withdrawal import refuse_reader
from shared.auth.audit import audit_entry
from shared.auth.policies import Actor
from shared.database.base import DatasetStore, DocumentStore, Page
from shared.database.dataset_changes import DatasetNotCompleted, refuse_unusable
from shared.database.dataset_search import DatasetDocument
from shared.errors import Conflict, NotFound
from shared.models.dataset import Dataset, DatasetStatus, RecordFormat, Split
from shared.models.document import Document
from shared.models.events import AuditEntry
from shared.models.users import Principal
from shared.utils.clock import Clock, utc_now
from shared.utils.ids import new_id

logger = logging.getLogger(__name__)


class NotExported(NotFound):
    """The dataset has no export of this format (yet)."""

    code = "not_exported"

    def __init__(self, dataset_id: str, export_format: str) -> None:
        super().__init__(
            f"Dataset {dataset_id} has no {export_format} export; POST /api/datasets/{dataset_id}/export makes one.",
            dataset_id=dataset_id,
            format=export_format,
        )


class EmptySplit(NotFound):
    """The split holds no records, so its export has no file."""

    code = "empty_split"

    def __init__(self, dataset_id: str, split: Split) -> None:
        super().__init__(f"Split {split} of dataset {dataset_id} holds no records.", dataset_id=dataset_id, split=split)


class NoSuchFile(NotFound):
    """The export has no file of this name."""

    code = "no_such_file"

    def __init__(self, dataset_id: str, export_format: str, file: str) -> None:
        super().__init__(
            f"The {export_format} export of dataset {dataset_id} has no file '{file}'; manifest.json names all.",
            dataset_id=dataset_id,
            format=export_format,
            file=file,
        )


class SplitInShards(Conflict):
    """The split is more than one file."""

    code = "split_in_shards"

    def __init__(self, dataset_id: str, split: Split, files: list[str]) -> None:
        super().__init__(
            f"Split {split} of dataset {dataset_id} is {len(files)} files; fetch each by its name (?file={files[0]}), "
            "or everything as a zip.",
            dataset_id=dataset_id,
            split=split,
            files=files,
        )


@dataclass(frozen=True, slots=True)
class ExportTask:
    """An export to write.

    Args:
        target: Folder that does not exist yet.
    """

    dataset: Dataset
    export_format: str
    options: ExportOptions
    target: Path


class Search(Protocol):
    """Finds sections."""

    def find(self, request: SearchRequest, *, after_rank: int = 0) -> Found:
        """The best sections first."""
        ...


class DatasetManager:
    """The use cases of the dataset service.

    Args:
        datasets: Truth of datasets.
        documents: Truth of documents.
        search: Finds sections.
        folders: Where files lie.
        quality: Gives the pipeline that judges texts now.
        rulings_of: What people decided about texts.
        personal_data: What is done with it in records.
        write_export: Writes one export and returns when it is published.
        making: What records are made with.
        on_change: Called after every accepted order, to wake the builders.
        creator_of: Who made a dataset.
        ready: Keeps the lines that streams made; None: nothing is kept.
    """

    def __init__(
        self,
        datasets: DatasetStore,
        documents: DocumentStore,
        search: Search,
        folders: DatasetFolders,
        *,
        quality: Callable[[], QualityPipeline],
        rulings_of: RulingsOf,
        personal_data: PersonalData,
        write_export: Callable[[ExportTask], None],
        making: RecordMaking | None = None,
        clock: Clock = utc_now,
        make_id: Callable[[str], str] = new_id,
        on_change: Callable[[], None] = lambda: None,
        creator_of: CreatorOf = nobody,
        ready: ReadyShelf | None = None,
    ) -> None:
        self._datasets = datasets
        self._documents = documents
        self._search = search
        self._folders = folders
        self._rulings_of = rulings_of
        self._personal_data = personal_data
        self._write_export = write_export
        self._making = making or RecordMaking()
        self._clock = clock
        self._make_id = make_id
        self._on_change = on_change
        self._creator_of = creator_of
        self._quality = quality
        self._ready = ready

    def create(self, request: DatasetRequest, principal: Principal, *, request_id: str | None = None) -> Dataset:
        """Accept an order; when this returns it is on disk.

        Raises:
            UnknownExportFormat: If a format is not installed.
            InvalidInput: If records cannot be made in that way here.
            NotExportable: If a format cannot hold such records.
            DatasetNotFound: If its parent is unknown.
            DatasetNotCompleted: If its parent is not finished.
        """
        self._making.check(request)
        for export_format in request.export_formats:
            check_export(export_format, request.record_format, ExportOptions())
        unique = request.model_copy(update={"export_formats": list(dict.fromkeys(request.export_formats))})
        dataset = Dataset(
            dataset_id=self._make_id("dataset"),
            name=request.name,
            description=request.description,
            created_at=self._clock(),
            created_by=principal.email,
            request=unique.model_dump(mode="json"),
            parent_id=request.parent,
        )
        stored = self._datasets.add(dataset, audit=_audit("dataset.ordered", dataset.dataset_id, principal, request_id))
        logger.info("dataset.ordered", extra={"dataset_id": dataset.dataset_id})
        self._on_change()
        return stored

    def get(self, dataset_id: str) -> Dataset:
        """A dataset in its newest state.

        Raises:
            DatasetNotFound: If there is none.
        """
        return self._datasets.get(dataset_id)

    def page(self, *, status: DatasetStatus | None, limit: int, after: str | None) -> Page[Dataset]:
        """Datasets, newest first."""
        return self._datasets.page(status=status, limit=limit, after=after)

    def count(self) -> int:
        """Number of datasets."""
        return self._datasets.count()

    def delete(self, dataset_id: str, actor: Actor, *, request_id: str | None = None) -> None:
        """Remove a dataset with its files.

        Raises:
            DatasetNotFound: If there is none.
            NotTheirOwn: If the caller may remove only its own datasets, and this is none.
            DatasetInUse: If it is being built, or a job or adapter needs it.
        """
        self._datasets.get(dataset_id)
        check_ownership(actor, dataset_id, self._creator_of)
        self._datasets.delete(dataset_id, audit=_audit("dataset.deleted", dataset_id, actor.principal, request_id))
        # rows first: files without a row are invisible, a row without files would be a lie
        self._folders.remove(dataset_id)

    def records(
        self, dataset_id: str, reader: Principal, *, limit: int, after: str | None
    ) -> tuple[Dataset, list[dict[str, Any]], str | None]:
        """The dataset, a page of its records in stored order, and the cursor of the next page.

        Raises:
            DatasetNotCompleted: If it is not finished.
            WithdrawnFromReaders: If it was withdrawn and the reader is no administrator.
            UnknownCursor: If `after` is not one of ours.
        """
        dataset, records_dir = self._completed(dataset_id)
        refuse_reader(dataset, reader)
        records, next_after = records_page(records_dir, after=after, limit=limit)
        return dataset, records, next_after

    def export(
        self, dataset_id: str, order: ExportRequest, principal: Principal, *, request_id: str | None = None
    ) -> str:
        """Write a finished dataset in a format, or find that it is there already; returns the folder.

        Raises:
            DatasetNotFound: If there is none.
            DatasetNotCompleted: If it is not finished.
            DatasetWithdrawn: If it is kept for accountability only.
            UnknownExportFormat: If the format is not installed.
            NotExportable: If the format cannot hold these records, or does not know an option.
        """
        dataset, records_dir = self._completed(dataset_id)
        refuse_unusable(dataset)
        options = ExportOptions.from_json(order.model_dump(exclude={"format"}))
        check_export(order.format, RecordFormat(dataset.request["record_format"]), options)
        target = records_dir.parent / "exports" / f"{order.format}{options.folder_suffix}"
        if not target.exists():
            self._write_export(ExportTask(dataset, order.format, options, target))
        audit = _audit("dataset.exported", dataset_id, principal, request_id, format=order.format)
        self._datasets.set_export(dataset_id, order.format, str(target), audit=audit)
        return str(target)

    def download(
        self,
        dataset_id: str,
        export_format: str,
        split: Split | None,
        reader: Principal,
        *,
        file: str | None = None,
    ) -> DownloadFile:
        """An export as one file: a file or a split as it is, or everything as a zip.

        Raises:
            NotExported: If there is no such export.
            NoSuchFile: If the export has no such file.
            EmptySplit: If the split holds no records.
            SplitInShards: If the split is more than one file.
            WithdrawnFromReaders: If it was withdrawn and the reader is no administrator.
        """
        dataset, _ = self._completed(dataset_id)
        refuse_reader(dataset, reader)
        exporter_for(export_format)
        if export_format not in dataset.export_paths:
            raise NotExported(dataset_id, export_format)
        folder = Path(dataset.export_paths[export_format])
        name = f"{dataset_id}-{export_format}"
        if split is not None and file is None:
            file = self._file_of_split(dataset_id, folder, split)
        if file is None:
            return whole_folder(folder, name=name)
        found = one_file(folder, file, name=name)
        if found is None:
            raise NoSuchFile(dataset_id, export_format, file)
        return found

    def search(self, request: SearchPageRequest) -> SearchResults:
        """A page of sections with relevance and quality, and the stores that could not take part.

        Raises:
            InvalidCursor: If `after` belongs to another query.
            Unavailable: If no store can answer.
        """
        found = self._search.find(request, after_rank=rank_of(request))
        results: list[FoundSection] = []
        hidden = last_rank = 0
        # one more than the page holds, since the next hit decides whether there is another page
        judged_hits = self._quality().assess_each(
            found.hits, text_of=lambda each: normalise(each.stored.section.text), at_once=request.limit + 1
        )
        for hit, _, judged in judged_hits:
            if len(results) == request.limit:
                return _page(results, found, hidden, next_after=cursor_of(request, last_rank))
            last_rank, result = hit.rank, _found(hit, judged)
            if result.quality_score < request.min_quality_score:
                hidden += 1
            else:
                results.append(result)
        return _page(results, found, hidden, next_after=None)

    def stream(self, request: DatasetRequest, *, batch_size: int) -> Iterator[Lines]:
        """Records of good enough sections as they are found, as JSON lines; nothing is merged, cut or compared.

        Args:
            request: The order.
            batch_size: Sections that are looked at before the first records come.

        Raises:
            Unavailable: If no store can answer; also on the way.
            InvalidInput: If only a build can make such records.
        """
        # imported here: an idle service does without them
        from backend.datasets.ready.making import LineMaker
        from backend.datasets.ready.stream import LineStream

        self._making.check_stream(request)
        asked = request.search_query
        found = self._search.find(asked)
        stream = LineStream(
            LineMaker(request, self._quality(), self._making, self._personal_data),
            self._ready,
            self._documents,
            self._rulings_of,
            least_quality=asked.min_quality_score,
        )
        yield from stream.lines(found, at_most=asked.top_k, at_first=batch_size)

    def document(self, document_id: str) -> Document:
        """A document in its newest version.

        Raises:
            DocumentNotFound: If there is none.
        """
        return self._documents.get(document_id)

    def documents(self, *, source: str | None, limit: int, after: str | None) -> Page[Document]:
        """Documents by id."""
        return self._documents.page(source=source, limit=limit, after=after)

    def _file_of_split(self, dataset_id: str, folder: Path, split: Split) -> str:
        files = files_of_split(folder, split)
        if not files:
            raise EmptySplit(dataset_id, split)
        if len(files) > 1:
            raise SplitInShards(dataset_id, split, files)
        return files[0]

    def _completed(self, dataset_id: str) -> tuple[Dataset, Path]:
        dataset = self._datasets.get(dataset_id)
        if dataset.status is not DatasetStatus.COMPLETED or dataset.path is None:
            raise DatasetNotCompleted(dataset_id, dataset.status)
        return dataset, Path(dataset.path)


def _page(results: list[FoundSection], found: Found, hidden: int, *, next_after: str | None) -> SearchResults:
    return SearchResults(
        results=results,
        total_count=len(results),
        next_after=next_after,
        hidden_count=hidden,
        degraded=[f"{name}: {reason}" for name, reason in found.degraded.items()],
    )


def _found(hit: DatasetDocument, judged: Assessment) -> FoundSection:
    stored, section = hit.stored, hit.stored.section
    return FoundSection(
        section_id=stored.section_id,
        document_id=stored.document_id,
        document_version=stored.version,
        source=stored.source,
        path=stored.path,
        title=stored.document_title,
        abbreviation=stored.abbreviation,
        section_number=section.number,
        heading=section.heading,
        heading_path=section.heading_path,
        text=section.text,
        relevance_score=hit.relevance_score,
        quality_score=judged.score,
        quality_reasons=judged.reasons,
        rank=hit.rank,
        snippet=hit.snippet,
        lists={name: ListPlaceView.model_validate(place) for name, place in hit.places.items()},
    )


def _audit(action: str, dataset_id: str, principal: Principal, request_id: str | None, **detail: Any) -> AuditEntry:
    return audit_entry(principal, action, "dataset", dataset_id, request_id=request_id, **detail)
