"""`clara search …`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import evaluate_cli, formats
from frontend.cli.command import command
from frontend.cli.default_command import WithDefaultCommand
from frontend.cli.session import Session
from frontend.cli.texts import text
from shared.models.search import SearchLeg

if TYPE_CHECKING:
    from frontend.client.found import SearchPage


class _SearchGroup(WithDefaultCommand):
    default = "query"


search = typer.Typer(
    cls=_SearchGroup,
    no_args_is_help=True,
    help='Search the registered documents: `clara search "…"`; judge the search: `clara search evaluate`.',
)

_FILTERS = "Only sections that …"
Repeated = list[str] | None


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    evaluate_cli.register(search)
    app.add_typer(search, name="search")


@command(
    search,
    "query",
    examples=(
        'clara search "Baugenehmigung Verfahren"',
        'clara search "§ 35a VwVfG" --limit 3',
        "clara search Gebühr --source laws --valid-on 2026-01-01 --search-type keyword --json",
    ),
)
def search_documents(
    session: Session,
    query: Annotated[str, typer.Argument(help="What to look for; '*' takes every section.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="Most sections of a page.")] = 10,
    after: Annotated[str | None, typer.Option("--after", help="Go on behind a page; it tells how.")] = None,
    search_type: Annotated[list[SearchLeg] | None, typer.Option("--search-type", help="Kinds of search.")] = None,
    min_quality: Annotated[float, typer.Option("--min-quality", min=0, max=1, help="Least quality score.")] = 0.0,
    source: Annotated[
        Repeated, typer.Option("--source", help="… are of this collection.", rich_help_panel=_FILTERS)
    ] = None,
    abbreviation: Annotated[
        Repeated, typer.Option("--law", help="… stand in this law (VwVfG).", rich_help_panel=_FILTERS)
    ] = None,
    document_id: Annotated[
        Repeated, typer.Option("--document", help="… stand in this document.", rich_help_panel=_FILTERS)
    ] = None,
    media_type: Annotated[
        Repeated, typer.Option("--media-type", help="… come from such files.", rich_help_panel=_FILTERS)
    ] = None,
    valid_on: Annotated[
        datetime | None,
        typer.Option("--valid-on", formats=["%Y-%m-%d"], help="… are in force that day.", rich_help_panel=_FILTERS),
    ] = None,
) -> None:
    """Search the registered documents, the best sections first, and show why each was found.

    A text that is the name of a command is written behind `query`: `clara search query evaluate`.
    """
    filters = {
        "source": source,
        "abbreviation": abbreviation,
        "document_id": document_id,
        "media_type": media_type,
        "valid_on": valid_on.date().isoformat() if valid_on else None,
    }
    further: dict[str, Any] = {"min_quality_score": min_quality}
    if given := {name: value for name, value in filters.items() if value}:
        further["filters"] = given
    if search_type:
        further["search_types"] = [leg.value for leg in search_type]
    with session.client() as client:
        page = client.datasets.search(query, limit=limit, after=after, **further)
    _answer(session, query, page)


def _answer(session: Session, query: str, page: "SearchPage") -> None:
    from frontend.cli.search_hits import drawn_hits

    session.answer(page.as_json(), lambda: drawn_hits(page.results, query) if page.results else text("search.nothing"))
    if page.degraded:
        session.say(text("search.degraded", stores="; ".join(page.degraded)))
    if page.hidden_count:
        session.say(text("search.hidden", n=formats.number(page.hidden_count)))
    if page.next_after:
        session.say(text("search.more", after=page.next_after))
