"""`clara audit …`: who did what, and the proof that nobody changed the answer."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.failure import ExitCode
from frontend.cli.local_stores import opened_stores
from frontend.cli.session import Session, table
from frontend.cli.texts import text
from shared.errors import Conflict, Unavailable
from shared.models.audit import AuditFilter, AuditRecord
from shared.utils.clock import iso_utc

if TYPE_CHECKING:
    from shared.database.base import AuditStore

audit = typer.Typer(no_args_is_help=True, help="The audit log: who did what, proved unchanged.")

_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
_BATCH = 1000

Actor = Annotated[str | None, typer.Option("--actor", help="Only what this user did (e-mail address).")]
Action = Annotated[str | None, typer.Option("--action", help="Only this action; `job.` for all of jobs.")]
ObjectId = Annotated[str | None, typer.Option("--object", help="Only what was done to this object (id).")]
Outcome = Annotated[str | None, typer.Option("--outcome", help="Only `ok`, or only `refused`.")]
Since = Annotated[datetime | None, typer.Option("--since", formats=_TIMES, help="Not before this time.")]
Until = Annotated[datetime | None, typer.Option("--until", formats=_TIMES, help="Before this time.")]


class ExportExists(Conflict):
    """The file of an export is there already."""

    code = "export_exists"


class ExportNotWritten(Unavailable):
    """The file of an export cannot be written."""

    code = "export_not_written"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(audit, name="audit")


@command(
    audit,
    "list",
    examples=(
        "clara audit list",
        "clara audit list --action job. --actor anna@amt.example --since 2026-11-01",
        "clara audit list --outcome refused --limit 200 --json",
    ),
)
def show(
    session: Session,
    limit: Limit = 50,
    before: Annotated[int | None, typer.Option("--before", min=1, help="Go on below this number.")] = None,
    actor: Actor = None,
    action: Action = None,
    object_id: ObjectId = None,
    outcome: Outcome = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Show entries of the audit log, newest first. Reads the database of this machine."""
    wanted = _filter(actor, action, object_id, outcome, since, until)
    with opened_stores(session) as stores:
        found = stores.audit.records(wanted, limit=limit + 1, before=before)
    shown = found[:limit]
    next_before = shown[-1].seq if len(found) > limit else None
    document = {"entries": [audit_document(record) for record in shown], "next_before": next_before}
    session.answer(document, lambda: table(("No.", "When", "Who", "What", "Object", "Outcome"), _rows(shown)))
    if next_before is not None:
        session.say(text("audit.more", before=next_before))


@command(
    audit,
    "verify",
    examples=(
        "clara audit verify",
        "clara audit verify --json",
        "clara audit verify --anchors /mnt/worm/anchors.jsonl",
    ),
)
def verify(
    session: Session,
    anchors: Annotated[
        Path | None,
        typer.Option("--anchors", exists=True, dir_okay=False, help="A copy of the anchors that was kept elsewhere."),
    ] = None,
) -> None:
    """Prove that no entry was changed, removed, put in or moved, and that the log is not an older one.

    Every row is read once. Ends with 0 if the log is intact, with 1 and what is wrong if it is not. A copy of the
    anchors may be older than the file: newer ones must be in the file, and it is said how far the copy reaches.
    """
    from shared.database.audit.verify import verify_installation

    with opened_stores(session) as stores, _progress(session, stores.audit) as on_rows:
        report = verify_installation(stores.audit, session.settings.home, anchors=anchors, on_rows=on_rows)
    document = {
        "is_intact": report.is_intact,
        "rows": report.rows,
        "head": {"seq": report.head.seq, "hash": report.head.hash},
        "anchors": report.anchors,
        "proved_to": None if report.reach is None else {"seq": report.reach.seq, "made_at": report.reach.made_at},
        "newer_anchors": report.newer,
        "wrong": report.wrong,
        "findings": [{"kind": each.kind.value, "seq": each.seq, "message": each.message} for each in report.findings],
    }
    if report.is_intact:
        counts = {"rows": formats.number(report.rows), "anchors": formats.number(report.anchors)}
        session.answer(document, lambda: text("audit.intact", **counts))
        if anchors is not None and report.reach is not None:
            reach = {"seq": formats.number(report.reach.seq), "made_at": report.reach.made_at}
            session.say(text("audit.copy_reach", **reach, n=formats.number(report.newer)))
        return
    rows = [(each.kind.value, str(each.seq), each.message) for each in report.findings]
    session.answer(document, lambda: table(("What", ">No.", "Found"), rows))
    session.say(text("audit.broken", n=report.wrong))
    raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)


