"""`clara ingest`: send files and folders to the dataset service."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frontend.cli import formats
from frontend.cli.command import command
from frontend.cli.failure import ExitCode
from frontend.cli.session import Session, table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from frontend.client.documents import UploadProgress


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(
        app,
        "ingest",
        examples=(
            "clara ingest ./laws",
            "clara ingest ./laws ./rulings --include '*.md'",
            "clara ingest notice.pdf --source notices",
        ),
    )(ingest)


def ingest(
    session: Session,
    paths: Annotated[list[Path], typer.Argument(help="Files and folders (md, txt, html, xml, pdf, docx, csv, zip …).")],
    source: Annotated[
        str | None, typer.Option("--source", help="Name of the collection; default: the folder's name.")
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option("--include", help="Only file names like this; may be repeated.")
    ] = None,
) -> None:
    """Read documents into CLARA. The same bytes are never read twice; changed files become new versions.

    A file that cannot be read is listed with its reason and does not stop the rest (exit code 1).
    """
    from frontend.cli.transfer_progress import upload_bar
    from frontend.client.local_files import find_files

    files = find_files(paths, source=source, include=include or ())
    started = time.monotonic()
    with session.client() as client, upload_bar(session, files) as on_progress:
        result = client.documents.upload(files, on_progress=on_progress)
    _show(session, result, time.monotonic() - started)
    if result.failed:
        raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)


def _show(session: Session, result: "UploadProgress", elapsed_s: float) -> None:
    document = {
        "files": result.files_total,
        "size_bytes": result.bytes_total,
        "ingested": result.ingested,
        "new_versions": result.new_versions,
        "unchanged": result.unchanged,
        "sections": result.sections,
        "failed": [failure.as_json() for failure in result.failed],
        "elapsed_s": round(elapsed_s, 3),
    }
    summary = text(
        "ingest.done",
        ingested=formats.number(result.ingested),
        new_versions=formats.number(result.new_versions),
        unchanged=formats.number(result.unchanged),
        failed=formats.number(len(result.failed)),
        sections=formats.number(result.sections),
        time=formats.duration(elapsed_s),
    )
    session.answer(document, lambda: summary)
    if result.failed and not session.as_json:
        rows = [(failure.path, failure.reason) for failure in result.failed]
        session.error_console().print(table((text("ingest.failed_title"), ""), rows))
    if result.ingested:
        session.say(text("ingest.next"))
