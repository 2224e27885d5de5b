"""What a profile does to all registered sections, as tables."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group

from frontend.cli import formats
from frontend.cli.session import facts, table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType

_BAR = 40
_EIGHTHS = " ▏▎▍▌▋▊▉"
_SHOWN_EXAMPLE = 160


def drawn_tally(tally: Mapping[str, Any]) -> "RenderableType":
    """Decisions, scores, rules and examples."""
    parts = [facts(_summary(tally)), _decisions(tally), _scores(tally["scores"])]
    if tally["rules"]:
        parts.append(_rules(tally))
    if tally["doubted"]:
        parts.append(_doubted(tally))
    if rows := list(_examples(tally)):
        parts.append(table(("Example of", "Id", "Place", "Text"), rows))
    return Group(*parts)


def _summary(tally: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = [
        ("Profile", str(tally["profile"])),
        ("Sections", formats.number(tally["sections"])),
        ("Words", formats.number(tally["words"])),
    ]
    rulings = tally["rulings"]
    if any(rulings.values()):
        pairs.append(("Rulings", text("quality.rulings", **rulings)))
    if "duplicates" in tally:
        counts = {kind: formats.number(tally["duplicates"][kind]) for kind in ("exact", "near")}
        pairs.append(("Duplicates", text("quality.duplicates", **counts)))
    if found := tally.get("personal_data", {}).get("kinds"):
        kinds = ", ".join(f"{kind} {formats.number(count)}" for kind, count in found.items())
        pairs.append(("Personal data", kinds))
    return pairs


def _decisions(tally: Mapping[str, Any]) -> "RenderableType":
    rows = [
        (decision, formats.number(count), _share(count, tally["sections"]))
        for decision, count in tally["decisions"].items()
    ]
    return table(("Decision", ">Sections", ">Share"), rows)


def _scores(scores: "list[int]") -> "RenderableType":
    """Sections by score, the best first; two of the steps make a bar."""
    bars = [sum(scores[first : first + 2]) for first in range(0, len(scores), 2)]
    rows = [
        (f"{place / len(bars):.1f} – {(place + 1) / len(bars):.1f}", formats.number(count), _bar(count, max(bars)))
        for place, count in reversed(list(enumerate(bars)))
    ]
    return table(("Score", ">Sections", ""), rows)


def _rules(tally: Mapping[str, Any]) -> "RenderableType":
    rows = [
        (
            reason,
            formats.number(rule["rejected"]),
            _share(rule["rejected"], tally["sections"]),
            formats.number(rule["alone"]),
            formats.number(rule["overruled"]),
        )
        for reason, rule in tally["rules"].items()
    ]
    return table(("Rejected for", ">Sections", ">Share", ">Alone", ">Overruled"), rows)


def _doubted(tally: Mapping[str, Any]) -> "RenderableType":
    rows = [
        (signal, formats.number(each["sections"]), _share(each["sections"], tally["sections"]))
        for signal, each in tally["doubted"].items()
    ]
    return table(("Doubted for", ">Sections", ">Share"), rows)


def _examples(tally: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, group in {**tally["rules"], **tally["doubted"]}.items():
        for section_id in group["examples"]:
            if shown := tally["examples"].get(section_id):
                place = " ".join(part for part in (shown["document"], shown["number"]) if part)
                yield name, section_id, place, formats.one_line(shown["text"], _SHOWN_EXAMPLE)


def _bar(count: int, most: int) -> str:
    """A bar in eighths of a character; whatever is there is seen."""
    eighths = max(round(8 * _BAR * count / most), 1) if count else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.2f} %" if total else ""
