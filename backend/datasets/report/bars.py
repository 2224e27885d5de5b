"""The pictures of a report as numbers: bars with their names, for the page and for PNG files alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.datasets.report.wording import Wording

_MOST_BARS = 16
_MOST_YEARS = 40


@dataclass(frozen=True, slots=True)
class BarChart:
    """A chart of one series.

    Args:
        name: Of its file and in the page, such as `lengths`.
        title: Headline.
        unit: What is counted.
        bars: Label and value, in the order in which they are drawn.
        is_upright: Bars stand side by side, for what has an order; else they lie one below the other.
    """

    name: str
    title: str
    unit: str
    bars: Sequence[tuple[str, int]]
    is_upright: bool = False


def charts_of(statistics: Mapping[str, Any], say: Wording) -> dict[str, BarChart]:
    """Every picture for which there are figures, by name."""
    return {chart.name: chart for chart in _charts(statistics, say) if any(value for _, value in chart.bars)}


def _charts(statistics: Mapping[str, Any], say: Wording) -> Iterator[BarChart]:
    dropped = statistics["sections"]["dropped"]
    personal = {kind: sum(deeds.values()) for kind, deeds in statistics["personal_data"]["kinds"].items()}
    sizes = {int(size): count for size, count in statistics["duplicates"]["sizes"].items()}
    yield BarChart("sources", say("sources"), say("unit_records"), _largest(statistics["sources"], say, say))
    yield BarChart("types", say("types"), say("unit_records"), _largest(statistics["types"], say, say))
    yield BarChart("years", say("years"), say("unit_documents"), _years(statistics["years"], say), is_upright=True)
    yield BarChart("dropped", say("dropped"), say("unit_sections"), _largest(dropped, say.reason, say))
    yield _spread("lengths", say("lengths"), say("unit_characters"), statistics["characters"], say)
    yield _spread("tokens", say("token_counts"), say("unit_tokens"), statistics["tokens"]["per_record"], say)
    yield _spread("quality", say("qualities"), say("unit_scores"), statistics["quality"], say)
    yield BarChart("languages", say("languages"), say("unit_sections"), _largest(statistics["languages"], say, say))
    yield BarChart("duplicates", say("cluster_sizes"), say("unit_clusters"), _sizes(sizes), is_upright=True)
    yield BarChart("personal_data", say("personal_kinds"), say("unit_findings"), _largest(personal, say.reason, say))
    yield BarChart("templates", say("templates"), say("unit_records"), _largest(statistics["templates"], say, say))


def _largest(counts: Mapping[str, int], named: Callable[[str], str], say: Wording) -> list[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    shown = [(named(name), count) for name, count in ordered[:_MOST_BARS]]
    rest = sum(count for _, count in ordered[_MOST_BARS:])
    return [*shown, (say("others"), rest)] if rest else shown


def _years(counts: Mapping[str, int], say: Wording) -> list[tuple[str, int]]:
    """Every year between the first and the last one; by decades where there are many."""
    known = {int(year): count for year, count in counts.items() if year.isdigit()}
    if not known:
        return []
    step = 1 if max(known) - min(known) < _MOST_YEARS else 10
    first, last = min(known) // step * step, max(known) // step * step
    return [
        (f"{year}" if step == 1 else say("decade", year=year), sum(known.get(year + place, 0) for place in range(step)))
        for year in range(first, last + 1, step)
    ]


def _sizes(counts: Mapping[int, int]) -> list[tuple[str, int]]:
    exact = [(str(size), counts.get(size, 0)) for size in range(2, 8)]
    return [*exact, ("8+", sum(count for size, count in counts.items() if size >= 8))]


def _spread(name: str, title: str, unit: str, told: Mapping[str, Any], say: Wording) -> BarChart:
    """Bins, named by their lower edges; empty ones at the upper end are left out."""
    labels = [f"≥{say.number(edge)}" for edge in told["edges"]]
    last = max((place for place, count in enumerate(told["counts"]) if count), default=-1)
    return BarChart(name, title, unit, list(zip(labels, told["counts"], strict=True))[: last + 1], is_upright=True)
