"""`clara datasets versions`, `diff`, `events`, `cancel`, `withdraw` and `erased`."""

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.session import Session, table
from frontend.cli.texts import text
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client.versioned import DatasetEvent, Version, VersionChange, VersionDiff

_PAGE = 500
_EXAMPLE = "ds_1hq7x0a2b3c4d5e6f"
_HASH = 12

DatasetId = Annotated[str, typer.Argument(help="Id as shown by `clara datasets list`.")]
Against = Annotated[str | None, typer.Option("--against", help="Id of another version; default: the parent.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(datasets: typer.Typer) -> None:
    """Add the commands of this file to the group."""
    command(datasets, "versions", examples=(f"clara datasets versions {_EXAMPLE}",))(list_versions)
    command(
        datasets,
        "diff",
        examples=(
            f"clara datasets diff {_EXAMPLE}",
            f"clara datasets diff {_EXAMPLE} --against ds_0xk2m4 --of documents --change removed --json",
        ),
    )(diff_versions)
    command(
        datasets,
        "events",
        examples=(f"clara datasets events {_EXAMPLE}", f"clara datasets events {_EXAMPLE} --follow --json"),
    )(show_events)
    command(datasets, "cancel", examples=(f"clara datasets cancel {_EXAMPLE}",))(cancel_build)
    command(
        datasets,
        "withdraw",
        examples=(f'clara datasets withdraw {_EXAMPLE} --reason "Einwilligung widerrufen" --yes',),
    )(withdraw_dataset)
    command(datasets, "erased", examples=("clara datasets erased", "clara datasets erased --json"))(list_erased)


def list_versions(session: Session, dataset_id: DatasetId, limit: Limit = 50) -> None:
    """List the versions of a dataset's line, the newest first."""
    with session.client() as client:
        page = client.versions.page(dataset_id, limit=1)
        shown = list(islice(client.versions.iterate(dataset_id, page_size=min(limit, _PAGE)), limit))
    session.answer(
        {"line": page.line, "versions": [each.as_json() for each in shown], "total_count": page.total_count},
        lambda: _versions(shown),
    )
    session.say_more(len(shown), page.total_count)


def diff_versions(
    session: Session,
    dataset_id: DatasetId,
    against: Against = None,
    of: Annotated[str, typer.Option("--of", help="documents or records: what is listed.")] = "records",
    change: Annotated[
        str | None, typer.Option("--change", help="Only what was added, removed or changed (or is unchanged).")
    ] = None,
    limit: Limit = 50,
) -> None:
    """Show which documents and records were added, removed or changed since another version, and which parameters."""
    with session.client() as client:
        diff = client.versions.diff(dataset_id, against, of=of, change=change, limit=min(limit, _PAGE))
        found = client.versions.changes(dataset_id, against, of=of, change=change, page_size=min(limit, _PAGE))
        shown = list(islice(found, limit))
    document = {**diff.as_json(), "changes": [each.as_json() for each in shown]}
    document.pop("next_after", None)
    session.answer(document, lambda: _drawn_diff(diff, shown))
    wanted = [change] if change else ["added", "removed", "changed"]
    session.say_more(len(shown), sum(diff.counts.get(of, {}).get(each, 0) for each in wanted))


def show_events(
    session: Session,
    dataset_id: DatasetId,
    after: Annotated[int, typer.Option("--after", min=0, help="Only later sequence numbers.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the build has ended.")] = False,
) -> None:
    """Show what happened to a dataset, in order and without gaps (with --json one object per line)."""
    with session.client() as client:
        events: Iterable[DatasetEvent]
        versions = client.versions
        events = versions.follow_events(dataset_id, after=after) if follow else versions.events(dataset_id, after=after)
        if session.as_json:
            for event in events:
                session.line(event.as_json())
        elif follow:
            console = session.console()
            for event in events:
                console.print("  ".join(_told(event)), markup=False)
        else:
            session.console().print(table((">Seq", "Time", "Type", "Status", "What"), [_told(each) for each in events]))


def cancel_build(session: Session, dataset_id: DatasetId) -> None:
    """Cancel a build that waits or runs: it fails, for good, and leaves nothing."""
    with session.client() as client:
        done = client.versions.cancel(dataset_id)
    session.answer(done.as_json(), lambda: text("dataset.cancelled", dataset_id=dataset_id))


def withdraw_dataset(
    session: Session,
    dataset_id: DatasetId,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown to everybody who looks at it.")],
    yes: Yes = False,
) -> None:
    """Withdraw a version: it is kept for accountability, but nothing is exported or trained from it any more."""
    if not yes:
        if session.as_json or not sys.stdin.isatty():
            raise InvalidInput(text("dataset.withdraw_refused"), dataset_id=dataset_id)
        typer.confirm(text("dataset.withdraw_ask", dataset_id=dataset_id), abort=True)
    with session.client() as client:
        done = client.versions.withdraw(dataset_id, reason)
    session.answer(done.as_json(), lambda: text("dataset.withdrawn", dataset_id=dataset_id))


def list_erased(session: Session, limit: Limit = 50) -> None:
    """List versions with records of documents that were erased since: withdrawn, and to be deleted."""
    with session.client() as client:
        total = client.versions.holding_erased(limit=1).total_count
        shown = list(islice(client.versions.iterate_holding_erased(page_size=min(limit, _PAGE)), limit))
    session.answer(
        {"versions": [each.as_json() for each in shown], "total_count": total},
        lambda: _versions(shown) if shown else text("dataset.none_erased"),
    )
    session.say_more(len(shown), total)


def _versions(shown: "Sequence[Version]") -> "RenderableType":
    columns = (">Version", "Id", "Name", "Status", ">Documents", ">Records", "Hash", "Follows", "Created", "Remarks")
    return table(columns, [_version_row(each) for each in shown])


def _version_row(version: "Version") -> tuple[str, ...]:
    remarks = []
    if version.withdrawn_at is not None:
        remarks.append(text("dataset.withdrawn_remark", reason=version.withdrawn_reason or ""))
    if version.erased_documents:
        remarks.append(text("dataset.erased_remark", n=formats.number(len(version.erased_documents))))
    return (
        formats.number(version.version),
        version.dataset_id,
        version.name,
        version.status.value,
        formats.number(version.document_count),
        formats.number(version.record_count),
        (version.version_sha256 or "")[:_HASH],
        version.parent or "",
        formats.ago(version.created_at),
        "; ".join(remarks),
    )


def _drawn_diff(diff: "VersionDiff", shown: "Sequence[VersionChange]") -> "RenderableType":
    from rich.console import Group

    changes = ("added", "removed", "changed", "unchanged")
    rows = [(part, *(formats.number(counts.get(each, 0)) for each in changes)) for part, counts in diff.counts.items()]
    parts: list[RenderableType] = [
        text(
            "dataset.diff",
            dataset_id=diff.dataset_id,
            version=diff.version,
            against=diff.against,
            against_version=diff.against_version,
        ),
        table(("", *(f">{each}" for each in changes)), rows),
    ]
    if diff.parameters:
        told = [(each.name, json.dumps(each.before), json.dumps(each.after)) for each in diff.parameters]
        parts.append(table(("Parameter", "Before", "After"), told))
    if shown:
        parts.append(table(("Change", "Id", "Place"), [(each.change, each.id, _place(each)) for each in shown]))
    return Group(*parts)


def _place(change: "VersionChange") -> str:
    detail: dict[str, Any] = dict(change.after or change.before or {})
    return str(detail.get("path") or detail.get("section_id") or "")


def _told(event: "DatasetEvent") -> tuple[str, ...]:
    payload = dict(event.payload)
    status = str(payload.pop("status", ""))
    what = " ".join(f"{value:,}" if isinstance(value, int) else str(value) for value in payload.values())
    return str(event.seq), formats.moment(event.created_at), event.type, status, what
