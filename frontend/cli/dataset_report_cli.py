"""`clara datasets stats` and `clara datasets report`: what a finished dataset is made of."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import command
from frontend.cli.dataset_cli import DatasetId, datasets
from frontend.cli.report_page import open_page, place_for
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import language, text

if TYPE_CHECKING:
    from rich.console import RenderableType

_MOST_ROWS = 12


class ReportLanguage(StrEnum):
    """Languages of a report."""

    GERMAN = "de"
    ENGLISH = "en"


EXAMPLE = "ds_1hq7x0a2b3c4d5e6f"


def register(_: typer.Typer) -> None:
    """Nothing: the commands hang on `clara datasets`, which `dataset_cli` adds."""


@command(datasets, "stats", examples=(f"clara datasets stats {EXAMPLE}", f"clara datasets stats {EXAMPLE} --json"))
def show_statistics(session: Session, dataset_id: DatasetId) -> None:
    """Show what a dataset is made of: counts, reasons of dropped sections, lengths, splits and their leak."""
    with session.client() as client:
        told = client.datasets.statistics(dataset_id)
    statistics = told.get("statistics") or {}
    session.answer(dict(told), lambda: _drawn(statistics) if statistics else text("dataset.no_statistics"))


@command(
    datasets,
    "report",
    examples=(
        f"clara datasets report {EXAMPLE} --open",
        f"clara datasets report {EXAMPLE} -o report.html",
        f"clara datasets report {EXAMPLE} --language en --png pictures",
    ),
)
def save_report(
    session: Session,
    dataset_id: DatasetId,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Save the page as this HTML file.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Also save the pictures as PNG into this folder.")] = None,
    in_language: Annotated[
        ReportLanguage | None, typer.Option("--language", help="de or en; default: that of the CLI.")
    ] = None,
    in_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Save the report of a finished dataset: one page that needs nothing else, and its pictures."""
    chosen = str(in_language or language())
    target = output or (place_for(dataset_id) if in_browser else Path(f"{dataset_id}-report.html"))
    with session.client() as client:
        page = client.dataset_reports.page(dataset_id, target, language=chosen)
        pictures = client.dataset_reports.pictures(dataset_id, png, language=chosen) if png is not None else []
    saved = {"page": str(page), "pictures": [str(picture) for picture in pictures], "language": chosen}
    session.answer(saved, lambda: text("report.page_saved", path=page))
    if pictures:
        session.say(text("dataset.pictures_saved", n=len(pictures), path=png))
    if in_browser and not open_page(page):
        session.say(text("report.not_opened"))


def _drawn(told: Mapping[str, Any]) -> "RenderableType":
    from rich.console import Group

    return Group(_totals(told), "", _splits(told), "", _dropped(told))


def _totals(told: Mapping[str, Any]) -> "RenderableType":
    leak, found = told["split_leak"], told["sections"]
    return facts(
        [
            (text("stats.records"), formats.number(told["records"])),
            (text("stats.documents"), formats.number(told["documents"])),
            (text("stats.tokens"), f"{formats.number(told['tokens']['total'])} ({told['tokens']['counter']})"),
            (text("stats.quality"), formats.number(told["quality"]["mean"], 3)),
            (text("stats.sections"), f"{formats.number(found['kept'])} / {formats.number(found['found'])}"),
            (text("stats.clusters"), formats.number(told["clusters"])),
            (text("stats.languages"), _counts(told.get("languages", {}))),
            (text("stats.sources"), _counts(told["sources"])),
            (text("stats.leak"), " / ".join(formats.number(count) for count in leak.values())),
        ]
    )


def _counts(counts: Mapping[str, int]) -> str:
    shown = [f"{name} {formats.number(count)}" for name, count in list(counts.items())[:_MOST_ROWS]]
    return ", ".join(shown) + (" …" if len(counts) > _MOST_ROWS else "")


def _splits(told: Mapping[str, Any]) -> "RenderableType":
    columns = (
        text("stats.split"),
        f">{text('stats.documents')}",
        f">{text('stats.records')}",
        f">{text('stats.tokens')}",
    )
    rows = [
        (name, *(formats.number(part[count]) for count in ("documents", "records", "tokens")))
        for name, part in told["splits"].items()
    ]
    return table(columns, rows)


def _dropped(told: Mapping[str, Any]) -> "RenderableType":
    dropped = sorted(told["sections"]["dropped"].items(), key=lambda each: (-each[1], each[0]))
    rows = [(reason, formats.number(count)) for reason, count in dropped]
    return table((text("stats.reason"), f">{text('stats.left_out')}"), rows) if rows else text("stats.nothing")