@command(
    audit,
    "export",
    examples=(
        "clara audit export nov.jsonl --since 2026-11-01 --until 2026-12-01",
        "clara audit export all.jsonl",
    ),
)
def export(
    session: Session,
    out: Annotated[Path, typer.Argument(help="File to write, one JSON object per line, oldest first.")],
    actor: Actor = None,
    action: Action = None,
    object_id: ObjectId = None,
    outcome: Outcome = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write entries with their hashes to a JSONL file that nobody else may read; an existing file is left alone."""
    from rich.markup import escape

    wanted = _filter(actor, action, object_id, outcome, since, until)
    with opened_stores(session) as stores, _progress(session, stores.audit) as on_rows:
        count = _write(out, _all(stores.audit, wanted, on_rows))
    session.answer({"path": str(out), "entries": count}, lambda: escape(text("audit.exported", n=count, path=out)))


def audit_document(record: AuditRecord) -> dict[str, Any]:
    """An entry as JSON."""
    entry = record.entry
    return {
        "seq": record.seq,
        "created_at": iso_utc(entry.created_at) if entry.created_at else None,
        "actor": entry.actor,
        "roles": list(entry.roles),
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "outcome": entry.outcome,
        "detail": dict(entry.detail),
        "request_id": entry.request_id,
        "address": entry.address,
        "hash": record.hash,
    }


def _filter(
    actor: str | None,
    action: str | None,
    object_id: str | None,
    outcome: str | None,
    since: datetime | None,
    until: datetime | None,
) -> AuditFilter:
    if outcome not in (None, "ok", "refused"):
        raise typer.BadParameter(text("audit.outcome"))
    # a time without a zone is one of this machine
    zoned = {"since": since and since.astimezone(), "until": until and until.astimezone()}
    return AuditFilter(actor, action, object_id, outcome, **zoned)


def _rows(records: "list[AuditRecord] | Any") -> list[tuple[str, ...]]:
    return [
        (
            str(record.seq),
            record.entry.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if record.entry.created_at else "",
            record.entry.actor,
            record.entry.action,
            f"{record.entry.object_type} {record.entry.object_id}",
            record.entry.outcome,
        )
        for record in records
    ]


def _all(store: "AuditStore", wanted: AuditFilter, on_rows: Callable[[int], None]) -> Iterator[AuditRecord]:
    after = 0
    while batch := store.records(wanted, limit=_BATCH, after=after):
        yield from batch
        after = batch[-1].seq
        on_rows(after)


def _write(out: Path, records: Iterator[AuditRecord]) -> int:
    count = 0
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            for count, record in enumerate(records, start=1):  # noqa: B007 - counts what was written
                file.write(json.dumps(audit_document(record), ensure_ascii=False, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as exc:
        raise ExportExists(text("audit.exists", path=out)) from exc
    except OSError as exc:
        raise ExportNotWritten(text("audit.not_written", path=out, reason=exc.strerror)) from exc
    return count


@contextmanager
def _progress(session: Session, store: "AuditStore") -> Iterator[Callable[[int], None]]:
    """A bar over all rows, on a terminal and without --json."""
    from rich.progress import Progress

    console = session.error_console()
    if session.as_json or not console.is_terminal:
        yield lambda rows: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(text("audit.reading"), total=store.head().seq)
        yield lambda rows: bar.update(task, completed=rows)
