"""`clara datasets publish`."""

from contextlib import nullcontext
from typing import Annotated

import typer

from frontend.cli import formats
from frontend.cli.command import command
from frontend.cli.session import Session
from frontend.cli.texts import text

_EXAMPLES = (
    "clara datasets publish ds_1hq7x0a2b3c4d5e6f --to s3://clara-datasets/permits",
    "clara datasets publish ds_1hq7x0a2b3c4d5e6f --format parquet --to file:///srv/share/clara",
)


def register(datasets: typer.Typer) -> None:
    """Add the command of this file."""
    command(datasets, "publish", examples=_EXAMPLES)(publish_dataset)


def publish_dataset(
    session: Session,
    dataset_id: Annotated[str, typer.Argument(help="Id as shown by `clara datasets list`.")],
    to: Annotated[str, typer.Option("--to", help="URL below one of the service's CLARA_PUBLISH_TARGETS.")],
    export_format: Annotated[str, typer.Option("--format", help="huggingface, jsonl, parquet …")] = "huggingface",
    metadata: Annotated[bool, typer.Option("--metadata/--no-metadata", help="With provenance and scores.")] = True,
) -> None:
    """Export a completed dataset and copy it to object storage, checked there; its manifest comes last."""
    waiting = nullcontext() if session.as_json else session.error_console().status(text("dataset.publishing"))
    with session.client() as client, waiting:
        done = client.datasets.publish(dataset_id, export_format, to, include_metadata=metadata)
    session.answer(
        done.as_json(),
        lambda: text(
            "dataset.published", url=done.destination_url, files=done.files, size=formats.size(done.size_bytes)
        ),
    )
