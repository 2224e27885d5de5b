"""`clara datasets records` and `clara datasets stream`: what records say, stored ones and those of a search."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.dataset_cli import DatasetId, datasets
from frontend.cli.order_file import OrderFile, with_order
from frontend.cli.record_options import Templates
from frontend.cli.session import Session, table
from frontend.cli.texts import text
from shared.models.dataset import RecordFormat, Split

if TYPE_CHECKING:
    from rich.console import RenderableType

_PAGE = 500
_SHOWN_CHARACTERS = 120
_SAYS = ("text", "output", "completion", "chosen")
EXAMPLE = "ds_1hq7x0a2b3c4d5e6f"


def register(_: typer.Typer) -> None:
    """Nothing: the commands hang on `clara datasets`, which `dataset_cli` adds."""


@command(
    datasets,
    "records",
    examples=(
        f"clara datasets records {EXAMPLE} --split test --limit 5",
        f"clara datasets records {EXAMPLE} --limit 1000000 --json > records.jsonl",
    ),
)
def show_records(
    session: Session,
    dataset_id: DatasetId,
    limit: Limit = 20,
    split: Annotated[Split | None, typer.Option("--split", help="Records of one split only.")] = None,
) -> None:
    """Show the records of a completed dataset in stored order (with --json one object per line)."""
    with session.client() as client:
        found = islice(client.datasets.records(dataset_id, split=split, page_size=min(limit, _PAGE)), limit)
        if session.as_json:
            for record in found:
                session.line(record)
            return
        shown, total = list(found), client.datasets.count_records(dataset_id, split=split)
    session.console().print(_drawn(shown) if shown else text("list.empty", hint=text("dataset.no_records")))
    session.say_more(len(shown), total)


@command(
    datasets,
    "stream",
    examples=(
        'clara datasets stream --query "Baugenehmigung" > records.jsonl',
        'clara datasets stream --query "*" --top-k 100000 --record-format messages --template definition',
    ),
)
def stream_records(
    session: Session,
    query: Annotated[str, typer.Option("--query", "-q", help="What the documents are about; '*' takes all.")],
    top_k: Annotated[int, typer.Option("--top-k", min=1, max=100_000, help="At most this many hits.")] = 100,
    min_quality: Annotated[float, typer.Option("--min-quality", min=0, max=1, help="Least quality score.")] = 0.5,
    record_format: Annotated[
        RecordFormat, typer.Option("--record-format", help="Running text, or questions and answers.")
    ] = RecordFormat.TEXT,
    template: Templates = None,
    order: OrderFile = None,
) -> None:
    """Write records as they are found, one JSON object per line, without storing a dataset.

    What comes is checked against what was sent; a stream that ends before it is complete ends with an error.
    """
    search: dict[str, Any] = {"query_text": query, "top_k": top_k, "min_quality_score": min_quality}
    body = {
        "name": "stream",
        "search_query": search,
        "record_format": record_format.value,
        "templates": template or [],
    }
    count = 0
    with session.client() as client:
        for record in client.datasets.stream(**with_order(body, order)):
            session.line(record)
            count += 1
    session.say(text("dataset.streamed", n=formats.number(count)))


def _drawn(records: list[Mapping[str, Any]]) -> "RenderableType":
    rows = [
        (
            str(record["record_id"]),
            str(record["metadata"].get("split", "")),
            str(record["metadata"].get("legal_basis", "")),
            formats.number(record["metadata"].get("tokens", 0)),
            formats.number(record["quality_score"], 2),
            _beginning(record),
        )
        for record in records
    ]
    return table(("Id", "Split", "Source", ">Tokens", ">Quality", "Begins"), rows)


def _beginning(record: Mapping[str, Any]) -> str:
    """What a record says itself, as far as it fits on a line."""
    if "messages" in record:
        said = str(record["messages"][-1]["content"])
    else:
        said = str(next((record[name] for name in _SAYS if record.get(name)), ""))
    one_line = " ".join(said.split())
    return one_line if len(one_line) <= _SHOWN_CHARACTERS else f"{one_line[:_SHOWN_CHARACTERS]} …"
