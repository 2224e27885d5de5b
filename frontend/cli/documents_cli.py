"""`clara documents …`."""

from itertools import islice
from typing import Annotated

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text

documents = typer.Typer(no_args_is_help=True, help="Look at the registered documents.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(documents, name="documents")


@command(documents, "list", examples=("clara documents list --source laws", "clara documents list --limit 500 --json"))
def list_documents(
    session: Session,
    source: Annotated[str | None, typer.Option("--source", help="Only this collection.")] = None,
    limit: Limit = 50,
) -> None:
    """List documents: collection, path, title, version."""
    with session.client() as client:
        page = client.documents.page(source=source, limit=min(limit, 500))
        shown = list(islice(client.documents.iterate(source=source, page_size=min(limit, 500)), limit))
    rows = [
        (d.document_id, d.source, d.path, d.title, str(d.version), str(d.section_count), formats.ago(d.ingested_at))
        for d in shown
    ]
    columns = ("Id", "Source", "Path", "Title", ">Version", ">Sections", "Ingested")
    session.answer(
        {"documents": [d.as_json() for d in shown], "total_count": page.total_count},
        lambda: table(columns, rows) if rows else text("list.empty", hint=text("documents.none")),
    )
    session.say_more(len(shown), page.total_count)


@command(documents, "show", examples=("clara documents show doc_1hq7x0a2b3c4d5e6f",))
def show_document(
    session: Session, document_id: Annotated[str, typer.Argument(help="Id as shown by `clara documents list`.")]
) -> None:
    """Show one document: where it came from, its version and its hash."""
    with session.client() as client:
        document = client.documents.get(document_id)
    pairs = [
        ("Id", document.document_id),
        ("Title", document.title),
        ("Abbreviation", document.abbreviation),
        ("Source", document.source),
        ("Path", document.path),
        ("Type", document.media_type),
        ("Version", str(document.version)),
        ("Size", formats.size(document.size_bytes)),
        ("Sections", formats.number(document.section_count)),
        ("SHA-256", document.sha256),
        ("Ingested", f"{formats.moment(document.ingested_at)} {document.ingested_by}".strip()),
        *((name, str(value)) for name, value in document.metadata.items()),
    ]
    session.answer(document.as_json(), lambda: facts(pairs))
