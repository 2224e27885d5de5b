"""The limits of a profile, and what they said of a document's sections, as tables."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group

from frontend.cli import formats
from frontend.cli.session import facts, table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType


def drawn_profile(profile: Mapping[str, Any]) -> "RenderableType":
    """The profile's limits, in their order of precedence."""
    rows = [
        (
            each["reason"],
            each["signal"],
            _side(each),
            _figure(each["soft"]),
            _figure(each["hard"]),
            _figure(each["weight"]),
            _lengths(each["min_words"], each["max_words"]),
        )
        for each in profile["limits"]
    ]
    head = facts(
        [
            ("Profile", profile["key"]),
            ("For", profile["description"]),
            ("Language", profile["language"]),
            ("Review below", _figure(profile["review_below"])),
        ]
    )
    return Group(head, table(("Reason", "Signal", "Side", ">Soft", ">Hard", ">Weight", "Words"), rows))


def drawn_changes(result: Mapping[str, Any]) -> "RenderableType":
    """Limits as they were and as they are now."""
    if not result["changes"]:
        return text("quality.unchanged", profile=result["from"])
    rows = [
        (each["reason"], each["signal"], *(_figure(value) for side in ("soft", "hard") for value in each[side]))
        for each in result["changes"]
    ]
    return table(("Reason", "Signal", ">Soft", ">now", ">Hard", ">now"), rows)


def drawn_learnt(result: Mapping[str, Any]) -> "RenderableType":
    """Limits that were learnt from the accepted sections."""
    rows = [(each["signal"], _side(each), _figure(each["soft"]), _figure(each["hard"])) for each in result["limits"]]
    return table(("Signal", "Side", ">Soft", ">Hard"), rows)


def drawn_sections(result: Mapping[str, Any]) -> "RenderableType":
    """A row for every section of a document."""
    rows = [
        (
            each["section_id"],
            each["number"],
            formats.one_line(each["heading"], 50),
            formats.number(each["words"]),
            formats.number(each["score"]),
            _decided(each),
            ", ".join(each["reasons"]),
        )
        for each in result["sections"]
    ]
    columns = ("Id", "Number", "Heading", ">Words", ">Score", "Decision", "Reasons")
    return Group(_document(result), table(columns, rows))


def drawn_limits(result: Mapping[str, Any]) -> "RenderableType":
    """Every limit that spoke of the sections, with what it cost."""
    parts = [_document(result)]
    for each in result["sections"]:
        rows = [
            (
                limit["signal"],
                _figure(limit["value"]),
                limit["side"].replace("_", " "),
                _figure(limit["soft"]),
                _figure(limit["hard"]),
                _figure(limit["penalty"]) if limit["penalty"] else "",
                limit["reason"] if limit["rejects"] else "",
            )
            for limit in each["limits"]
        ]
        head = facts(
            [
                ("Section", each["section_id"]),
                ("", " ".join(part for part in (each["number"], each["heading"]) if part)),
                ("Score", formats.number(each["score"])),
                ("Decision", _decided(each)),
                ("Reasons", ", ".join(each["reasons"])),
            ]
        )
        parts += [head, table(("Signal", ">Value", "Side", ">Soft", ">Hard", ">Penalty", "Rejects for"), rows)]
    return Group(*parts)


def _document(result: Mapping[str, Any]) -> "RenderableType":
    document = result["document"]
    return facts([("Document", f"{document['title']} ({document['document_id']})"), ("Profile", result["profile"])])


def _decided(section: Mapping[str, Any]) -> str:
    """The decision; with what the profile said where a person said something else."""
    if section["decision"] == section["profile_decision"]:
        return str(section["decision"])
    return text("quality.overruled", decision=section["decision"], profile=section["profile_decision"])


def _side(limit: Mapping[str, Any]) -> str:
    return "at least" if limit["is_minimum"] else "at most"


def _lengths(least: int, most: int | None) -> str:
    if most is None:
        return f"≥ {formats.number(least)}" if least else ""
    return f"{formats.number(least)} – {formats.number(most)}"


def _figure(value: float) -> str:
    """Whole numbers without a decimal point, others with four digits that count."""
    if float(value).is_integer():
        return formats.number(int(value))
    return f"{value:.4g}" if abs(value) < 1000 else formats.number(value)
