"""`clara datasets …`."""

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frontend.cli import dataset_version_cli, formats, publish_cli, templates_cli
from frontend.cli.command import Limit, command
from frontend.cli.failure import ExitCode
from frontend.cli.order_file import OrderFile, with_order
from frontend.cli.record_options import (
    MaxTokens,
    OverlapTokens,
    SyntheticShare,
    Templates,
    Tokenizer,
    record_members,
)
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text
from shared.errors import InvalidInput
from shared.models.dataset import DatasetStatus, Deduplication, RecordFormat, Split
from shared.models.search import SearchLeg

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client import ClaraClient
    from frontend.client.models import Dataset

datasets = typer.Typer(no_args_is_help=True, help="Make datasets from a search, look at them, fetch them.")

FormatName = Annotated[str, typer.Option("--format", help="jsonl, parquet, csv, json …")]
Status = Annotated[DatasetStatus | None, typer.Option("--status", help="Only datasets of this status.")]
DatasetId = Annotated[str, typer.Argument(help="Id as shown by `clara datasets list`.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    dataset_version_cli.register(datasets)
    publish_cli.register(datasets)
    templates_cli.register(datasets)
    app.add_typer(datasets, name="datasets")


@command(
    datasets, "list", examples=("clara datasets list --name Satzung", "clara datasets list --status failed --json")
)
def list_datasets(
    session: Session,
    limit: Limit = 50,
    status: Status = None,
    name: Annotated[str | None, typer.Option("--name", help="Only datasets with this in their names.")] = None,
    created_by: Annotated[
        str | None, typer.Option("--created-by", help="Only datasets that this user ordered.")
    ] = None,
) -> None:
    """List datasets, newest first."""
    with session.client() as client:
        page = client.datasets.page(status=status, name=name, created_by=created_by, limit=1)
        found = client.datasets.iterate(status=status, name=name, created_by=created_by, page_size=min(limit, 500))
        shown = list(islice(found, limit))
    rows = [
        (
            d.dataset_id,
            d.name,
            d.status.value,
            formats.number(d.document_count),
            formats.number(d.total_tokens),
            formats.number(d.quality_score_avg, 2),
            formats.ago(d.created_at),
        )
        for d in shown
    ]
    columns = ("Id", "Name", "Status", ">Documents", ">Tokens", ">Quality", "Created")
    session.answer(
        {"datasets": [d.as_json() for d in shown], "total_count": page.total_count},
        lambda: table(columns, rows) if rows else text("list.empty", hint=text("datasets.none")),
    )
    session.say_more(len(shown), page.total_count)


@command(datasets, "show", examples=("clara datasets show ds_1hq7x0a2b3c4d5e6f",))
def show_dataset(session: Session, dataset_id: DatasetId) -> None:
    """Show one dataset: its query, its counts, its exports, its hash."""
    with session.client() as client:
        dataset = client.datasets.get(dataset_id)
    session.answer(dataset.as_json(), lambda: _dataset_facts(dataset))


@command(
    datasets,
    "create",
    examples=(
        'clara datasets create permits --query "Baugenehmigung Verfahren"',
        'clara datasets create fees --query "Gebühr" --top-k 2000 --min-quality 0.7 --format jsonl --format parquet',
        'clara datasets create fees-chat --query "Gebühr" --record-format messages --template definition',
        "clara datasets create all --query '*' --max-tokens 512 --overlap-tokens 64 --tokenizer starter",
        "clara datasets create all --query '*' --top-k 100000 --deduplicate exact --keep-contaminated",
        "clara datasets create all --query '*' --order order.json",
    ),
)
def create_dataset(
    session: Session,
    name: Annotated[str, typer.Argument(help="3 to 100 letters, digits, spaces, _ or -.")],
    query: Annotated[str, typer.Option("--query", "-q", help="What the documents are about; '*' takes all.")],
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
    top_k: Annotated[int, typer.Option("--top-k", min=1, max=100_000, help="At most this many hits.")] = 100,
    min_quality: Annotated[float, typer.Option("--min-quality", min=0, max=1, help="Least quality score.")] = 0.5,
    source: Annotated[list[str] | None, typer.Option("--source", help="Only this collection; repeatable.")] = None,
    search_type: Annotated[list[SearchLeg] | None, typer.Option("--search-type", help="Kinds of search.")] = None,
    record_format: Annotated[
        RecordFormat, typer.Option("--record-format", help="Running text, questions and answers, or preferences.")
    ] = RecordFormat.TEXT,
    tokenizer: Tokenizer = None,
    max_tokens: MaxTokens = None,
    overlap_tokens: OverlapTokens = 0,
    template: Templates = None,
    synthetic_share: SyntheticShare = None,
    export_format: Annotated[list[str] | None, typer.Option("--format", help="Exports to write: jsonl …")] = None,
    deduplicate: Annotated[
        Deduplication | None,
        typer.Option("--deduplicate", help="Keep one of sections that say (nearly) the same; default: near."),
    ] = None,
    keep_contaminated: Annotated[
        bool, typer.Option("--keep-contaminated", help="Keep sections that give away texts of evaluation sets.")
    ] = False,
    parent: Annotated[
        str | None, typer.Option("--parent", help="Id of the dataset that this is the next version of.")
    ] = None,
    order: OrderFile = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is built.")] = True,
) -> None:
    """Make a dataset from a search over the documents, and wait until it is built."""
    search_query: dict[str, object] = {"query_text": query, "top_k": top_k, "min_quality_score": min_quality}
    if search_type:
        search_query["search_types"] = [leg.value for leg in search_type]
    if source:
        search_query["filters"] = {"source": source}
    members = {
        "name": name,
        "search_query": search_query,
        "description": description,
        "export_formats": export_format or ("jsonl",),
        "record_format": record_format.value,
        "deduplicate": None if deduplicate is None else deduplicate.value,
        "decontaminate": False if keep_contaminated else None,
        **record_members(tokenizer, max_tokens, overlap_tokens, template, synthetic_share),
        "parent": parent,
    }
    with session.client() as client:
        created = client.datasets.create(**with_order(members, order))
        session.say(text("dataset.accepted", dataset_id=created.dataset_id))
        if not wait:
            session.answer(created.as_json(), lambda: created.dataset_id)
            return
        dataset = _wait(session, client, created.dataset_id)
    _finish_dataset(session, dataset)


@command(
    datasets,
    "export",
    examples=(
        "clara datasets export ds_1hq7x0a2b3c4d5e6f --format parquet",
        "clara datasets export ds_1hq7x0a2b3c4d5e6f --format csv --semicolon --byte-order-mark",
        "clara datasets export ds_1hq7x0a2b3c4d5e6f --format jsonl --compression zstd",
    ),
)
def export_dataset(
    session: Session,
    dataset_id: DatasetId,
    export_format: FormatName = "jsonl",
    metadata: Annotated[bool, typer.Option("--metadata/--no-metadata", help="With provenance and scores.")] = True,
    spreadsheet_safe: Annotated[
        bool, typer.Option("--spreadsheet-safe/--raw", help="CSV: no cell can act as a formula.")
    ] = True,
    semicolon: Annotated[bool, typer.Option("--semicolon", help="CSV: ';' between cells, for a German Excel.")] = False,
    byte_order_mark: Annotated[
        bool, typer.Option("--byte-order-mark", help="CSV: by which Excel knows UTF-8.")
    ] = False,
    compression: Annotated[str, typer.Option("--compression", help="JSONL: none, gzip or zstd.")] = "none",
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, help="Count in the manifest which records are longer.")
    ] = None,
) -> None:
    """Write a completed dataset in another format, on the server."""
    further = {
        "spreadsheet_safe": spreadsheet_safe,
        "delimiter": ";" if semicolon else ",",
        "byte_order_mark": byte_order_mark,
        "compression": compression,
        "max_tokens": max_tokens,
    }
    with session.client() as client:
        export = client.datasets.export(dataset_id, export_format, include_metadata=metadata, **further)
    session.answer(export.as_json(), lambda: text("dataset.exported", path=export.export_path))


