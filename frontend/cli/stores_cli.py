"""`clara stores …` and `clara reconcile`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import command
from frontend.cli.failure import ExitCode
from frontend.cli.session import Session, table
from frontend.cli.stores_process import run_upkeep
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType

stores = typer.Typer(no_args_is_help=True, help="Look after the databases that answer searches.")

_OK = "ok"
_SHOWN = 20

StoreNames = Annotated[
    list[str] | None, typer.Argument(help="Names as shown by `clara stores status`; none: all that are fed.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(stores, name="stores")
    command(
        app,
        "reconcile",
        examples=("clara reconcile", "clara reconcile --json", "clara reconcile neo4j couchdb --repair"),
    )(reconcile)


@command(stores, "status", examples=("clara stores status", "clara stores status --json"))
def show_status(session: Session) -> None:
    """Show every search store of the settings: whether it serves, what it answers, what still waits for it.

    Asks the databases themselves, so it works while no service runs. Ends with 1 if a store cannot serve.
    """
    result = run_upkeep(session, ["status"])
    rows = [
        (
            each["name"],
            each["answer"],
            ", ".join(each["lists"]),
            formats.number(each["pending"]) if each["is_fed"] else text("stores.foreign"),
        )
        for each in result["stores"]
    ]
    session.answer(result, lambda: table(("Store", "State", "Answers", ">Waiting"), rows))
    session.say(text("stores.documents", n=formats.number(result["documents"])))
    if any(each["answer"] != _OK for each in result["stores"]):
        raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)


@command(stores, "rebuild", examples=("clara stores rebuild embedded", "clara stores rebuild    # all of them"))
def rebuild(session: Session, names: StoreNames = None) -> None:
    """Fill search stores anew from the registered documents.

    Nothing is lost by it: every store is derived from the documents. Needed after the embedding model was changed, or
    when `clara stores status` says that a store was not built.
    """
    result = run_upkeep(session, ["rebuild", "--", *(names or ())])
    rows = [(name, formats.number(count)) for name, count in result["rebuilt"].items()]
    session.answer(result, lambda: table(("Store", ">Documents"), rows))


def reconcile(
    session: Session,
    names: StoreNames = None,
    repair: Annotated[bool, typer.Option("--repair", help="Put every difference right.")] = False,
) -> None:
    """Compare the search stores with the registered documents: what is missing, stale or too much in each.

    What still waits to be taken over is no difference. Ends with 0 if all stores agree (or were repaired), with 1 if
    differences are left or a store could not be read.
    """
    result = run_upkeep(session, ["reconcile", *(["--repair"] if repair else []), "--", *(names or ())])
    session.answer(result, lambda: _comparison(result["stores"]))
    if result["open"] and not session.as_json:
        session.say(*_some(result["stores"]), text("stores.repair"))
    if result["open"] or result["unreadable"]:
        raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)


def _comparison(results: Sequence[Mapping[str, Any]]) -> "RenderableType":
    rows = []
    for each in results:
        counts = each.get("counts", {})
        figures = [formats.number(counts.get(kind, 0)) for kind in ("missing", "stale", "extra")]
        rows.append(
            (
                each["store"],
                each["answer"],
                formats.number(each.get("documents")),
                formats.number(each.get("pending")),
                *figures,
                formats.number(each.get("repaired")),
            )
        )
    columns = ("Store", "State", ">Documents", ">Waiting", ">Missing", ">Stale", ">Extra", ">Repaired")
    return table(columns, rows)


def _some(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """The first differences, a line each."""
    lines = [
        text("stores.difference", store=result["store"], **{key: each[key] or "–" for key in each})
        for result in results
        for each in result["differences"]
    ]
    return lines[:_SHOWN]
