"""`clara quality …`: what the profile does to everything that is registered, and why."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from frontend.cli import formats, quality_review_cli
from frontend.cli.command import command
from frontend.cli.quality_process import run_quality
from frontend.cli.session import Session
from frontend.cli.texts import text
from shared.errors import InvalidInput, NotFound

quality = typer.Typer(
    no_args_is_help=True, help="See what quality keeps, doubts and rejects, and why; rule on what it doubts."
)

_ENDINGS = (".yaml", ".yml")

ProfileName = Annotated[
    str, typer.Option("--profile", help="A built-in profile or a .yaml file; default: CLARA_QUALITY_PROFILE.")
]


class NotAProfileFile(InvalidInput):
    """A profile's file has another ending."""

    code = "not_a_profile_file"


class NoSuchSection(NotFound):
    """The document has no section of this number."""

    code = "section_not_found"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    quality_review_cli.register(quality)
    app.add_typer(quality, name="quality")


@command(quality, "profile", examples=("clara quality profile", "clara quality profile --profile general-de --json"))
def show_profile(session: Session, profile: ProfileName = "") -> None:
    """Show the limits of a profile: where each signal of a text begins to cost, and where it rejects.

    Needs neither a service nor a database.
    """
    from frontend.cli.limit_tables import drawn_profile

    result = run_quality(session, ["profile", *_named(profile)])
    session.answer(result, lambda: drawn_profile(result))


@command(
    quality,
    "preview",
    examples=(
        "clara quality preview",
        "clara quality preview --profile ./permits.yaml",
        "clara quality preview --json",
    ),
)
def preview(session: Session, profile: ProfileName = "") -> None:
    """Show what a profile would keep, doubt and reject among all registered sections, with examples; changes nothing.

    Sections are measured once, so a second profile is judged quickly.
    """
    result = _judged(session, ["preview", *_named(profile)])
    session.say(text("quality.preview_next", n=formats.number(result["decisions"]["review"])))


@command(quality, "run", examples=("clara quality run", "clara quality run --json"))
def run(session: Session, profile: ProfileName = "") -> None:
    """Judge all registered sections and bring the review list up to date.

    What the profile is not sure of is put on the list, what it is sure of now is taken off. Rulings stay. A run that
    was stopped goes on where it stood.
    """
    result = _judged(session, ["run", *_named(profile)])
    session.say(text("quality.run_next", n=formats.number(result["decisions"]["review"])))


@command(
    quality,
    "calibrate",
    examples=("clara quality calibrate --out permits.yaml", "clara quality calibrate --out permits.yaml --soft 0.98"),
)
def calibrate(
    session: Session,
    out: Annotated[Path, typer.Option("--out", help="File of the new profile, ending in .yaml; never overwritten.")],
    soft: Annotated[
        float | None, typer.Option("--soft", min=0.5, max=1, help="Share of the texts that a limit costs nothing.")
    ] = None,
    hard: Annotated[
        float | None, typer.Option("--hard", min=0.5, max=1, help="Share of the texts that a limit does not reject.")
    ] = None,
    profile: ProfileName = "",
) -> None:
    """Write a profile whose limits follow from the registered sections: what is rare among them costs.

    Names, reasons and weights are those of --profile. Nothing uses the new one until it is set.
    """
    from frontend.cli.limit_tables import drawn_changes

    if out.suffix not in _ENDINGS:
        raise NotAProfileFile(text("quality.not_yaml", path=out))
    quantiles = [f"--{name}={value}" for name, value in (("soft", soft), ("hard", hard)) if value is not None]
    result = run_quality(session, ["calibrate", *_named(profile), f"--out={out}", *quantiles])
    session.answer(result, lambda: drawn_changes(result))
    session.say(text("quality.calibrated", path=result["path"], n=formats.number(result["texts"])))


@command(quality, "learn", examples=("clara quality learn", "clara quality learn --json"))
def learn(session: Session, profile: ProfileName = "") -> None:
    """Learn from the accepted sections how your texts read; later previews and runs find misread and shuffled ones.

    Accepted is what the profile keeps, or a person. Learning again replaces what was learnt before.
    """
    from frontend.cli.limit_tables import drawn_learnt

    result = run_quality(session, ["learn", *_named(profile)])
    session.answer(result, lambda: drawn_learnt(result))
    session.say(text("quality.learnt", n=formats.number(result["trained_words"])))


@command(
    quality,
    "explain",
    examples=("clara quality explain doc_1hq7x0a2b3c4d", 'clara quality explain doc_1hq7x0a2b3c4d --section "§ 3"'),
)
def explain(
    session: Session,
    document_id: Annotated[str, typer.Argument(help="Id as shown by `clara documents list`.")],
    section: Annotated[
        str | None,
        typer.Option("--section", help='Each limit of one section: its place, as the last part of its id, or "§ 3".'),
    ] = None,
    profile: ProfileName = "",
) -> None:
    """Show why quality thinks what it thinks of a document: scores, decisions and reasons of its sections."""
    from frontend.cli.limit_tables import drawn_limits, drawn_sections

    result = run_quality(session, ["explain", *_named(profile), "--", document_id])
    if section is None:
        session.answer(result, lambda: drawn_sections(result))
        session.say(text("quality.explain_next", document_id=document_id))
        return
    chosen = {**result, "sections": _chosen(result["sections"], section)}
    if not chosen["sections"]:
        raise NoSuchSection(text("quality.no_section", document_id=document_id, section=section))
    session.answer(chosen, lambda: drawn_limits(chosen))


def _judged(session: Session, arguments: Sequence[str]) -> dict[str, Any]:
    from frontend.cli.quality_tables import drawn_tally

    result = run_quality(session, arguments)
    is_empty = result["sections"] == 0
    session.answer(result, lambda: text("list.empty", hint=text("documents.none")) if is_empty else drawn_tally(result))
    return result


def _named(profile: str) -> list[str]:
    return [f"--profile={profile}"] if profile else []


def _chosen(sections: Sequence[Mapping[str, Any]], wanted: str) -> list[Mapping[str, Any]]:
    """The section of this place in the document, or those of this number; spaces do not count."""
    if wanted.isdecimal():
        return [each for each in sections if each["section_id"].rpartition(":")[2] == str(int(wanted))]
    return [each for each in sections if _squeezed(each["number"]) == _squeezed(wanted)]


def _squeezed(number: str) -> str:
    return "".join(number.split()).casefold()