@command(
    datasets,
    "download",
    examples=(
        "clara datasets download ds_1hq7x0a2b3c4d5e6f --format parquet --to permits.zip",
        "clara datasets download ds_1hq7x0a2b3c4d5e6f --format jsonl --split train --to train.jsonl",
        "clara datasets download ds_1hq7x0a2b3c4d5e6f --format huggingface --file SHA256SUMS",
    ),
)
def download_dataset(
    session: Session,
    dataset_id: DatasetId,
    export_format: FormatName = "jsonl",
    to: Annotated[Path, typer.Option("--to", help="File, or folder to put it in.")] = Path(),
    split: Annotated[Split | None, typer.Option("--split", help="One split instead of a zip of everything.")] = None,
    file: Annotated[str | None, typer.Option("--file", help="One file by its name in the manifest.")] = None,
) -> None:
    """Fetch an export; a broken transfer goes on where it broke, and the file appears only when it is whole."""
    from frontend.cli.transfer_progress import download_bar

    with session.client() as client, download_bar(session) as on_bytes:
        fetched = client.datasets.download(
            dataset_id, export_format, to, split=split.value if split else None, file=file, on_bytes=on_bytes
        )
    check = text("download.verified" if fetched.is_verified else "download.unverified")
    session.answer(
        {
            "path": str(fetched.path),
            "size_bytes": fetched.size_bytes,
            "sha256": fetched.sha256,
            "is_verified": fetched.is_verified,
        },
        lambda: f"{fetched.path} ({formats.size(fetched.size_bytes)}, {check})",
    )


