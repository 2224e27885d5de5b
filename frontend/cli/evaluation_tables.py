"""Figures of an evaluation as tables."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from frontend.cli import formats
from frontend.cli.session import table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType

_MEASURES = {
    "ndcg_at_10": ">nDCG@10",
    "recall_at_10": ">R@10",
    "recall_at_100": ">R@100",
    "mrr_at_10": ">MRR@10",
    "hit_at_1": ">first",
    "right_first": ">right first",
    "empty_rate": ">empty",
}
_SURE = 0.05


def drawn_figures(figures: Mapping[str, Any]) -> "RenderableType":
    """A table per set, one per set with kinds of queries, and the comparison with another run."""
    parts: list[RenderableType] = []
    for name, each in figures["sets"].items():
        parts += [_title(name, each), _ablations(each["ablations"])]
        if each["kinds"]:
            parts.append(_kinds(each["kinds"]))
    for name, ablations in figures.get("compared", {}).get("sets", {}).items():
        parts += [Text(text("evaluation.compared", name=name, other=figures["compared"]["with"]), style="bold")]
        parts.append(_comparison(ablations))
    return Group(*parts)


def _title(name: str, each: Mapping[str, Any]) -> Text:
    counts = {"queries": formats.number(each["queries"]), "sections": formats.number(each["sections"])}
    return Text(text("evaluation.set", name=name, time=formats.duration(each["index_s"]), **counts), style="bold")


def _ablations(ablations: Mapping[str, Any]) -> "RenderableType":
    measures = _present(next(iter(ablations.values())))
    rows = [
        (
            name,
            *(formats.number(each[measure]) for measure in measures),
            _difference(each["against_all"].get("ndcg_at_10")),
            *(formats.number(each["latency_ms"][share], 1) for share in ("p50", "p95")),
        )
        for name, each in ablations.items()
    ]
    columns = ("Lists", *(_MEASURES[each] for each in measures), ">nDCG@10 to all", ">p50 ms", ">p95 ms")
    return table(columns, rows)


def _kinds(kinds: Mapping[str, Any]) -> "RenderableType":
    measures = _present(next(iter(kinds.values())))
    rows = [
        (name, formats.number(each["queries"]), *(formats.number(each[measure]) for measure in measures))
        for name, each in kinds.items()
    ]
    return table(("Kind of query", ">Queries", *(_MEASURES[each] for each in measures)), rows)


def _comparison(ablations: Mapping[str, Any]) -> "RenderableType":
    return table(
        ("Lists", ">Queries", "Figure", ">This run", ">Other run", ">Difference"),
        [row for name, each in ablations.items() for row in _compared_rows(name, each)],
    )


def _compared_rows(name: str, each: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for measure, difference in each["against_other"].items():
        values = (formats.number(each[run][measure]) for run in ("this", "other"))
        label = _MEASURES[measure].removeprefix(">")
        yield name, formats.number(each["queries"]), label, *values, _difference(difference)


def _difference(judged: Mapping[str, float] | None) -> str:
    """Difference and 95 % interval; a star where chance would hardly do it."""
    if judged is None:
        return ""
    star = " *" if judged["p_value"] < _SURE else ""
    return f"{judged['difference']:+.3f} [{judged['low']:+.3f} {judged['high']:+.3f}]{star}"


def _present(each: Mapping[str, Any]) -> list[str]:
    return [measure for measure in _MEASURES if measure in each]
