"""`clara erase`: documents leave for good, and what has seen them is named."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from frontend.cli import formats
from frontend.cli.command import command
from frontend.cli.session import Session, table
from frontend.cli.texts import text
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client.erasure import DocumentErased, DocumentUses

_EXAMPLE = "doc_1hq7x0a2b3c4d5e6f"

Documents = Annotated[
    list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="Ids as shown by `clara documents list`.")
]
Subjects = Annotated[
    list[str] | None, typer.Option("--subject", metavar="DOCUMENT", help="The same as an option; may be repeated.")
]
Reason = Annotated[
    str, typer.Option("--reason", help="Why, for the audit log, where it stays: name no person and quote nothing.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Erase nothing; only say what has seen the documents.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(
        app,
        "erase",
        examples=(
            f"clara erase {_EXAMPLE} --dry-run",
            f'clara erase {_EXAMPLE} --reason "Löschung nach Art. 17 DSGVO" --yes --json',
        ),
    )(erase_documents)


def erase_documents(
    session: Session,
    documents: Documents = None,
    subjects: Subjects = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Erase documents for good: from database, search, reviews, caches and reports; versions with them are withdrawn.

    They are never taken in again. What is left is named: withdrawn versions and adapters that were trained on them.
    """
    ids = list(dict.fromkeys([*(documents or ()), *(subjects or ())]))
    if not ids:
        raise InvalidInput(text("erase.nothing"))
    if not dry_run and not reason.strip():
        raise InvalidInput(text("erase.no_reason"))
    with session.client() as client:
        # all of them first: an id that is wrong stops it before anything is gone
        uses = [client.erasure.uses(each) for each in ids]
        if dry_run:
            _answer(session, uses, (), is_dry_run=True)
            return
        _confirm(session, uses, yes=yes)
        done = [client.erasure.erase(each, reason) for each in ids]
    _answer(session, [each.data for each in done], done, is_dry_run=False)


def _confirm(session: Session, uses: "Sequence[DocumentUses]", *, yes: bool) -> None:
    if yes:
        return
    if session.as_json or not sys.stdin.isatty():
        raise InvalidInput(text("erase.refused"))
    session.console().print(_drawn(uses))
    typer.confirm(text("erase.ask", n=formats.number(len(uses))), abort=True)


def _answer(
    session: Session, uses: "Sequence[DocumentUses]", done: "Sequence[DocumentErased]", *, is_dry_run: bool
) -> None:
    shown = [each.as_json() for each in done or uses]
    session.answer({"documents": shown, "is_dry_run": is_dry_run}, lambda: _drawn(uses))
    session.say(text("erase.dry_run" if is_dry_run else "erase.done", n=formats.number(len(uses))))
    if not is_dry_run and any(each.datasets for each in uses):
        session.say(text("erase.left_datasets"))
    if any(each.adapters for each in uses):
        session.say(text("erase.left_adapters"))
    if any(each.jobs for each in uses):
        session.say(text("erase.jobs", jobs=", ".join(sorted({job for each in uses for job in each.jobs}))))
    pending = {store: waiting for each in done for store, waiting in each.pending_stores.items()}
    if pending:
        session.say(text("erase.pending", stores=", ".join(sorted(pending))))


def _drawn(uses: "Sequence[DocumentUses]") -> "RenderableType":
    from rich.console import Group

    documents = [
        (each.document_id, each.source, each.path, text("erase.erased") if each.is_erased else each.title)
        for each in uses
    ]
    parts = [table(("Document", "Source", "Path", "Title"), documents)]
    seen = [row for each in uses for row in (*_dataset_rows(each), *_adapter_rows(each))]
    if seen:
        parts.append(table(("Document", "Seen by", "Id", "Name", ">Records", "Remarks"), seen))
    return Group(*parts)


def _dataset_rows(uses: "DocumentUses") -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for each in uses.datasets:
        state = text("erase.withdrawn") if each.is_withdrawn else each.status.value
        records = formats.number(sum(each.records.values()))
        remarks = "; ".join([state, *each.export_formats])
        rows.append((uses.document_id, text("erase.dataset"), each.dataset_id, each.name, records, remarks))
    return rows


def _adapter_rows(uses: "DocumentUses") -> list[tuple[str, ...]]:
    return [
        (
            uses.document_id,
            text("erase.adapter"),
            each.adapter_id,
            each.name,
            "",
            f"{each.dataset_id}{'; ' + text('erase.active') if each.is_active else ''}",
        )
        for each in uses.adapters
    ]
