"""What enters and leaves the dataset service: names and limits of the contract."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from backend.common.exact import NO_TEXT, Day, Moment, Number, Truth, Whole
from backend.datasets.record_order import RecordOrder
from shared.models.dataset import Dataset, DatasetStatus, Deduplication
from shared.models.document import Document
from shared.models.search import SearchFilters, SearchLeg

DatasetName = Annotated[str, StringConstraints(min_length=3, max_length=100, pattern=r"^[A-Za-z0-9ÄÖÜäöüß _-]+$")]
Weight = Annotated[float, Field(ge=0, le=100), NO_TEXT]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


_Name = Annotated[str, StringConstraints(max_length=1_000)]
_Names = Annotated[list[_Name], Field(max_length=100)]


class FilterRequest(_Request):
    """Conditions that hits must fulfil; those that are not given hold."""

    source: list[_Name] = Field(default_factory=list, max_length=100, description="Sources to search in; empty: all.")
    media_type: list[_Name] = Field(
        default_factory=list, max_length=100, description="Media types of the files, such as text/markdown."
    )
    abbreviation: list[_Name] = Field(
        default_factory=list, max_length=100, description="Short names of laws, such as VwVfG."
    )
    document_id: list[_Name] = Field(default_factory=list, max_length=100, description="Documents to search in.")
    valid_on: Day | None = Field(None, description="A day on which the section is in force; undated ones always are.")
    ingested_from: Moment | None = Field(None, description="First moment of registration.")
    ingested_until: Moment | None = Field(None, description="First moment of registration that is too late.")

    @field_validator(
        "source", "media_type", "abbreviation", "document_id", mode="before", json_schema_input_type=_Names | _Name
    )
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def as_filters(self) -> SearchFilters:
        """The same as the stores take it."""
        return SearchFilters(
            source=tuple(self.source),
            media_type=tuple(self.media_type),
            abbreviation=tuple(self.abbreviation),
            document_id=tuple(self.document_id),
            valid_on=self.valid_on,
            ingested_from=self.ingested_from,
            ingested_until=self.ingested_until,
        )


class SearchRequest(_Request):
    """What to look for."""

    query_text: str = Field(
        min_length=1, max_length=4_000, pattern=r"\S", description="Words to look for; '*' takes every section."
    )
    top_k: Whole = Field(100, ge=1, le=100_000, description="Most sections that are taken, the best first.")
    filters: FilterRequest = Field(default_factory=FilterRequest, description="Conditions that hits must fulfil.")
    min_quality_score: Number = Field(0.5, ge=0, le=1, description="Records with a lower quality are dropped.")
    search_types: list[SearchLeg] = Field(
        default_factory=lambda: list(SearchLeg), min_length=1, description="Which kinds of search may answer."
    )
    weights: dict[SearchLeg, Weight] = Field(
        default_factory=dict, description="Weight of a kind of search; 1 if absent."
    )


class SearchPageRequest(SearchRequest):
    """A page of what a search finds."""

    limit: Whole = Field(100, ge=1, le=1_000, description="Most sections of one page.")
    after: str | None = Field(
        None, max_length=100, description="`next_after` of the page before, with the same query; empty: the first page."
    )


class SplitShares(_Request):
    """Which share of the documents each split gets; the three add up to 1."""

    train: Number = Field(0.8, gt=0, le=1)
    validation: Number = Field(0.1, ge=0, lt=1)
    test: Number = Field(0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(self.train + self.validation + self.test - 1) > 1e-9:
            raise ValueError("train, validation and test must add up to 1")
        return self


class DatasetRequest(RecordOrder):
    """An order for a dataset."""

    name: DatasetName
    description: str = Field("", max_length=4_000)
    search_query: SearchRequest
    export_formats: list[str] = Field(default_factory=lambda: ["jsonl"], max_length=20)
    split: SplitShares = Field(default_factory=SplitShares, description="By document; stable when documents are added.")
    seed: Whole = Field(42, ge=0, lt=2**32, description="Another seed gives another division.")
    deduplicate: Deduplication = Field(
        Deduplication.NEAR,
        description="near: of sections that say nearly the same and are in force on a common day, the best one stays; "
        "exact: of equal ones; off: repetitions stay, but never in two splits.",
    )
    parent: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Id of the completed dataset that this one is the next version of; without it a line begins.",
    )
    decontaminate: Truth = Field(
        True,
        description="Sections that hold half of a text of the server's evaluation sets, or more, stay out of train and "
        "validation; without evaluation sets nothing is compared.",
    )


class ExportRequest(_Request):
    """An order for another export of a finished dataset."""

    format: str = Field(min_length=1, max_length=50)
    include_metadata: Truth = True
    spreadsheet_safe: Truth = Field(True, description="CSV: no cell can act as a formula in a spreadsheet.")
    byte_order_mark: Truth = Field(False, description="CSV: begin with U+FEFF, by which Excel knows UTF-8.")
    delimiter: Literal[",", ";"] = Field(",", description="CSV: between cells; a German Excel wants a semicolon.")
    compression: Literal["none", "gzip", "zstd"] = Field("none", description="JSONL: how the files are packed.")
    max_tokens: Annotated[int, Field(ge=1, le=10_000_000), NO_TEXT] | None = Field(
        None, description="Longest record the training will take; the manifest counts longer ones."
    )


class DatasetView(_View):
    """A dataset as the contract names its fields."""

    dataset_id: str
    name: str
    description: str
    status: DatasetStatus
    created_at: datetime
    created_by: str
    completed_at: datetime | None
    query_text: str
    document_count: int
    record_count: int
    total_tokens: int
    quality_score_avg: float
    export_paths: Mapping[str, str]
    metadata: Mapping[str, Any]
    version: int = Field(description="1, 2, 3 … in its line.")
    line: str = Field(description="What all versions have in common: the id of the first one.")
    parent: str | None
    version_sha256: str | None = Field(description="Over documents, pipeline version and parameters.")
    content_sha256: str | None = Field(description="Over the records.")
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_reason: str | None
    error_message: str | None
    path: str | None

    @classmethod
    def of(cls, dataset: Dataset, progress: Mapping[str, Any] | None = None) -> "DatasetView":
        """The public face of a dataset; `progress` is what its running build said last."""
        request = dict(dataset.request)
        return cls(
            dataset_id=dataset.dataset_id,
            name=dataset.name,
            description=dataset.description,
            status=dataset.status,
            created_at=dataset.created_at,
            created_by=dataset.created_by,
            completed_at=dataset.completed_at,
            query_text=request["search_query"]["query_text"],
            document_count=dataset.document_count,
            record_count=dataset.record_count,
            total_tokens=dataset.total_tokens,
            quality_score_avg=dataset.quality_score_avg,
            export_paths=dataset.export_paths,
            metadata={
                "statistics": dict(dataset.statistics),
                "request": request,
                **({"progress": dict(progress)} if progress else {}),
            },
            version=dataset.version_number,
            line=dataset.line_id,
            parent=dataset.parent_id,
            version_sha256=dataset.version_sha256,
            content_sha256=dataset.content_sha256,
            withdrawn_at=dataset.withdrawn_at,
            withdrawn_by=dataset.withdrawn_by,
            withdrawn_reason=dataset.withdrawn_reason,
            error_message=dataset.error_message,
            path=dataset.path,
        )


class DatasetAccepted(_View):
    """The receipt of an order."""

    success: bool = True
    dataset_id: str
    status: DatasetStatus
    message: str
    data: DatasetView


class DatasetList(_View):
    """Datasets, newest first."""

    datasets: Sequence[DatasetView]
    total_count: int
    next_after: str | None


class DatasetDeleted(_View):
    """The receipt of a deletion."""

    success: bool = True
    message: str


class StatisticsView(_View):
    """Counts and distributions of a dataset."""

    dataset_id: str
    status: DatasetStatus
    statistics: Mapping[str, Any]


class RecordList(_View):
    """Records in stored order."""

    dataset_id: str
    records: Sequence[Mapping[str, Any]]
    total_count: int
    next_after: str | None


class ExportDone(_View):
    """Where an export lies."""

    success: bool = True
    message: str
    export_path: str
    download_url: str


class DocumentView(_View):
    """A registered document in its newest version."""

    document_id: str
    source: str
    path: str
    title: str
    abbreviation: str
    media_type: str
    version: int
    sha256: str
    size_bytes: int
    section_count: int
    ingested_at: datetime
    ingested_by: str
    metadata: Mapping[str, Any]

    @classmethod
    def of(cls, document: Document) -> "DocumentView":
        """The public face of a document."""
        return cls.model_validate(document)


class DocumentList(_View):
    """Documents by id."""

    documents: Sequence[DocumentView]
    total_count: int
    next_after: str | None


class FailedFile(_View):
    """A file that could not be read, and why."""

    path: str
    reason: str


class UploadResult(_View):
    """What became of the files of a request."""

    ingested: int
    unchanged: int
    new_versions: int
    sections: int
    failed_count: int = Field(description="Files, rows and members of archives that could not be read.")
    failed: Sequence[FailedFile] = Field(description="The first 1,000 of them.")


class UploadDone(_View):
    """The answer to an upload."""

    success: bool = True
    message: str
    data: UploadResult


class ListPlaceView(_View):
    """Where one ranked list has a section."""

    rank: int
    score: float = Field(description="By the list's own measure; comparable within the list only.")
    store: str


class FoundSection(_View):
    """A section that a search found."""

    section_id: str
    document_id: str
    document_version: int
    source: str
    path: str
    title: str
    abbreviation: str
    section_number: str
    heading: str
    heading_path: Sequence[str]
    text: str
    relevance_score: float
    quality_score: float
    quality_reasons: Sequence[str]
    rank: int = Field(description="1 for the best of all pages.")
    snippet: str = Field(description="The part of the text that shows why it was found.")
    lists: Mapping[str, ListPlaceView] = Field(description="Its place in each ranked list that found it.")


class SearchResults(_View):
    """A page of sections, the best first."""

    results: Sequence[FoundSection]
    next_after: str | None = Field(None, description="`after` of the next page; empty: this was the last.")
    hidden_count: int = Field(0, description="Sections of this page's stretch that min_quality_score keeps back.")
    total_count: int
    degraded: Sequence[str] = Field(default=(), description="Stores that could not take part.")