@command(datasets, "delete", examples=("clara datasets delete ds_1hq7x0a2b3c4d5e6f --yes",))
def delete_dataset(
    session: Session,
    dataset_id: DatasetId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a dataset and its exports; refused if an adapter was trained on it."""
    if not yes:
        if session.as_json or not sys.stdin.isatty():
            raise InvalidInput(text("dataset.delete_refused"), dataset_id=dataset_id)
        typer.confirm(text("dataset.delete_ask", dataset_id=dataset_id), abort=True)
    with session.client() as client:
        outcome = client.datasets.delete(dataset_id)
    session.answer(outcome.as_json(), lambda: outcome.message or text("dataset.deleted", dataset_id=dataset_id))


def _wait(session: Session, client: "ClaraClient", dataset_id: str) -> "Dataset":
    """Wait for the build, showing what it says it is doing."""
    if session.as_json:
        *_, dataset = client.datasets.wait(dataset_id)
        return dataset
    with session.error_console().status(text("dataset.building")) as status:
        for dataset in client.datasets.wait(dataset_id):
            doing = dataset.metadata.get("progress") or {}
            figures = " ".join(f"{value:,}" if isinstance(value, int) else str(value) for value in doing.values())
            status.update(f"{text('dataset.building')} {dataset.status.value} {figures}".rstrip())
    return dataset


def _finish_dataset(session: Session, dataset: "Dataset") -> None:
    if dataset.status is DatasetStatus.FAILED:
        reason = dataset.error_message or str(dataset.metadata.get("error", ""))
        session.answer(dataset.as_json(), lambda: text("dataset.failed", dataset_id=dataset.dataset_id, reason=reason))
        raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)
    figures = {
        "documents": formats.number(dataset.document_count),
        "records": formats.number(dataset.record_count),
        "tokens": formats.number(dataset.total_tokens),
        "quality": formats.number(dataset.quality_score_avg, 2),
    }
    session.answer(dataset.as_json(), lambda: text("dataset.completed", dataset_id=dataset.dataset_id, **figures))
    if dropped := _contaminated_sections(dataset):
        session.say(text("dataset.contaminated", sections=formats.number(dropped)))
    session.say(text("dataset.next", dataset_id=dataset.dataset_id))


def _contaminated_sections(dataset: "Dataset") -> int:
    """Sections that were left out since they give evaluation texts away."""
    statistics = dataset.metadata.get("statistics") or {}
    return int((statistics.get("contamination") or {}).get("dropped", 0))


def _dataset_facts(dataset: "Dataset") -> "RenderableType":
    return facts(
        [
            ("Id", dataset.dataset_id),
            ("Name", dataset.name),
            ("Description", dataset.description),
            ("Version", f"{dataset.version}" if dataset.parent is None else f"{dataset.version} ({dataset.parent})"),
            ("Status", dataset.status.value),
            ("Withdrawn", dataset.withdrawn_reason or ""),
            ("Error", dataset.error_message or ""),
            ("Query", dataset.query_text),
            ("Documents", formats.number(dataset.document_count)),
            ("Records", formats.number(dataset.record_count)),
            ("Tokens", formats.number(dataset.total_tokens)),
            ("Quality", formats.number(dataset.quality_score_avg, 2)),
            ("Created", f"{formats.moment(dataset.created_at)} {dataset.created_by}".strip()),
            ("Version hash", dataset.version_sha256 or ""),
            ("Content hash", dataset.content_sha256 or ""),
            *((f"Export {name}", path) for name, path in dataset.export_paths.items()),
        ]
    )
