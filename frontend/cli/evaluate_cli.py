"""`clara search evaluate`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from frontend.cli import formats
from frontend.cli.command import command
from frontend.cli.evaluation_process import run_search_evaluation
from frontend.cli.session import Session
from frontend.cli.texts import text
from shared.models.search import SearchLeg


class StoreChoice(StrEnum):
    """Which stores are asked."""

    EMBEDDED = "embedded"
    CONFIGURED = "configured"


def register(app: typer.Typer) -> None:
    """Add the command of this file to its group."""
    command(
        app,
        "evaluate",
        examples=(
            "clara search evaluate                                   of all registered documents",
            "clara search evaluate heading --laws laws.tar.xz --limit 300",
            "clara search evaluate questions.json ./scifact --out ./run-1",
            "clara search evaluate questions.json --weights compound=0 --compare ./run-1/figures.json",
        ),
    )(evaluate)


def evaluate(
    session: Session,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="heading, citations, compounds, negation, a SQuAD-shaped JSON file, a BEIR-shaped folder; "
            "none: all four built-in sets."
        ),
    ] = None,
    laws: Annotated[
        Path | None,
        typer.Option(
            "--laws", help="Make the built-in sets of a folder or tar of Markdown laws, not of what is registered."
        ),
    ] = None,
    store: Annotated[
        StoreChoice,
        typer.Option("--store", help="Embedded stores in a temporary folder, or those of the settings as they stand."),
    ] = StoreChoice.EMBEDDED,
    legs: Annotated[
        list[SearchLeg] | None, typer.Option("--legs", help="Only this kind of search takes part; repeatable.")
    ] = None,
    weights: Annotated[str, typer.Option("--weights", help="Weights of lists: keyword=1,vector=0.5")] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="Most queries per set; 0: all.")] = 0,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Same seed, same queries.")] = None,
    ablation: Annotated[
        bool, typer.Option("--ablation/--no-ablation", help="Ask each list alone and leave each one out.")
    ] = True,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for figures, answers, queries, picture.")] = None,
    compare: Annotated[Path | None, typer.Option("--compare", help="figures.json of an earlier run.")] = None,
) -> None:
    """Measure how well the search finds, with queries whose answers are known.

    Fills stores of its own in a temporary folder, so nothing that is registered changes and no service need run. Which
    list of the search is worth what is told by leaving each one out; intervals are of a paired bootstrap over queries.
    """
    from frontend.cli.evaluation_tables import drawn_figures

    options = {
        "--laws": laws,
        "--store": store.value,
        "--weights": weights or None,
        "--limit": limit,
        "--seed": seed,
        "--out": out,
        "--compare": compare,
    }
    arguments = [f"{flag}={value}" for flag, value in options.items() if value is not None]
    arguments += [f"--leg={leg.value}" for leg in legs or ()]
    arguments += [] if ablation else ["--no-ablation"]
    figures = run_search_evaluation(session, [*arguments, "--", *(what or ())])
    session.answer(figures, lambda: drawn_figures(figures))
    for reason in figures["skipped"].values():
        session.say(text("evaluation.skipped", reason=reason))
    session.say(text("evaluation.done", time=formats.duration(float(figures["elapsed_s"]))))
    if "out" in figures:
        session.say(text("evaluation.written", path=figures["out"], picture=figures["picture"]))
